"""The options of the export, checked before anything is loaded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import UsageError
from export.pairs import ALL, FORMATS, NOT_MADE

if TYPE_CHECKING:
    from export.pairs import Pair

EVERY = "all"

_Word = TypeVar("_Word", Format, Precision)


@dataclass(frozen=True)
class Order:
    """Which files of which sources to make, and where.

    ``everything``: all networks, ``jobs`` at a time. ``zoo``: bundled files are also copied into the wheel's folder.
    ``microcontroller``: instead, the int8 file at a batch of 1 and as C++; ``browser``: instead, TFLite at a batch of 1.
    ``resume``: files in ``out`` that were made from the same inputs are kept.

    Raises:
        UsageError: the options contradict one another.
    """

    sources: tuple[str, ...]
    everything: bool
    pairs: tuple[Pair, ...]
    calibrate: Path | None
    out: Path
    zoo: bool
    resume: bool
    jobs: int
    microcontroller: bool
    browser: bool

    def __post_init__(self) -> None:
        if bool(self.sources) == self.everything:
            raise UsageError("nothing or too much to export", "name recipes or .keras files, or pass --all alone")
        stems = [Path(name).stem for name in self.sources]
        if twice := {stem for stem in stems if stems.count(stem) > 1}:
            raise UsageError(f"two sources would write the same files ({', '.join(twice)})", "export them one by one")
        if (self.zoo or self.everything) and (self.calibrate or self.pairs != ALL):
            raise UsageError("the zoo takes every form, with ranges from training images", "leave the other options out")
        if (self.zoo or self.resume) and any(Path(name).suffix for name in self.sources):
            raise UsageError("--zoo and --resume are for recipes: records say what their files came from", "leave them out")
        if self.microcontroller and (self.zoo or self.everything or self.resume or self.pairs != ALL):
            raise UsageError("--microcontroller makes files of one kind, and none for the zoo", "leave the others out")
        if self.browser and (self.zoo or self.everything or self.resume or self.microcontroller):
            raise UsageError("--browser makes files of one kind, and none for the zoo", "leave the others out")
        if self.browser and not self.tflite_pairs:
            raise UsageError("--browser makes TFLite files", "leave --format out: browsers take ONNX files as they are")
        if self.jobs > 1 and not self.everything:
            raise UsageError("--jobs goes with --all", "leave it out")

    @property
    def tflite_pairs(self) -> tuple[Pair, ...]:
        """Return the combinations that are TFLite."""
        return tuple(pair for pair in self.pairs if pair[0] == "tflite")


def pairs_of(formats: Sequence[Format | str], precisions: Sequence[Precision | str]) -> tuple[Pair, ...]:
    """Return the named combinations; for ``all``, those that exist.

    Raises:
        UsageError: nothing was named, or nothing that exists.
    """
    wanted = list(product(_meant(formats, FORMATS), _meant(precisions, PRECISIONS)))
    pairs = tuple(pair for pair in wanted if pair not in NOT_MADE)
    if not pairs:
        model_format, precision = wanted[0]
        raise UsageError(f"there is no {precision} as {model_format}: {NOT_MADE[wanted[0]]}", "choose another format")
    return pairs


def _meant(words: Sequence[_Word | str], known: tuple[_Word, ...]) -> list[_Word]:
    """Return what was named, in the order of the table.

    Raises:
        UsageError: nothing, or all and some of them besides.
    """
    if not words:
        raise UsageError("nothing to make", "name a format and a precision")
    if EVERY in words and set(words) != {EVERY}:
        raise UsageError("all of them and some of them contradict one another", "leave one out")
    return [word for word in known if word in words or EVERY in words]
