"""How much int8 files differ with their calibration: ``python -m export.records.calibration``.

The defaults were fixed before this was measured on the test set; to change them, choose on training images.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from digit_infer.benchmark.statistics import accuracy_of, flips
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.predictor import Predictor
from export.calibration import METHODS, SEED, SIZE, Method, of_training_images
from export.pairs import FORMATS
from export.stored import store_measured, stored_document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digit_infer.contract import Format, Images, Probabilities
    from export.pipeline import Exporter

NETWORK = "cnn_arch1"
"""It has convolutions, pooling, a batch norm and dense layers, is above 99 %, and quick to run."""

SIZES = (10, 100, SIZE, 2_000)
SEEDS = (SEED, 1, 2)
PATH = Path(__file__).parents[1] / "results" / "calibration.json"
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


@dataclass(frozen=True)
class Study:
    """The measurements of a network; ``correct`` are the right answers of the trained one."""

    network: str
    correct: int
    files: tuple[Calibrated, ...]


def settings() -> list[tuple[Method, int, int]]:
    """Return every method at the usual size, and the usual method at every size, with each seed."""
    by_method = [(method, SIZE, seed) for method in METHODS for seed in SEEDS]
    by_size = [(METHODS[0], size, seed) for size in SIZES for seed in SEEDS]
    return list(dict.fromkeys([*by_method, *by_size]))


def measure(exporter: Exporter, method: Method, size: int, seed: int) -> Iterator[Calibrated]:
    """Make both int8 files with a calibration and compare their answers, whether parity would pass or not."""
    exporter.calibration = of_training_images(size, seed, method)
    for model_format in FORMATS:
        answers = answers_of(exporter.converted(model_format, "int8"), model_format, exporter.test.images)
        correct = accuracy_of(answers, exporter.test.labels).correct
        difference = float(abs(answers - exporter.reference).mean())
        yield Calibrated(model_format, method, size, seed, correct, len(flips(exporter.reference, answers)), difference)


def answers_of(content: bytes, model_format: Format, images: Images) -> Probabilities:
    """Return what a file of these bytes, which need not pass any proof, answers to uint8 [N, 28, 28]: float32 [N, 10]."""
    with TemporaryDirectory() as folder:
        path = Path(folder, f"studied.{model_format}")
        path.write_bytes(content)
        with Predictor(path) as predictor:
            return predictor.predict_array(images)


def read_study() -> Study:
    """Read what was measured.

    Raises:
        ExportError: nothing was, or the record is damaged.
    """
    with stored_document(PATH, SCHEMA, "python -m export.records.calibration") as document:
        files = tuple(Calibrated(**entry) for entry in document["files"])
        return Study(document["network"], document["correct"], files)


def main() -> None:
    """Measure and store."""
    with quiet_native_log() as stderr:
        from rich.console import Console
        from rich.progress import track

        from export.pipeline import Exporter
        from export.source import load_source

        exporter = Exporter(load_source(NETWORK))
        planned = track(settings(), f"{NETWORK}, calibrations", console=Console(file=stderr))
        files = [found for setting in planned for found in measure(exporter, *setting)]
    study = Study(NETWORK, accuracy_of(exporter.reference, exporter.test.labels).correct, tuple(files))
    store_measured(PATH, SCHEMA, asdict(study))


if __name__ == "__main__":
    main()
