"""Measures ``Predictor`` on a folder of labelled pictures by many writers; the pictures are not part of the repository.

FOLDER/labels.csv      file, label, kind, ask, …
    label              digits, lines separated by /; anything else, such as "none", means no single digit
    kind               optional
    ask                predict or read; by default single/… is predicted and multi/… is read
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
    """A picture with its label (``NONE`` if no single digit), kind, and the method to call."""

    path: Path
    label: str
    kind: str
    ask: Literal["predict", "read"]

    @property
    def is_digit(self) -> bool:
        """Whether it is to be predicted and shows one digit."""
        return self.ask == "predict" and self.label != NONE


@dataclass(frozen=True)
class Kind:
    """Pictures of a kind, how many are answered right, and how many of these also have a right ``is_digit``."""

    pictures: int
    right: int
    right_and_kept: int

    @property
    def share(self) -> float:
        """Share of right answers."""
        return self.right / self.pictures


@dataclass(frozen=True)
class NoDigits:
    """Pictures without a digit, and how many are rejected by default.

    ``confidence`` is that of each in ascending order, -1 where it was rejected without one.
    """

    pictures: int
    rejected: int
    confidence: tuple[float, ...]

    def rejected_below(self, least: float) -> int:
        """Return how many a threshold rejects."""
        return sum(value < max(least, 0) for value in self.confidence)


@dataclass(frozen=True)
class Read:
    """Results of a folder by kind, for ``predict`` and ``read``.

    ``keeps_99`` is the threshold that keeps 99 % of the right digits, None without any. ``wrong`` has file, label and
    answer of each wrong one.
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
        UsageError: labels.csv is missing or malformed.
    """
    try:
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
            return [_labelled(folder, row) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{folder} holds no labels.csv with file and label ({error!r})", "check the folder") from error


def labelled_by_name(folders: Sequence[Path]) -> dict[str, list[Labelled]]:
    """Read the labels of folders, by the folder's name.

    Raises:
        UsageError: two have the same name, or labels.csv is missing or malformed in one.
    """
    by_name = {folder.resolve().name: labelled(folder) for folder in folders}
    if len(by_name) < len(folders):
        raise UsageError("two folders have the same name, and results are kept by name", "rename one, or name it once")
    return by_name


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
    """Call ``predict`` or ``read`` on one picture; return the answer, whether ``is_digit`` is right, and the confidence."""
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
