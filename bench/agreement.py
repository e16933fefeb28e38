"""Compares a file's answers in a browser or on ARM with those of its runtime on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.robustness.drawn_pictures import KINDS
from digit_infer.cli.output import Column, print_table
from digit_infer.contract import DIGITS
from digit_infer.dataset import load
from digit_infer.image.network_look import View
from digit_infer.image.one_digit import INKED
from export.errors import ParityError
from export.parity import INK_BOUNDS, compare, prove

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.runtimes.model_file import ModelFile
    from digit_infer.runtimes.protocol import Answers

    Pictures = NDArray[np.uint8]

_INK_PICTURES = 1_000
_SEED = 20_261_129


@dataclass(frozen=True)
class Agreement:
    """One file on ``runtime``, compared with the runtime of its format on this machine.

    ``flips``: pictures whose digit differs; of the ink network, pixels that are ink for one of the two only.
    ``largest_difference`` is of probabilities, or of ink, 0 to 255. ``correct`` counts the right digits on ``runtime``.
    ``outside`` is the reason if the answers exceed the bounds of the file's precision, and None otherwise.
    """

    file: str
    sha256: str
    runtime: str
    pictures: int
    flips: int
    largest_difference: float
    correct: int | None
    outside: str | None


def pictures_of(file: ModelFile) -> Pictures:
    """Return the input for a file: the 10,000 test images, or 1,000 drawn pictures for the ink network."""
    images = load("test").images
    if file.contract == DIGITS:
        return images
    draw, kinds = np.random.default_rng(_SEED), list(KINDS.values())
    drawn = (kinds[number % len(kinds)](images[number], draw) for number in range(_INK_PICTURES))
    return np.stack([View.of(np.asarray(picture.convert("L"))).grey for picture in drawn])


def agreement(file: ModelFile, runtime: str, here: Answers, there: Answers) -> Agreement:
    """Compare a file's answers to the same pictures on two runtimes."""
    assert file.precision is not None
    correct = None
    if file.contract == DIGITS:
        parity = compare(here, there, labels := load("test").labels, runtime)
        flips, largest, correct = len(parity.flips), parity.largest_difference, parity.accuracy.correct
        try:
            outside = None
            prove(file.path.name, file.precision, here, there, labels, runtime)
        except ParityError as error:
            outside = error.problem.partition(" is not written: ")[2]
    else:
        changed = (here >= INKED) != (there >= INKED)
        flips, largest = int(changed.sum()), float(np.abs(here.astype(np.int16) - there).max())
        bound = INK_BOUNDS[file.precision]
        outside = None if changed.mean() <= bound else f"{changed.mean():.2%} of all pixels differ, not {bound:.2%} at most"
    return Agreement(file.path.name, str(file.sha256), runtime, len(here), flips, largest, correct, outside)


def print_agreements(found: Sequence[Agreement]) -> None:
    """Print a row for each file."""
    columns = [
        Column("file"),
        Column("runtime", may_wrap=True),
        *(Column(name, number=True) for name in ("pictures", "flips", "largest difference", "correct")),
        Column("outside its bound", may_wrap=True),
    ]
    rows = [
        (
            entry.file,
            entry.runtime,
            f"{entry.pictures:,}",
            f"{entry.flips:,}",
            f"{entry.largest_difference:.2g}",
            "" if entry.correct is None else f"{entry.correct:,}",
            entry.outside or "",
        )
        for entry in found
    ]
    print_table(columns, rows)
