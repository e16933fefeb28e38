"""The measuring process: opens one system and answers its parent's requests, one JSON object a line.

``python -m digit_infer.benchmark.worker`` measures a ``Predictor``; ``serve`` measures any other system with the
same code. A request's ``do`` is the name of a method of ``_Measuring``.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from digit_infer.benchmark.machine import Anchor, collector_off, peak_memory_bytes
from digit_infer.benchmark.record import Artefact
from digit_infer.benchmark.scenarios import (
    Queries,
    QueriesElsewhere,
    digits,
    highest_rate,
    offline_block,
    queries_a_block,
    serve_at,
    stream_block,
    time_stages,
    warm_up,
)
from digit_infer.dataset import load
from digit_infer.errors import DigitInferError, UsageError
from digit_infer.parallel.processes import end_with
from digit_infer.runtimes.model_file import sha256_of

if TYPE_CHECKING:
    from digit_infer.benchmark.scenarios import Answer
    from digit_infer.runtimes.protocol import TimingSession

Reply: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class System:
    """A system to measure: the function that answers, what runs, and the session that times itself where there is one."""

    answer: Answer
    artefact: Artefact
    timing: TimingSession | None = None


OpenSystem: TypeAlias = Callable[[Mapping[str, Any]], System]


class _Measuring:
    """An open system and its queries of one size."""

    def __init__(self, system: System, load_ms: float, request: Mapping[str, Any]) -> None:
        self._system = system
        self._load_ms = load_ms
        self._images = load("test").images
        self._queries = (
            Queries(system.answer, self._images, request["batch"])
            if system.timing is None
            else QueriesElsewhere(system.timing, self._images, request["batch"])
        )
        self._anchor = Anchor()
        self._began: float = request["began"]
        self._pause_s: float = request["pause_s"]
        self._count = 1

    def first(self) -> Reply:
        """Time the very first answer."""
        query = self._queries.next()
        start = perf_counter()
        self._system.answer(query)
        first_us = 1e6 * (perf_counter() - start)
        return {"artefact": asdict(self._system.artefact), "load_ms": self._load_ms, "first_us": first_us}

    def digits(self) -> Reply:
        """Return the digits of all test images."""
        found = digits(self._system.answer, self._images)
        return {"digits": base64.b64encode(found.tobytes()).decode("ascii")}

    def warm_up(self, longest_s: float) -> Reply:
        """Send queries until it is warm, and count the queries that fill a block."""
        found = warm_up(self._queries, longest_s)
        self._count = queries_a_block(self._queries)
        return asdict(found)

    def stream(self) -> Reply:
        """Measure one block, each query timed."""
        return asdict(stream_block(self._queries, self._anchor, self._began, self._pause_s))

    def offline(self) -> Reply:
        """Measure one block, timed as a whole."""
        return asdict(offline_block(self._queries, self._anchor, self._began, self._count))

    def server(self, rate: float | None, bound_us: float | None, seconds: float, seed: int) -> Reply:
        """Run the server scenario at a rate, or search for the highest rate that keeps a bound."""
        if self._system.timing is not None:
            raise UsageError("the server scenario is not measured of what runs elsewhere", "leave it out")
        if rate is not None:
            return asdict(serve_at(self._queries, rate, seconds, seed))
        assert bound_us is not None  # noqa: S101  # the command line takes one of the two
        return asdict(highest_rate(self._queries, bound_us, seconds, seed))

    def stages(self, seconds: float) -> Reply:
        """Time pictures from file to digit, unless the last stage is elsewhere."""
        here = self._system.timing is None
        return {"stages": asdict(time_stages(self._system.answer, self._images, seconds)) if here else None}

    def memory(self) -> Reply:
        """Return the peak memory of the process, if the system is in it."""
        return {"peak_memory_bytes": peak_memory_bytes() if self._system.timing is None else None}


def serve(open_system: OpenSystem) -> None:
    """Answer requests on standard input until it closes: the first opens the system, the others measure it.

    The output of libraries goes to stderr. A ``DigitInferError`` is a reply, ``{"error": {kind, problem, advice}}``.
    """
    replies = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    request = json.loads(sys.stdin.readline())
    if request.get("owner") == str(os.getppid()):  # not if a peer's launcher is the parent
        end_with(request["owner"])
    try:
        start = perf_counter()
        system = open_system(request)
        measuring = _Measuring(system, 1000 * (perf_counter() - start), request)
        _send(replies, measuring.first())
        with collector_off():
            for line in sys.stdin:
                asked = json.loads(line)
                _send(replies, getattr(measuring, asked.pop("do"))(**asked))
    except DigitInferError as error:
        _send(replies, {"error": error.told()})
    replies.flush()
    os._exit(0)  # skips the slow teardown of native libraries


def _send(replies: IO[str], reply: Reply) -> None:
    replies.write(json.dumps(reply) + "\n")
    replies.flush()


def open_predictor(request: Mapping[str, Any]) -> System:
    """Open the requested model with ``Predictor``."""
    # Other systems measured by this module must not pay for these imports.
    from digit_infer import zoo
    from digit_infer.predictor import Predictor
    from digit_infer.runtimes.adapter import adapter_of
    from digit_infer.runtimes.placement import PlacedSession
    from digit_infer.runtimes.protocol import TimingSession

    predictor = Predictor(
        request["model"],
        runtime=request["runtime"],
        precision=request["precision"],
        threads=request["threads"],
        adapter=adapter_of(request["adapter"]) if request.get("adapter") else None,
    )
    file, session = predictor.chosen.file, predictor.chosen.session
    placed = session if isinstance(session, PlacedSession) else None
    model = None if file is None or zoo.is_path(request["model"]) else zoo.model_named(file.model)
    artefact = Artefact(
        file=None if file is None else file.path.name,
        format=None if file is None else file.format,
        precision=predictor.precision,
        bytes=0 if file is None else file.bytes,
        sha256=None if file is None else sha256_of(file.path),
        parameters=None if model is None else model.parameters,
        multiply_adds=None if model is None else model.multiply_adds,
        provider=predictor.provider,
        device=None if placed is None else placed.device,
        placement=None if placed is None else placed.placement.counts(),
        threads=predictor.threads,
        note=predictor.note,
    )
    return System(predictor.predict_array, artefact, session if isinstance(session, TimingSession) else None)


if __name__ == "__main__":
    serve(open_predictor)
