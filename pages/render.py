"""Renders Markdown from templates and figures; formats figures."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from statistics import fmean, median
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digit_infer.benchmark.statistics import mean_and_deviation, three_digits

TEMPLATES = Path(__file__).parent / "templates"
_KEPT = ("|", "- ", "1. ", "```", "    ")
"""Starts of blocks whose lines are kept: tables, lists and code."""

_BLOCK = re.compile(r"^```[\s\S]*?^```$|(?:^.*\S.*\n?)+", re.M)
"""A fenced code block, or lines up to the next blank one."""


def render(template: str, **figures: object) -> str:
    """Render ``templates/TEMPLATE.md``, joining each paragraph into one line.

    Raises:
        jinja2.TemplateError: the template is invalid, or a figure is missing.
    """
    text = re.sub(r" +$", "", _environment().get_template(f"{template}.md").render(figures), flags=re.M)
    blocks = (block.strip("\n") for block in _BLOCK.findall(text))
    return "\n\n".join(block if block.startswith(_KEPT) else " ".join(block.split()) for block in blocks) + "\n"


def verdict(found: Mapping[str, Any], form: str, least: float = -math.inf, most: float = math.inf) -> str:
    """Return in words whether all values ``found`` are within the bars, or which are not, formatted by ``form``.

    A value is a number, or a tuple of a number and further ones for ``form``.
    """
    if not found:
        return "nothing is recorded."
    values = {name: value if isinstance(value, tuple) else (value,) for name, value in found.items()}
    broken = [f"{name} ({form.format(*value)})" for name, value in values.items() if not least <= value[0] <= most]
    if not broken:
        return f"met by all {len(found)}."
    return f"met by {len(found) - len(broken)} of {len(found)}, not by {', '.join(broken)}."


def percent(value: float) -> str:
    """Return a share as a signed percentage."""
    return f"{100 * value:+.1f} %"


def seeds(count: int) -> str:
    """Return a number of seeds in words."""
    return f"{count} seed{'' if count == 1 else 's'}"


def us(value: float | None) -> str:
    """Return a time in µs with three significant digits, "" for None."""
    return "" if value is None else three_digits(value)


def fmt(value: object, form: str) -> str:
    """Return a value formatted by a form such as ``,.0f`` or ``{:.2f} %``, "" for None."""
    if value is None:
        return ""
    return form.format(value) if "{" in form else format(value, form)


@cache
def _environment() -> Environment:
    """Return the environment of the templates; lines with only a statement leave no blank line."""
    made = Environment(  # noqa: S701  # Markdown from our own records needs no escaping
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters |= {
        "share": "{:.4f}".format,
        "gap": "{:+.4f}".format,
        "percent": percent,
        "seeds": seeds,
        "us": us,
        "fmt": fmt,
    }
    made.globals |= {"mean": fmean, "mean_and_deviation": mean_and_deviation, "median": median, "verdict": verdict}
    made.globals["head"] = made.get_template("macros.md").module.head  # type: ignore[attr-defined]  # macros of a module
    return made
