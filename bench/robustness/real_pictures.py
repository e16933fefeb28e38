"""Runs ``Predictor`` over a folder of labelled pictures from many hands; the pictures themselves stay where they are.

FOLDER/labels.csv      file, label, kind, ask, …
    label              digits, in pages with / between lines; anything else, as "none": there is no single digit to be seen
    kind               may be missing
    ask                predict or read; without it, single/… is predicted and multi/… is read
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import numpy as np

from bench.robustness.measure import confidence_of
from digit_infer.errors import PictureError, UsageError
from digit_infer.prediction import Unanswered

if TYPE_CHECKING:
    from digit_infer.prediction import Prediction
    from digit_infer.predictor import Predictor

NONE = "none"
SEVERAL = "several"
KEPT = 0.99


@dataclass(frozen=True)
class Labelled:
    """A picture, what it shows (``NONE`` if no single digit), how it was taken, and what is asked about it."""

    path: Path
    label: str
    kind: str
    ask: Literal["predict", "read"]

    @property
    def is_digit(self) -> bool:
        """Whether it is asked about and shows one digit."""
        return self.ask == "predict" and self.label != NONE


@dataclass(frozen=True)
class Kind:
    """How many pictures of a kind there are, how many are answered rightly, and how many of these as it should be.

    The last counts right digits that are called digits: ``is_digit`` is true.
    """

    pictures: int
    right: int
    right_and_kept: int

    @property
    def share(self) -> float:
        """The share of right answers."""
        return self.right / self.pictures


@dataclass(frozen=True)
class NoDigits:
    """How many pictures without a digit there are, and how many are rejected as installed.

    ``confidence`` has that of each, -1 where it was rejected without one, in rising order.
    """

    pictures: int
    rejected: int
    confidence: tuple[float, ...]

    def rejected_below(self, least: float) -> int:
        """Return how many a measure rejects."""
        return sum(value < max(least, 0) for value in self.confidence)


@dataclass(frozen=True)
class Read:
    """What was answered of a folder, by kind: to ``predict``, and to ``read``.

    ``keeps_99`` is the measure of confidence that keeps 99 % of the right digits, None where there are none. ``wrong`` has
    each picture's file, its label and the answer.
    """

    predict: dict[str, Kind]
    read: dict[str, Kind]
    no_digits: NoDigits
    keeps_99: float | None
    wrong: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class _Outcome:
    picture: Labelled
    answer: str
    is_kept: bool
    confidence: float


def labelled(folder: Path) -> list[Labelled]:
    """Read the labels of a folder.

    Raises:
        UsageError: there are none, or not as expected.
    """
    try:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            return [_labelled(folder, row) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{folder} holds no labels.csv with file and label ({error!r})", "check the folder") from error


def _labelled(folder: Path, row: Mapping[str, str]) -> Labelled:
    name, label = row["file"], row["label"]
    ask: Literal["predict", "read"] = "predict"
    if row.get("ask", "read" if name.startswith("multi/") else "predict") == "read":
        ask = "read"
    elif not (len(label) == 1 and label.isdecimal()):
        label = NONE
    confusable = {"1": "like a digit", "0": "no digit"}.get(row.get("confusable", ""), "all")
    return Labelled(folder / name, label, row.get("kind") or confusable, ask)


def read_all(predictor: Predictor, pictures: Sequence[Labelled]) -> Read:
    """Answer every picture."""
    outcomes = [_outcome(predictor, picture) for picture in pictures]
    right = [one.confidence for one in outcomes if one.picture.is_digit and one.answer == one.picture.label]
    nothing = [one for one in outcomes if one.picture.ask == "predict" and one.picture.label == NONE]
    return Read(
        _by_kind([one for one in outcomes if one.picture.ask == "predict"]),
        _by_kind([one for one in outcomes if one.picture.ask == "read"]),
        NoDigits(
            len(nothing), sum(one.answer == NONE for one in nothing), tuple(sorted(one.confidence for one in nothing))
        ),
        float(np.quantile(right, 1 - KEPT)) if right else None,
        tuple(
            (one.picture.path.name, one.picture.label, one.answer) for one in outcomes if one.answer != one.picture.label
        ),
    )


def in_all(kinds: Mapping[str, Kind]) -> Kind:
    """Return the sum over kinds."""
    return Kind(*(sum(getattr(kind, part) for kind in kinds.values()) for part in Kind.__annotations__))


def mean_share(kinds: Mapping[str, Kind]) -> float:
    """Return the mean over kinds of the share of right answers."""
    return fmean(kind.share for kind in kinds.values())


def _by_kind(outcomes: Sequence[_Outcome]) -> dict[str, Kind]:
    found = {}
    for kind in sorted({one.picture.kind for one in outcomes}):
        chosen = [one for one in outcomes if one.picture.kind == kind]
        right = [one.is_kept for one in chosen if one.answer == one.picture.label]
        found[kind] = Kind(len(chosen), len(right), sum(right))
    return found


def _outcome(predictor: Predictor, picture: Labelled) -> _Outcome:
    """Answer one picture: what was asked for, whether that is as it should be, and how sure it is of one digit."""
    try:
        if picture.ask == "read":
            return _Outcome(picture, predictor.read(picture.path).text.replace("\n", "/"), True, -1)
        answer: Prediction = predictor.predict(picture.path)
    except PictureError as error:
        return _Outcome(picture, type(error).__name__, False, confidence_of(Unanswered(error)))
    said = SEVERAL if answer.several else str(answer.digit)
    if picture.label == NONE and not answer.is_digit:
        return _Outcome(picture, NONE, True, confidence_of(answer))
    return _Outcome(picture, said, answer.is_digit and picture.is_digit, confidence_of(answer))
