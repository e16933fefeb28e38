"""Decides between the threshold's result and the ink network's; the only place that does.

The threshold comes first, and is accepted if its ink is even and the classifier confident. Otherwise the ink network
runs too: its result is accepted if confident, else both are averaged.

The commands of ``python -m bench`` that chose a number are named behind it, with the kinds of pictures that need it most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from digit_infer.image.network_look import network_looks
from digit_infer.image.plain_look import plain_look

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.image.grey import Grey
    from digit_infer.image.network_look import Mark
    from digit_infer.image.one_digit import Look, Part

    Classify = Callable[[Images], Probabilities]

SURE = 0.8
"""Least confidence to accept the threshold's result (below it the ink network runs too), the ink network's result, or a
part of the ink as a separate digit. ``read`` looks again at digits below it (real-pictures: label_and_underline,
two_digits_predict)."""

SURER = 0.1
"""A part, or all ink, replaces the whole if more confident by this; by the same margin several parts are several digits
(robustness: framed and thin, of shallow_cnn; real-pictures: with_point)."""

BRACKET = 1.13
"""A part that reads as 1 and is this many times as high as the digit beside it is a bracket, a slash or a line
(real-pictures: with_point)."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The decision for one picture: probabilities float32 [10] of ``part``; ``several`` if it is one of several digits."""

    look: Look
    part: Part
    probabilities: Probabilities
    several: bool = False

    @property
    def confidence(self) -> float:
        """The highest probability, 0 to 1."""
        return float(self.probabilities.max())


def judged(
    greys: Sequence[Grey], plain: Sequence[Look | None], classify: Classify, mark: Mark | None
) -> list[Judged | None]:
    """Decide for pictures uint8 [H, W] with their threshold results; runs the ink network for the doubtful ones.

    A threshold result may be None where the background is uneven, and is then computed only if it is needed. An answer of
    None stands for a picture without ink. If ``mark`` is None, the ink network is not used.
    """
    if mark is None:
        asked = [look or plain_look(grey) for grey, look in zip(greys, plain, strict=True)]
    else:
        asked = [look if look is not None and look.is_even else None for look in plain]
    answers = _answered(asked, classify)
    doubtful = [number for number, answer in enumerate(answers) if not _believed(answer)]
    if mark is None or not doubtful:
        return answers
    unsure = []
    looks = network_looks([greys[number] for number in doubtful], mark)
    for number, network in zip(doubtful, _answered(looks, classify), strict=True):
        if network is not None and network.confidence >= SURE:
            answers[number] = network
        else:
            unsure.append((number, network))
    late = _answered([None if asked[n] else plain[n] or plain_look(greys[n]) for n, _ in unsure], classify)
    for (number, network), answer in zip(unsure, late, strict=True):
        answers[number] = _average(answers[number] or answer, network)
    return answers


def _believed(answer: Judged | None) -> bool:
    """Return whether the threshold's result is final: even ink, and one confident digit, or several."""
    if answer is None or not answer.look.is_even:
        return False
    return answer.look.is_final or answer.several or answer.confidence >= SURE


def _average(plain: Judged | None, network: Judged | None) -> Judged | None:
    """Average two answers.

    Where both disagree, the average is less confident, as it should be for pictures of no digit. Where the network sees no
    ink, it takes all digits for alike on an uneven background: what stands out there may be grain.
    """
    if plain is None:
        return network
    if network is None:
        if plain.look.is_even:
            return plain
        unknown = np.float32(1 / len(plain.probabilities))
        return replace(plain, probabilities=(plain.probabilities + unknown) * np.float32(0.5))
    mean = (plain.probabilities + network.probabilities) * np.float32(0.5)
    digit = int(mean.argmax())
    surer = network if network.probabilities[digit] > plain.probabilities[digit] else plain
    return replace(surer, probabilities=mean, several=plain.several and network.several)


def _answered(looks: Sequence[Look | None], classify: Classify) -> list[Judged | None]:
    """Classify all candidates in one call."""
    images = [part.image for look in looks if look is not None for part in look.asked]
    if not images:
        return [None] * len(looks)
    rows = iter(classify(np.array(images)))
    return [None if look is None else _settled(look, list(islice(rows, len(look.asked)))) for look in looks]


def _settled(look: Look, rows: list[Probabilities]) -> Judged:
    """Choose the whole, everything, the slashed 0 or the main part, and detect several digits."""
    whole, *parts = [Judged(look, part, row) for part, row in zip(look.asked, rows, strict=True)]
    if look.everything is not None:
        everything = parts.pop(0)
        whole = everything if everything.confidence > whole.confidence + SURER else whole
    if look.slashed is not None:
        slashed = parts.pop(0)
        if slashed.probabilities[0] >= SURE:
            whole = slashed
            if parts:
                parts[0] = slashed  # in place of its stroke
    if not parts:
        return whole
    main = parts[0]
    digits = [part for part in parts if part.confidence >= SURE and not (part is not main and _rises(part, main))]
    if main not in digits:
        return whole
    if len(digits) < 2:
        return main if main.confidence > whole.confidence + SURER else whole
    apart = any(not look.whole.box.has_middle_of(digit.part.box) for digit in digits)
    if apart or min(main.confidence, digits[1].confidence) > whole.confidence + SURER:
        return replace(main, several=True)
    return whole


def _rises(part: Judged, main: Judged) -> bool:
    return int(part.probabilities.argmax()) == 1 and part.part.box.height >= BRACKET * main.part.box.height
