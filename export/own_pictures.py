"""The user's own pictures: integer files are calibrated with them, and every file is verified on them as well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.benchmark.statistics import accuracy_of
from digit_infer.cli.options import named_pictures
from digit_infer.contract import CLASSES
from digit_infer.errors import PictureError, PictureNotFoundError, UnreadablePictureError
from digit_infer.predictor import Predictor
from digit_infer.zoo.manifest import Accuracy
from export.calibration import Calibration, Method, drawn, reaching_full_ink
from export.errors import ParityError
from export.parity import compare, prove

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Precision, Probabilities

FEW = 20
"""With fewer pictures the user is warned that ranges are poor."""

_CLASSES = [str(digit) for digit in range(CLASSES)]


@dataclass(frozen=True, eq=False)
class OwnPictures:
    """The pictures of a folder: images in MNIST's form, their names, and their digits if they are in folders 0 to 9.

    ``notes`` are lines for the user, such as one for each picture that cannot be read.
    """

    folder: Path
    names: tuple[str, ...]
    images: Images
    labels: NDArray[np.uint8] | None
    notes: tuple[str, ...]

    def calibration(self, size: int, seed: int, method: Method) -> Calibration:
        """Take ranges from at most ``size`` of the pictures, the same ones for a seed."""
        used = min(size, len(self.images))
        origin = f"{used} of {len(self.images)} pictures in {self.folder}, seed {seed}"
        return Calibration(origin, lambda: reaching_full_ink(drawn(self.images, size, seed)), method)


@dataclass(frozen=True)
class OwnParity:
    """How a file's answers differ from the trained model's on the user's own pictures; ``flips`` are names in the folder.

    The accuracies, the file's and the trained model's, are None where the pictures are not sorted into folders 0 to 9.
    """

    pictures: int
    largest_difference: float
    mean_difference: float
    flips: tuple[str, ...]
    accuracy: Accuracy | None
    trained_accuracy: Accuracy | None


def read_pictures(folder: Path) -> OwnPictures:
    """Read all pictures below a folder, each normalised as in ``digit-infer predict``.

    Raises:
        PictureNotFoundError: there is no such folder, or no picture in it.
        UnreadablePictureError: none of its pictures can be read.
    """
    if not folder.is_dir():
        raise PictureNotFoundError(f"there is no folder {folder}", "name a folder of pictures with --calibrate")
    paths = [Path(picture.name) for picture in named_pictures([str(folder)])]
    read: dict[Path, NDArray[np.uint8]] = {}
    notes = []
    with Predictor() as predictor:
        for path in paths:
            try:
                seen = predictor.predict(path).image
            except PictureError as error:
                name = "" if str(path) in str(error) else f"{path}: "
                notes.append(f"skipped: {name}{error}")
                continue
            if seen.any():
                read[path.relative_to(folder)] = seen
            else:
                notes.append(f"skipped: {path}: there is no ink on the picture")
    if not read:
        raise UnreadablePictureError(
            f"no picture in {folder} can be read (the first: {notes[0].removeprefix('skipped: ')})",
            "give pictures that digit-infer predict answers",
        )
    if len(read) < FEW:
        notes.append(f"warning: {len(read)} pictures in {folder} are few: ranges for int8 taken from under {FEW} are poor")
    labels = [name.parts[0] for name in read if len(name.parts) > 1 and name.parts[0] in _CLASSES]
    if labels and len(labels) < len(read):
        outside = f"{len(read) - len(labels)} of {len(read)} pictures lie outside of {folder}/0 … 9"
        notes.append(f"note: {outside}, so none counts as labelled")
    return OwnPictures(
        folder,
        tuple(name.as_posix() for name in read),
        np.stack(list(read.values())),
        np.array(labels, np.uint8) if len(labels) == len(read) else None,
        tuple(notes),
    )


def prove_on_own(
    name: str, precision: Precision, reference: Probabilities, candidate: Probabilities, own: OwnPictures, runtime: str
) -> OwnParity:
    """Return how answers to the user's own pictures differ, if they are within the bounds of the precision.

    Without labels each changed answer counts as a wrong one, the worst case.

    Raises:
        ParityError: they are not.
    """
    labels = reference.argmax(axis=1).astype(np.uint8) if own.labels is None else own.labels
    parity = compare(reference, candidate, labels, runtime)
    flips = tuple(own.names[index] for index in parity.flips)
    try:
        prove(name, precision, reference, candidate, labels, runtime)
    except ParityError as error:
        changed = f"; changed: {', '.join(flips[:5])}{'…' if len(flips) > 5 else ''}" if flips else ""
        raise ParityError(f"{error.problem} (on the pictures of {own.folder}{changed})", error.advice) from error
    return OwnParity(
        len(own.images),
        parity.largest_difference,
        parity.mean_difference,
        flips,
        None if own.labels is None else parity.accuracy,
        None if own.labels is None else accuracy_of(reference, own.labels),
    )
