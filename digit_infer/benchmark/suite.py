"""Runs a benchmark: every configuration in fresh processes, in a shuffled order, round after round.

The accuracy of each file is measured once, by the process that is timed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from digit_infer import zoo
from digit_infer.benchmark.configuration import LONGEST_S, Configuration
from digit_infer.benchmark.process import PREDICTOR, MeasuringProcess, Timing, measure_in_turns, shuffled_order
from digit_infer.benchmark.record import Artefact, Process, Row, Settings, Skipped
from digit_infer.benchmark.statistics import accuracy_of_digits
from digit_infer.dataset import load
from digit_infer.errors import (
    DigitInferError,
    MissingModelFileError,
    RuntimeUnavailableError,
    UnknownModelError,
    UsageError,
)
from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.runtimes.adapter import Adapter

    Digits: TypeAlias = NDArray[np.uint8]

_Asked: TypeAlias = "tuple[str, str, str | None]"

_STAGES_S = 0.3
_ASKED_TOO_MUCH = (RuntimeUnavailableError, UsageError, UnknownModelError, MissingModelFileError)
"""Errors of configurations that do not exist here; any other error is a defect."""


class Answers:
    """The digits of each file for the 10,000 test images; ``null`` has none."""

    def __init__(self, open_reference: Callable[[str], MeasuringProcess]) -> None:
        """Take the function that opens a model's float32 file on the first runtime that can."""
        self._open_reference = open_reference
        self._labels = load("test").labels
        self._digits: dict[_Asked, Digits] = {}
        self._references: dict[str, Digits | None] = {}

    def ask(self, configuration: Configuration, process: MeasuringProcess) -> None:
        """Classify the test images, unless a process with the same file has done so."""
        asked = _asked(configuration)
        if configuration.runtime != "null" and asked not in self._digits:
            self._digits[asked] = _decoded(process)

    def accuracy(self, configuration: Configuration) -> Accuracy | None:
        """Return the accuracy, or None where there are no digits."""
        found = self._digits.get(_asked(configuration))
        return None if found is None else accuracy_of_digits(found, self._labels)

    def flips(self, configuration: Configuration) -> int | None:
        """Return how many digits differ from those of the model's float32 file, or None where none runs here."""
        found, model = self._digits.get(_asked(configuration)), configuration.model
        if found is None or zoo.is_path(model):
            return None
        if model not in self._references:
            self._references[model] = self._reference(model)
        reference = self._references[model]
        return None if reference is None else int(np.sum(reference != found))

    def _reference(self, model: str) -> Digits | None:
        for asked, found in self._digits.items():
            if asked == (model, "onnx-cpu", "float32"):
                return found
        try:
            with self._open_reference(model) as process:
                return _decoded(process)
        except (RuntimeUnavailableError, UnknownModelError):
            return None  # no float32 file, or no runtime for it: the cell stays empty


def _asked(configuration: Configuration) -> _Asked:
    return configuration.model, configuration.runtime, configuration.precision


def _decoded(process: MeasuringProcess) -> Digits:
    return np.frombuffer(base64.b64decode(process.digits()), np.uint8)


CommandOf = Callable[[Configuration], Sequence[str]]


@dataclass(frozen=True)
class Step:
    """The progress of a run: ``done`` of ``total`` processes, the current configuration, and its row so far."""

    done: int
    total: int
    configuration: Configuration
    row: Row | None


@dataclass(frozen=True)
class Outcome:
    """The rows of a run, what it skipped, and whether it was interrupted."""

    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
    interrupted: bool


@dataclass
class _Entry:
    """A configuration and its results so far."""

    configuration: Configuration
    artefact: Artefact | None = None
    processes: list[Process] = field(default_factory=list)
    skipped: Skipped | None = None

    def skip(self, error: DigitInferError) -> None:
        """Skip it with an error as the reason."""
        self.skipped = Skipped(self.configuration, str(error), broken=not isinstance(error, _ASKED_TOO_MUCH))


@dataclass(frozen=True)
class _Open:
    """A configuration whose process runs since ``start_s``."""

    entry: _Entry
    process: MeasuringProcess
    start_s: float
    timing: Timing


class Suite:
    """One run over several configurations."""

    def __init__(
        self,
        planned: Sequence[Configuration],
        settings: Settings,
        command: CommandOf = lambda _: PREDICTOR,
        longest_s: float = LONGEST_S,
        adapters: Mapping[str, Adapter] | None = None,
    ) -> None:
        """Plan a run.

        ``command`` starts the process that measures a configuration, ``longest_s`` bounds each request, and ``adapters``
        has, by the path, the formats of users' own files.
        """
        self._adapters = {} if adapters is None else adapters
        self._longest_s = longest_s
        self._entries = [_Entry(configuration) for configuration in planned]
        self._settings = settings
        self._command = command
        self._answers = Answers(self._opened_reference)
        self._began = perf_counter()
        self._done = 0

    def run(self, watch: Callable[[Step], None]) -> Outcome:
        """Measure everything, and call ``watch`` before and after every process.

        A configuration that fails is skipped, with its reason. Ctrl-C ends the run and keeps its rows.
        """
        interrupted = False
        try:
            self._measure_all(watch)
        except KeyboardInterrupt:
            interrupted = True
        rows = tuple(self._row(entry) for entry in self._entries if entry.processes and not entry.skipped)
        return Outcome(rows, tuple(entry.skipped for entry in self._entries if entry.skipped), interrupted)

    def _measure_all(self, watch: Callable[[Step], None]) -> None:
        for order in shuffled_order(len(self._entries), self._settings.rounds, self._settings.seed):
            for indices in [order] if self._settings.interleaved else [[index] for index in order]:
                self._measure([self._entries[index] for index in indices if not self._entries[index].skipped], watch)

    def _measure(self, entries: Sequence[_Entry], watch: Callable[[Step], None]) -> None:
        """Measure a fresh process of each, in turns, block by block."""
        with ExitStack() as stack:
            opened = []
            for entry in entries:
                watch(self._step(entry, None))
                start_s = perf_counter() - self._began
                with _skipping(entry):
                    process = stack.enter_context(
                        MeasuringProcess(
                            self._command(entry.configuration),
                            self._request(entry.configuration),
                            longest_s=self._longest_s,
                        )
                    )
                    entry.artefact = process.artefact
                    opened.append(_Open(entry, process, start_s, Timing(process, entry.configuration, self._settings)))
            entries_of = {one.timing: one.entry for one in opened}
            measure_in_turns(
                list(entries_of), self._settings.seed + self._done, lambda timing, error: entries_of[timing].skip(error)
            )
            for one in opened:
                if one.entry.skipped:
                    continue
                with _skipping(one.entry):
                    one.entry.processes.append(self._finished(one))
                    self._done += 1
                    watch(self._step(one.entry, self._row(one.entry)))

    def _finished(self, one: _Open) -> Process:
        """Add what is measured once per process to the timings; memory comes before what would increase it."""
        settings, process, scenarios = self._settings, one.process, one.timing.scenarios
        server = None
        if "server" in scenarios:
            bound_us = None if settings.bound_ms is None else 1000 * settings.bound_ms
            server = process.server(settings.rate, bound_us, settings.seconds / settings.rounds, settings.seed)
        memory = process.peak_memory_bytes()
        stages = process.stages(min(_STAGES_S, settings.seconds)) if "single-stream" in scenarios else None
        self._answers.ask(one.entry.configuration, process)
        return Process(
            position=self._done,
            start_s=one.start_s,
            cold_ms=process.cold_ms,
            load_ms=process.load_ms,
            first_us=process.first_us,
            peak_memory_bytes=memory,
            stream=one.timing.stream(),
            offline=one.timing.offline(),
            server=server,
            stages=stages,
        )

    def _opened_reference(self, model: str) -> MeasuringProcess:
        """Open a model's float32 file on the runtime that ``auto`` chooses."""
        request = self._request(Configuration(model, "null", "float32", None, 1))
        return MeasuringProcess(PREDICTOR, request | {"runtime": "auto"}, longest_s=self._longest_s)

    def _request(self, configuration: Configuration) -> dict[str, Any]:
        return {
            "model": configuration.model or zoo.DEFAULT_MODEL,
            "runtime": configuration.runtime,
            "precision": configuration.precision,
            "threads": configuration.threads,
            "adapter": self._adapters[configuration.model].told() if configuration.model in self._adapters else None,
            "batch": configuration.batch,
            "began": self._began,
            "pause_s": self._settings.pause_ms / 1000,
        }

    def _row(self, entry: _Entry) -> Row:
        assert entry.artefact is not None  # noqa: S101  # a measured process was open
        configuration = entry.configuration
        accuracy, flips = self._answers.accuracy(configuration), self._answers.flips(configuration)
        return Row(configuration, entry.artefact, accuracy, flips, tuple(entry.processes))

    def _step(self, entry: _Entry, row: Row | None) -> Step:
        total = self._settings.rounds * sum(not other.skipped for other in self._entries)
        return Step(self._done, total, entry.configuration, row)


@contextmanager
def _skipping(entry: _Entry) -> Iterator[None]:
    """Skip a configuration with an error as the reason."""
    try:
        yield
    except DigitInferError as error:
        entry.skip(error)
