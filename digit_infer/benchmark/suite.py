"""Which configurations are measured, and the record of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from digit_infer import zoo
from digit_infer.benchmark import accuracy, timing
from digit_infer.choice import files_for
from digit_infer.contract import Precision
from digit_infer.dataset import Split
from digit_infer.errors import (
    DigitInferError,
    MissingModelFileError,
    RuntimeUnavailableError,
    UnknownModelError,
    UsageError,
)
from digit_infer.predictor import Predictor
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.placed_session import PlacedSession
from digit_infer.runtimes.protocol import RuntimeName
from digit_infer.zoo.manifest import Accuracy

if TYPE_CHECKING:
    from digit_infer.contract import Probabilities

SCHEMA = 1


@dataclass(frozen=True)
class Configuration:
    """What is measured: ``model`` is a name of the zoo or a path; ``precision`` None leaves it to the file."""

    model: str
    runtime: RuntimeName
    precision: Precision | None
    threads: int | None


@dataclass(frozen=True)
class Row:
    """What one configuration gave.

    ``device``, and ``placement`` with the number of nodes by execution provider and operator, are None where the runtime
    does not say them. ``flips`` is None where the model has no float32 file that runs here.
    """

    configuration: Configuration
    provider: str
    device: str | None
    placement: dict[str, dict[str, int]] | None
    bytes: int
    sha256: str | None
    load_ms: float
    accuracy: Accuracy | None
    flips: int | None
    latency: timing.Latency
    throughput: tuple[timing.Throughput, ...]


@dataclass(frozen=True)
class Skipped:
    """A configuration that could not be measured, and why: ``broken`` where it should have worked."""

    configuration: Configuration
    reason: str
    broken: bool


def configurations(
    models: Sequence[str], runtimes: Sequence[RuntimeName], precisions: Sequence[Precision | None], threads: int | None
) -> list[Configuration]:
    """Return every combination for which there is a file; of a runtime that reads none, one a model."""
    return [
        Configuration(model, name, precision, None if name == "null" else threads)
        for model in models
        for name in runtimes
        for precision in ([None] if name == "null" or zoo.is_path(model) else precisions)
        if _has_file(model, name, precision)
    ]


def _has_file(model: str, name: RuntimeName, precision: Precision | None) -> bool:
    model_format = RUNTIMES[name].format
    if model_format is None:
        return True
    if zoo.is_path(model):
        return zoo.format_of_own(Path(model)) == model_format
    if model_format == "keras":
        return precision in (None, "float32")
    return bool(files_for(zoo.model_named(model), RUNTIMES[name], precision))


class Reference:
    """The float32 answers of each model to the test images, made once a model, on the first runtime that can."""

    def __init__(self, test: Split) -> None:
        self._test = test
        self._answers: dict[str, Probabilities | None] = {}

    def answers(self, model: str) -> Probabilities | None:
        """Return float32 [10,000, 10], or None where no float32 file of the model runs here."""
        if model not in self._answers:
            self._answers[model] = None
            if not zoo.is_path(model):
                try:
                    with Predictor(model, precision="float32") as predictor:
                        self._answers[model] = predictor.predict_array(self._test.images)
                except (RuntimeUnavailableError, UnknownModelError):
                    return None  # no float32 file, or nothing to run it: the row says so by an empty cell
        return self._answers[model]


def measure(
    configuration: Configuration,
    test: Split,
    reference: Reference,
    batches: Sequence[int],
    seconds: float,
) -> Row | Skipped:
    """Measure one configuration; each timing takes about ``seconds``.

    What cannot be opened is answered by ``Skipped``; a failure while it runs is raised. Batches of more than 1,024 images
    go to the runtime in parts of 1,024, as ``Predictor.predict_array`` sends them.
    """
    start = perf_counter()
    try:
        predictor = Predictor(
            configuration.model,
            runtime=configuration.runtime,
            precision=configuration.precision,
            threads=configuration.threads,
        )
    except DigitInferError as error:
        asked_too_much = isinstance(error, RuntimeUnavailableError | UsageError | UnknownModelError | MissingModelFileError)
        return Skipped(configuration, str(error), broken=not asked_too_much)
    with predictor:
        file, session = predictor.chosen.file, predictor.chosen.session
        placed = session if isinstance(session, PlacedSession) else None
        load_ms = 1000 * (perf_counter() - start)
        real = configuration.runtime != "null"
        answers = predictor.predict_array(test.images) if real else None
        expected = reference.answers(configuration.model) if real else None
        return Row(
            configuration=configuration,
            provider=predictor.provider,
            device=None if placed is None else placed.device,
            placement=None if placed is None else placed.placement.counts(),
            bytes=0 if file is None else file.bytes,
            sha256=None if file is None else zoo.sha256_of(file.path),
            load_ms=load_ms,
            accuracy=None if answers is None else accuracy.accuracy_of(answers, test.labels),
            flips=None if answers is None or expected is None else len(accuracy.flips(expected, answers)),
            latency=timing.latency(predictor.predict_array, test.images[:1000], seconds),
            throughput=tuple(
                timing.throughput(predictor.predict_array, test.images[:4096], batch, seconds) for batch in batches
            ),
        )


MEASURED_BY_NAME: tuple[RuntimeName, ...] = ("tflm",)
"""What ``all`` leaves out: its portable kernels take up to two minutes for the accuracy of one model."""


def available_runtimes() -> list[RuntimeName]:
    """Return what ``--runtime all`` means: what works here and is no matter of minutes, and ``null`` for the harness."""
    return [name for name in RUNTIMES if name not in MEASURED_BY_NAME and RUNTIMES[name].availability().available]
