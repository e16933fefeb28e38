"""What benchmark_app's own loop costs: its code around a request that does nothing. Runs in the environment openvino.

``python -m bench.peers.benchmark_app_floor SECONDS`` prints µs a call, as JSON. It is to benchmark_app what the null system
is to LoadGen; the real request's latency, which the loop reads after every call, is read here as well.
"""

from __future__ import annotations

import json
import sys

from openvino.tools.benchmark.benchmark import Benchmark

from bench.peers.openvino_model import compiled
from bench.peers.table import PEERS, file_for


class _Nothing:
    """A request that answers at once."""

    def __init__(self, model: str) -> None:
        path = file_for(model, PEERS["openvino_request"]).path
        self._real = compiled(path, 1).create_infer_request()
        self._real.infer()

    def infer(self) -> None:
        """Do nothing."""

    @property
    def latency(self) -> float:
        """Return the latency of a real request."""
        latency: float = self._real.latency
        return latency


class _NoData:
    """What the loop asks for the size of the next batch."""

    def get_next_batch_size(self) -> int:
        """Return one."""
        return 1


def main() -> None:
    """Run its loop."""
    benchmark = Benchmark("CPU", 1, None, int(sys.argv[1]), "sync", True)
    _, seconds, calls = benchmark.sync_inference(_Nothing("softmax_regression"), _NoData())
    sys.stdout.write(json.dumps({"floor_us": 1e6 * seconds / calls}) + "\n")


if __name__ == "__main__":
    main()
