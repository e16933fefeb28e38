"""Draws answers with characters: bars of probabilities, and pictures of 28 x 28 in half blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_infer.prediction import NO_DIGIT, SEVERAL, Prediction

if TYPE_CHECKING:
    from digit_infer.contract import Images

_BAR_WIDTH = 30
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_GREY_RAMP_START, _GREY_RAMP_STEPS = 232, 24
"""The 24 greys of a terminal's 256 colours."""


def answer_lines(answer: Prediction, count: int, *, picture: bool) -> list[str]:
    """Return the digit, a bar for each of the ``count`` most probable ones, and, if asked, what the network saw."""
    found = f"{answer.digit}  {percent(answer.confidence)}" if answer.is_digit else _reason(answer)
    lines = [found, ""]
    lines += [f"  {digit}  {bar(probability)}  {percent(probability)}" for digit, probability in answer.top(count)]
    if not picture:
        return lines
    drawn = half_blocks(answer.image)
    lines += [""] * (len(drawn) - len(lines))
    return [f"{left}   {right}".rstrip() for left, right in zip(drawn, lines, strict=True)]


def summary_line(name: str, answer: Prediction) -> str:
    """Return an answer in one line."""
    if not answer.is_digit:
        return f"{_reason(answer)}: {name}"
    return f"{answer.digit}  {percent(answer.confidence):>8}  {bar(answer.confidence, 10)}  {name}"


def _reason(answer: Prediction) -> str:
    """Say why a picture shows no digit, and what reads several."""
    return f"{SEVERAL}; digit-infer read reads them all" if answer.several else NO_DIGIT


def nothing_found(name: str) -> str:
    """Return a line on a picture without a digit."""
    return f"{NO_DIGIT}: {name}"


def percent(share: float) -> str:
    """Return a probability to a hundredth of a percent, never rounded up to a certainty that it is not."""
    return f"{min(share * 100, 99.99) if share < 1 else 100:.2f} %"


def bar(share: float, width: int = _BAR_WIDTH) -> str:
    """Return a bar whose full length, ``width`` characters, means 1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, part = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[part] if part else "")).ljust(width)


def half_blocks(image: Images) -> list[str]:
    """Draw uint8 [28, 28] in 14 lines of 28 characters, two pixels a character, in a terminal's 256 colours."""
    ramp = image.astype(int) * (_GREY_RAMP_STEPS - 1) // 255 + _GREY_RAMP_START
    return [
        "".join(f"\x1b[38;5;{upper};48;5;{lower}m▀" for upper, lower in zip(*ramp[row : row + 2], strict=True)) + "\x1b[0m"
        for row in range(0, len(ramp), 2)
    ]
