"""The record of accuracy, speed and size by what is quantized: ``export/results/quantization.json``.

``python -m bench quantization`` measures it; the order of choices in ``onnx_quantized`` follows from it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from digit_infer.benchmark.record import rebuilt
from export.stored import measured_later, store_models, stored_document

SCHEMA = 1
RECORD = Path(__file__).parents[1] / "results" / "quantization.json"


@dataclass(frozen=True)
class Quantized:
    """A network of the zoo as an int8 ONNX file with one choice of what is quantized.

    ``changed_calibration`` and ``changed_training`` are the shares of answers on training images that differ from
    float32's: on those that gave the ranges and decide on the choice, and on others. ``correct`` and ``flips`` are on
    the 10,000 test images, which do not influence the choice. Times are of single images on one thread, in µs; ``ratio``
    is the median over pairs of the time over float32's, with its 95 % bootstrap interval.
    """

    model: str
    choice: str
    chosen: bool
    products: tuple[str, ...]
    bytes: int
    changed_calibration: float
    changed_training: float
    correct: int
    flips: int
    float32_bytes: int
    float32_correct: int
    pairs: int
    float32_us: float
    us: float
    ratio: float
    ratio_low: float
    ratio_high: float


def write_record(measured: Sequence[Quantized], only: Collection[str] = (), path: Path = RECORD) -> None:
    """Write the record, with the machine that it is from; with ``only``, of these models, among those of the others."""
    entries = [asdict(entry) for entry in measured]
    store_models(path, SCHEMA, "results", entries, lambda entry: entry["model"], only, "python -m bench quantization")


def other_runs(path: Path = RECORD) -> str:
    """Say which networks of the record were measured in another run than the first, and where.

    Raises:
        ExportError: there is no record, or it is damaged.
    """
    with stored_document(path, SCHEMA, "python -m bench quantization") as document:
        return measured_later(document)


def read_record(path: Path = RECORD) -> tuple[Quantized, ...]:
    """Read the record of the last measurement.

    Raises:
        ExportError: there is none, or it is damaged.
    """
    with stored_document(path, SCHEMA, "python -m bench quantization") as document:
        return tuple(rebuilt(Quantized, entry) for entry in document["results"])
