"""Exports the files of one source one after another; files that are up to date can be kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.files import write_text
from digit_infer.runtimes.model_file import sha256_of
from export.errors import ExportError
from export.inputs import fingerprint
from export.metadata import Origin, metadata
from export.report import Refusal, Report, file_name, path_of, read_report, text_of

if TYPE_CHECKING:
    from digit_infer.contract import Format, Precision
    from export.calibration import Calibration
    from export.pairs import Pair
    from export.pipeline import Exporter


def make(
    origin: Origin,
    calibration: Calibration,
    load: Callable[[], Exporter],
    pairs: Sequence[Pair],
    folder: Path,
    *,
    resume: bool,
) -> Iterator[Report | Refusal]:
    """Write each file and its report into ``folder``; if one is refused, the others are still written.

    With ``resume``, complete files that were made from the same inputs by the same code are kept. ``load`` is called when
    the first file has to be made.

    Raises:
        DigitInferError: the source cannot be loaded.
    """
    exporter: Exporter | None = None
    for model_format, precision in pairs:
        about = metadata(origin, model_format, precision, calibration)
        inputs = fingerprint(about)
        found = stored(origin.name, model_format, precision, folder, inputs) if resume else None
        if found is None:
            exporter = exporter or load()
            found = _made(exporter, model_format, precision, folder, inputs)
            write_text(path_of(folder, file_name(origin.name, model_format, precision)), text_of(found))
        yield found


def stored(name: str, model_format: Format, precision: Precision, folder: Path, inputs: str) -> Report | Refusal | None:
    """Return the report on a file in ``folder``, if it is of these inputs and the file has its sha256."""
    file = file_name(name, model_format, precision)
    try:
        report = read_report(path_of(folder, file))
    except ExportError:  # none, or half of one: it is made again
        return None
    if report.inputs != inputs:
        return None
    path = folder / file
    if isinstance(report, Report) and not (path.exists() and sha256_of(path) == report.file.sha256):
        return None
    return report


def _made(exporter: Exporter, model_format: Format, precision: Precision, folder: Path, inputs: str) -> Report | Refusal:
    try:
        proven = exporter.proven(model_format, precision, folder)
    except ExportError as error:
        path = folder / file_name(exporter.source.name, model_format, precision)
        path.unlink(missing_ok=True)  # what an earlier export left is not what is asked for now
        return Refusal(exporter.source.name, model_format, precision, str(error), inputs)
    return exporter.report(proven, folder, inputs)
