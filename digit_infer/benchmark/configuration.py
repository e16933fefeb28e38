"""Configurations to measure (model, runtime, precision, threads, batch), and presets of how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from digit_infer import zoo
from digit_infer.contract import Precision
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import format_of_own
from digit_infer.runtimes.protocol import RuntimeName
from digit_infer.zoo.resolve import files_for

Scenario = Literal["single-stream", "multi-stream", "offline", "server"]
"""As in MLPerf (MLCommons inference rules, "Scenarios"): queries of one image in sequence; queries of a batch in sequence;
all images at once, in batches; and queries that arrive at random."""

SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)

MEASURED_BY_NAME: tuple[RuntimeName, ...] = ("tflm", "browser-onnx", "browser-tflite")
"""``all`` does not include these: the portable kernels of ``tflm`` take up to two minutes for the accuracy of one model,
and a browser takes seconds to start."""


@dataclass(frozen=True)
class Configuration:
    """The subject of a row: ``model`` is a name of the zoo or a path, or "" on a runtime without files.

    ``precision`` None means that of the file, ``threads`` None the runtime's own number.
    """

    model: str
    runtime: RuntimeName
    precision: Precision | None
    threads: int | None
    batch: int

    @property
    def what(self) -> str:
        """The model, the runtime and the precision, in words."""
        what = f"{self.model} on {self.runtime}" if self.model else self.runtime
        return f"{what} in {self.precision}" if self.precision else what

    def __str__(self) -> str:
        """Return the configuration in a line."""
        threads = "" if self.threads is None else f", {self.threads} thread{'s' if self.threads > 1 else ''}"
        return f"{self.what}{threads}, batch {self.batch}"


def scenarios_of(batch: int, asked: Sequence[Scenario]) -> tuple[Scenario, ...]:
    """Return the scenarios that apply to a batch: one image per query is single-stream, more are multi-stream.

    The server scenario has one image per query.
    """
    senseless = {"multi-stream"} if batch == 1 else {"single-stream", "server"}
    return tuple(scenario for scenario in SCENARIOS if scenario in asked and scenario not in senseless)


def configurations(
    models: Sequence[str],
    runtimes: Sequence[RuntimeName],
    precisions: Sequence[Precision | None],
    threads: Sequence[int | None],
    batches: Sequence[int],
) -> list[Configuration]:
    """Return every combination for which there is a file; for ``null``, which reads none, one per batch.

    ``null`` and ``keras`` choose their own threads, so they are planned once.
    """
    planned = [
        Configuration(
            "" if name == "null" else model, name, precision, None if name in ("null", "keras") else number, batch
        )
        for model in models
        for name in runtimes
        for precision in ([None] if name == "null" or zoo.is_path(model) else precisions)
        if _has_file(model, name, precision)
        for number in threads
        for batch in batches
    ]
    return list(dict.fromkeys(planned))


def available_runtimes() -> list[RuntimeName]:
    """Return the runtimes of ``--runtime all``: those that work here, without ``MEASURED_BY_NAME``."""
    return [name for name in RUNTIMES if name not in MEASURED_BY_NAME and RUNTIMES[name].availability().available]


def _has_file(model: str, name: RuntimeName, precision: Precision | None) -> bool:
    model_format = RUNTIMES[name].format
    if model_format is None:
        return True
    if zoo.is_path(model):
        return format_of_own(Path(model)) == model_format
    if model_format == "keras":
        return precision in (None, "float32")
    return bool(files_for(zoo.model_named(model), RUNTIMES[name], precision))


LONGEST_S = 600.0
"""For one answer of a measuring process: the accuracy of a model takes the kernels of ``tflm`` up to two minutes."""


@dataclass(frozen=True)
class Effort:
    """Seconds for each timing of a configuration in total, over ``rounds`` fresh processes.

    ``percentile`` is the highest that must have enough samples, which may take longer.
    """

    seconds: float
    rounds: int
    percentile: float
    batches: tuple[int, ...]
    with_keras: bool


QUICK = Effort(0.3, 1, 90, (1, 32), with_keras=False)
"""One model in under half a minute, with one process per row, so differences between processes are not seen."""

NORMAL = Effort(2.0, 10, 99, (1, 32, 256), with_keras=True)
"""``bench compare`` needs ten processes to find a slowdown of 10 %: with seven it missed one in four in small networks."""

THOROUGH = Effort(10.0, 10, 99.9, (1, 32, 256), with_keras=True)
"""For records, and for comparisons within a few per cent."""
