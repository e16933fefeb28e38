"""How figures and verdicts are written everywhere on the page."""

from __future__ import annotations

from collections.abc import Mapping

from digit_infer.benchmark.statistics import three_digits


def us(value: float | None) -> str:
    """Write a time in µs with three significant digits; an empty cell where there were too few samples."""
    return "" if value is None else three_digits(value)


def percent(value: float) -> str:
    """Write a share with its sign."""
    return f"{100 * value:+.1f} %"


def verdict(bar: str, figures: Mapping[str, float], broken: Mapping[str, str]) -> str:
    """Say whether a bar is kept: by all ``figures``, or not by those that ``broken`` names with their figures."""
    if not figures:
        return f"{bar}: nothing here to hold it against."
    if not broken:
        return f"{bar}: kept by all {len(figures)}."
    named = ", ".join(f"{name} ({figure})" for name, figure in broken.items())
    return f"{bar}: kept by {len(figures) - len(broken)} of {len(figures)}, not by {named}."
