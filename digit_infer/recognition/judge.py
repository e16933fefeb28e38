"""Which look at a picture is believed: the plain one, or that of the ink network. It is decided here alone.

The plain look comes first, and is believed where the picture is clean and the classifier is sure. Elsewhere the ink network
looks as well: it is believed where it is sure, and else both looks count alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.network_look import network_looks

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.decode import Grey
    from digit_infer.image.look import Look, Part
    from digit_infer.image.network_look import Mark

    Classify = Callable[[Images], Probabilities]

SURE = 0.65
"""The plain look at a clean picture is believed from this confidence on; below it, the network looks as well."""

NETWORK_FIRST = 0.95
"""From this confidence on the network is believed."""

SURER = 0.1
"""A piece, or all ink, is believed in place of the whole if surer by so much; several pieces are several digits by the same
measure."""

BRACKET = 1.13
"""What looks like a 1 and is so many times as high as the digit beside it is a bracket, a slash or a line."""

SURE_OF_PART = 0.9
"""The confidence from which a piece is a digit of its own."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What a picture was judged to show: probabilities float32 [10] of ``part``, as one look saw it.

    ``several`` tells that it is one of several digits.
    """

    look: Look
    part: Part
    probabilities: Probabilities
    several: bool = False

    @property
    def confidence(self) -> float:
        """The confidence that the picture shows this digit."""
        return float(self.probabilities.max())


def judged(
    greys: Sequence[Grey], plain: Sequence[Look | None], classify: Classify, mark: Mark | None
) -> list[Judged | None]:
    """Judge pictures uint8 [H, W] by their plain looks, and by the ink network where those leave doubts.

    None stands for a picture on which neither sees ink. Without ``mark`` the plain look alone is asked.
    """
    asked = [look if mark is None or (look is not None and look.is_even) else None for look in plain]
    answers = _answered(asked, classify)
    doubtful = [number for number, answer in enumerate(answers) if not _believed(answer)]
    if mark is None or not doubtful:
        return answers
    looks = network_looks([greys[number] for number in doubtful], mark)
    left = [None if asked[number] else plain[number] for number in doubtful]  # asked now, in the same call
    second = _answered([*looks, *left], classify)
    for number, network, late in zip(doubtful, second[: len(looks)], second[len(looks) :], strict=True):
        answers[number] = _better(answers[number] or late, network)
    return answers


def _believed(answer: Judged | None) -> bool:
    """Tell whether no second look is needed: on an even background, of one digit alone, or of several."""
    if answer is None or not answer.look.is_even:
        return False
    return answer.look.by == "given" or answer.several or (answer.look.is_clean and answer.confidence >= SURE)


def _better(plain: Judged | None, network: Judged | None) -> Judged | None:
    """Return the network's answer where it is sure, else the average of both.

    Where the two disagree, the average is less confident; so it is for pictures of no digit. Several digits are what the
    network makes of lines that it marks in part: where the plain look is sure of one, it counts as well.
    """
    if plain is None or network is None:
        return network if plain is None else plain
    one_alone = plain.look.is_even and plain.confidence >= SURE and not plain.several
    if network.confidence >= NETWORK_FIRST and not (network.several and one_alone):
        return network
    mean = (plain.probabilities + network.probabilities) * np.float32(0.5)
    digit = int(mean.argmax())
    surer = network if network.probabilities[digit] > plain.probabilities[digit] else plain
    return replace(surer, probabilities=mean, several=plain.several and network.several)


def _answered(looks: Sequence[Look | None], classify: Classify) -> list[Judged | None]:
    """Ask the classifier about everything that the looks found, in one call."""
    images = [image for look in looks if look is not None for image in look.images]
    if not images:
        return [None] * len(looks)
    rows = iter(classify(np.stack(images)))
    return [None if look is None else _settled(look, list(islice(rows, len(look.asked)))) for look in looks]


def _settled(look: Look, rows: list[Probabilities]) -> Judged:
    """Settle whether the whole is the digit, or one of its parts, or whether there are several."""
    answers = [Judged(look, part, row) for part, row in zip(look.asked, rows, strict=True)]
    whole, parts = answers[0], answers[len(answers) - len(look.parts) :]
    if look.everything is not None and answers[1].confidence > whole.confidence + SURER:
        whole = answers[1]
    if not parts:
        return whole
    main = parts[0]
    digits = [part for part in parts if part.confidence >= SURE_OF_PART and not (part is not main and _rises(part, main))]
    if main not in digits or len(digits) < 2:
        return main if main.confidence > whole.confidence + SURER else whole
    apart = any(not look.whole.box.has_middle_of(digit.part.box) for digit in digits)
    if apart or min(main.confidence, digits[1].confidence) > whole.confidence + SURER:
        return replace(main, several=True)
    return whole


def _rises(part: Judged, main: Judged) -> bool:
    return int(part.probabilities.argmax()) == 1 and part.part.box.height >= BRACKET * main.part.box.height
