"""Runs ``Predictor`` over a folder of labelled pictures from many hands; the pictures themselves stay where they are.

FOLDER/labels.csv      file, label, kind, …   in ``file``: single/… shows one digit, multi/… several, with / between lines
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.errors import PictureError, UsageError
from digit_infer.prediction import Prediction

if TYPE_CHECKING:
    from digit_infer.predictor import Predictor


@dataclass(frozen=True)
class Labelled:
    """A picture, what it shows, and how it was taken."""

    path: Path
    label: str
    kind: str
    several: bool


@dataclass(frozen=True)
class Kind:
    """How many pictures of a kind there are, how many are answered rightly, and how many of these are called a digit."""

    pictures: int
    right: int
    right_and_kept: int


@dataclass(frozen=True)
class Read:
    """What was read of a folder: single digits by kind, pictures of several without error, and the wrong answers."""

    single: dict[str, Kind]
    several: Kind
    wrong: tuple[tuple[str, str, str], ...]
    """The file's name, its label and the answer"""


def labelled(folder: Path) -> list[Labelled]:
    """Read the labels of a folder.

    Raises:
        UsageError: there are none, or not as expected.
    """
    try:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            rows = [(row["file"], row["label"], row["kind"]) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(
            f"{folder} holds no labels.csv with file, label and kind ({error!r})", "check the folder"
        ) from error
    return [Labelled(folder / name, label, kind, name.startswith("multi/")) for name, label, kind in rows]


def read_all(predictor: Predictor, pictures: Sequence[Labelled]) -> Read:
    """Answer every picture."""
    outcomes = [(picture, *_answer(predictor, picture)) for picture in pictures]
    singles = sorted({picture.kind for picture in pictures if not picture.several})
    return Read(
        {kind: _kind([entry for entry in outcomes if entry[0].kind == kind and not entry[0].several]) for kind in singles},
        _kind([entry for entry in outcomes if entry[0].several]),
        tuple((picture.path.name, picture.label, answer) for picture, answer, _ in outcomes if answer != picture.label),
    )


def _kind(outcomes: Sequence[tuple[Labelled, str, bool]]) -> Kind:
    right = [kept for picture, answer, kept in outcomes if answer == picture.label]
    return Kind(len(outcomes), len(right), sum(right))


def _answer(predictor: Predictor, picture: Labelled) -> tuple[str, bool]:
    """Return what is read of a picture, and whether it is called a digit."""
    try:
        if picture.several:
            return predictor.read(picture.path).text.replace("\n", "/"), True
        answer: Prediction = predictor.predict(picture.path)
    except PictureError as error:
        return f"{type(error).__name__}", False
    return str(answer.digit), answer.is_digit
