"""What calibration and leaving layers in floats are worth: ``python -m export.study``, measured once for the document.

The test set decides nothing here: the exporter's defaults were fixed before, and whoever changes them chooses on training
images. These figures only show by how much a file would differ.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from digit_infer.benchmark.environment import environment
from digit_infer.errors import ExportError
from digit_infer.files import write_text
from export.calibration import METHODS, SEED, SIZE, Method, of_training_images
from export.pairs import FORMATS

if TYPE_CHECKING:
    from digit_infer.contract import Format
    from export.pipeline import Exporter

NETWORK = "cnn_arch1"
SIZES = (10, 100, 500, 2_000)
SEEDS = (0, 1, 2)
PATH = Path(__file__).parent / "results" / "calibration.json"
SCHEMA = 1


@dataclass(frozen=True)
class Calibrated:
    """An int8 file by its calibration, and how its answers to the 10,000 test images differ from the trained network's."""

    format: Format
    method: Method
    size: int
    seed: int
    correct: int
    flips: int
    mean_difference: float


def study(exporters: Iterator[tuple[Method, int, int, Exporter]]) -> Iterator[Calibrated]:
    """Make and measure each int8 file, whether its parity would pass or not."""
    with TemporaryDirectory() as folder:
        for method, size, seed, exporter in exporters:
            for model_format in FORMATS:
                parity = exporter.compared(model_format, "int8", Path(folder))
                yield Calibrated(
                    model_format, method, size, seed, parity.accuracy.correct, len(parity.flips), parity.mean_difference
                )


def settings() -> list[tuple[Method, int, int]]:
    """Return every method at the usual size with each seed, and the default method at each size with each seed."""
    by_method = [(method, SIZE, seed) for method in METHODS for seed in SEEDS]
    by_size = [(METHODS[0], size, seed) for size in SIZES for seed in SEEDS]
    return list(dict.fromkeys([*by_method, *by_size]))


def read_study() -> tuple[int, list[Calibrated]]:
    """Return how many answers of the trained network are right, and what was measured.

    Raises:
        ExportError: nothing was measured, or the record is damaged.
    """
    try:
        document: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']}, not {SCHEMA}")
        return document["trained_correct"], [Calibrated(**entry) for entry in document["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{PATH} holds no study ({error!r})", "python -m export.study") from error


def main() -> None:
    """Measure and store."""
    from rich.progress import track

    from digit_infer.benchmark.accuracy import accuracy_of
    from digit_infer.cli.native_log import quiet_native_log
    from export.pipeline import Exporter
    from export.source import load_source

    with quiet_native_log():
        base = Exporter(load_source(NETWORK))
        planned = track(settings(), f"{NETWORK}: calibrations")
        exporters = ((*setting, base.calibrated_by(of_training_images(setting[1], setting[2], setting[0]))) for setting in planned)
        files = list(study(exporters))
    document = {
        "schema": SCHEMA,
        "environment": environment(),
        "network": NETWORK,
        "trained_correct": accuracy_of(base.reference, base.test.labels).correct,
        "files": [asdict(file) for file in files],
    }
    write_text(PATH, json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
