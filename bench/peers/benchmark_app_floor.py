"""Overhead of benchmark_app's own loop, measured with a request that does nothing. Runs in the environment openvino.

``python -m bench.peers.benchmark_app_floor SECONDS`` prints µs per call as JSON. It includes reading the latency of a real
request after every call, as the loop does. It corresponds to LoadGen's null system.
"""

from __future__ import annotations

import json
import sys

from openvino.tools.benchmark.benchmark import Benchmark

from bench.peers.calls import compiled
from bench.peers.table import PEERS, file_for


class _Nothing:
    """A request that returns immediately."""

    def __init__(self, model: str) -> None:
        path = file_for(model, PEERS["openvino_request"]).path
        self._real = compiled(path, 1).create_infer_request()
        self._real.infer()

    def infer(self) -> None:
        """Do nothing."""

    @property
    def latency(self) -> float:
        """Return the latency of a real request, in ms."""
        latency: float = self._real.latency
        return latency


class _NoData:
    """The data queue that the loop asks for the next batch size."""

    def get_next_batch_size(self) -> int:
        """Return 1."""
        return 1


def main() -> None:
    """Run the loop."""
    benchmark = Benchmark("CPU", 1, None, int(sys.argv[1]), "sync", True)
    _, seconds, calls = benchmark.sync_inference(_Nothing("softmax_regression"), _NoData())
    sys.stdout.write(json.dumps({"floor_us": 1e6 * seconds / calls}) + "\n")


if __name__ == "__main__":
    main()
