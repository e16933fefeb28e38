"""What calibration changes, shown for one network."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from statistics import mean

from export.calibration import SEED, SIZE
from export.pairs import FORMATS
from export.records.calibration import Calibrated, Study, read_study
from training.report.page import paragraph, table


def section() -> Iterator[str]:
    """Return text and table.

    Raises:
        ExportError: nothing was measured.
    """
    study = read_study()
    yield _introduction(study)
    yield table(
        [
            "method",
            "images:",
            *(f"{model_format}: change of right answers" for model_format in FORMATS),
            *(f"{model_format}: flips" for model_format in FORMATS),
            *(f"{model_format}: mean difference:" for model_format in FORMATS),
        ],
        (_line(study, method, size, list(files)) for (method, size), files in groupby(_sorted(study), _setting)),
    )


def _introduction(study: Study) -> str:
    return paragraph(f"""int8 files take the range of each activation from pictures that they are shown: here
        `{study.network}` ({study.correct:,} of 10,000 right as trained), calibrated with other methods, sizes and
        seeds; a cell has a value a seed. The default is {SIZE} training images, seed {SEED}, min-max: it was chosen
        before this was measured, and nothing was chosen by these test images. `--calibration-size`,
        `--calibration-seed` and `--calibration-method` ask for another.""")


def _sorted(study: Study) -> list[Calibrated]:
    methods = list(dict.fromkeys(file.method for file in study.files))
    return sorted(study.files, key=lambda file: (methods.index(file.method), file.size, file.seed))


def _setting(file: Calibrated) -> tuple[str, int]:
    return file.method, file.size


def _line(study: Study, method: str, size: int, files: list[Calibrated]) -> list[str]:
    by_format = [[file for file in files if file.format == model_format] for model_format in FORMATS]
    return [
        method,
        f"{size:,}",
        *(", ".join(f"{file.correct - study.correct:+d}" for file in found) for found in by_format),
        *(", ".join(str(file.flips) for file in found) for found in by_format),
        *(f"{mean(file.mean_difference for file in found):.2g}" for found in by_format),
    ]
