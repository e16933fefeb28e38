"""Starts a measuring process and sends it requests."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from time import perf_counter
from types import TracebackType
from typing import Any

from digit_infer.benchmark.configuration import LONGEST_S
from digit_infer.benchmark.record import Artefact, Block, Server, Stages, WarmUp, rebuilt
from digit_infer.benchmark.scenarios import TimedBlock
from digit_infer.errors import MeasurementError, from_told
from digit_infer.parallel.children import owner

PREDICTOR: tuple[str, ...] = (sys.executable, "-m", "digit_infer.benchmark.worker")
"""The command of a process that measures a ``Predictor``."""


_TO_END_S = 5.0


class MeasuringProcess:
    """A fresh process that measures one system.

    Raises:
        DigitInferError: an error of the process, such as ``RuntimeUnavailableError``.
        MeasurementError: the process ended.
    """

    def __init__(
        self,
        command: Sequence[str],
        request: Mapping[str, Any],
        *,
        environment: Mapping[str, str] | None = None,
        longest_s: float = LONGEST_S,
    ) -> None:
        """Start a process that opens what ``request`` names; ``environment`` None means that of this process.

        A request that is not answered within ``longest_s`` ends it.
        """
        self._longest_s = longest_s
        self._name = f"{request.get('model') or 'nothing'} on {request.get('runtime', command[0])}"
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # closed by close
        start = perf_counter()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, or a peer's
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            env=None if environment is None else dict(environment),
        )
        try:
            first = self._ask({**request, "owner": owner()})
        except BaseException:
            self.close()
            raise
        self.cold_ms = 1000 * (perf_counter() - start)
        self.artefact = rebuilt(Artefact, first["artefact"])
        self.load_ms = float(first["load_ms"])
        self.first_us = float(first["first_us"])

    def digits(self) -> str:
        """Return the answers to the 10,000 test images: uint8 [10,000] in base64."""
        answered: str = self._ask({"do": "digits"})["digits"]
        return answered

    def warm_up(self, longest_s: float) -> WarmUp:
        """Warm up."""
        return rebuilt(WarmUp, self._ask({"do": "warm_up", "longest_s": longest_s}))

    def stream_block(self) -> TimedBlock:
        """Measure a block of queries, each timed."""
        return rebuilt(TimedBlock, self._ask({"do": "stream"}))

    def offline_block(self) -> Block:
        """Measure a block of queries as a whole."""
        return rebuilt(Block, self._ask({"do": "offline"}))

    def server(self, rate: float | None, bound_us: float | None, seconds: float, seed: int) -> Server:
        """Run the server scenario at ``rate`` queries per second, or find the highest rate with p99 below ``bound_us``."""
        asked = {"do": "server", "rate": rate, "bound_us": bound_us, "seconds": seconds, "seed": seed}
        return rebuilt(Server, self._ask(asked))

    def stages(self, seconds: float) -> Stages | None:
        """Time pictures from file to digit; None where inference is elsewhere, such as in a browser."""
        told = self._ask({"do": "stages", "seconds": seconds})["stages"]
        return None if told is None else rebuilt(Stages, told)

    def peak_memory_bytes(self) -> int | None:
        """Return the peak resident memory so far, or None if the system does not report it."""
        peak: int | None = self._ask({"do": "memory"})["peak_memory_bytes"]
        return peak

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None  # noqa: S101  # for mypy: both are pipes
        assert self._process.stdout is not None  # noqa: S101
        late = threading.Event()

        def end() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self._longest_s, end)
        timer.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
        if late.is_set():
            raise MeasurementError(
                f"the process that measured {self._name} did not answer within {self._longest_s:g} s", "see bench --timeout"
            )
        if not line:
            raise self._ended()
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise from_told(reply["error"])
        return reply

    def _ended(self) -> MeasurementError:
        try:
            code = self._process.wait(_TO_END_S)
        except subprocess.TimeoutExpired:  # it closed stdout but still runs
            self._process.kill()
            code = self._process.wait()
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        self._stderr.seek(0)
        said = self._stderr.read().decode(errors="replace").strip().splitlines()
        last = f" ({said[-1]})" if said else ""
        return MeasurementError(f"the process that measured {self._name} ended with {how}{last}", "measure it again")

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._stderr.close()

    def __enter__(self) -> MeasuringProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
