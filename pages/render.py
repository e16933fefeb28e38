"""From a template and figures to Markdown, and how figures are written everywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from digit_infer.benchmark.statistics import three_digits

TEMPLATES = Path(__file__).parent / "templates"
_KEPT = ("|", "- ", "1. ", "```", "    ")
"""How a block starts whose lines stay as they are: tables, lists and code."""

_BLOCK = re.compile(r"^```[\s\S]*?^```$|(?:^.*\S.*\n?)+", re.M)
"""Fenced code, which may hold empty lines, or lines up to the next empty one."""


def render(template: str, **figures: object) -> str:
    """Fill ``templates/TEMPLATE.md``; a paragraph becomes one line, however it is wrapped in the template.

    Raises:
        jinja2.TemplateError: the template is wrong, or asks for a figure that is not there.
    """
    text = re.sub(r" +$", "", _environment().get_template(f"{template}.md").render(figures), flags=re.M)
    blocks = (block.strip("\n") for block in _BLOCK.findall(text))
    return "\n\n".join(block if block.startswith(_KEPT) else " ".join(block.split()) for block in blocks) + "\n"


def verdict(found: Mapping[str, Any], form: str, least: float = -math.inf, most: float = math.inf) -> str:
    """Say whether all that is ``found`` lies between two bars, or name what does not, written in a form.

    A value is a number, or a number with further ones that the form writes as well.
    """
    if not found:
        return "nothing is recorded."
    values = {name: value if isinstance(value, tuple) else (value,) for name, value in found.items()}
    broken = [f"{name} ({form.format(*value)})" for name, value in values.items() if not least <= value[0] <= most]
    if not broken:
        return f"met by all {len(found)}."
    return f"met by {len(found) - len(broken)} of {len(found)}, not by {', '.join(broken)}."


def percent(value: float) -> str:
    """Write a share with its sign."""
    return f"{100 * value:+.1f} %"


def seeds(count: int) -> str:
    """Write how many seeds there are."""
    return f"{count} seed{'' if count == 1 else 's'}"


def us(value: float | None) -> str:
    """Write a time in µs with three significant digits; an empty cell where there were too few samples."""
    return "" if value is None else three_digits(value)


def fmt(value: object, form: str) -> str:
    """Write a value in a form such as ``,.0f`` or ``{:.2f} %``; nothing for None."""
    if value is None:
        return ""
    return form.format(value) if "{" in form else format(value, form)


@cache
def _environment() -> Environment:
    """Return the templates: a line with a statement alone leaves nothing behind."""
    made = Environment(  # noqa: S701  # Markdown of our own records: nothing in it is to be escaped
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
    made.globals["verdict"] = verdict
    made.globals["head"] = made.get_template("macros.md").module.head  # type: ignore[attr-defined]  # a module's macros
    return made
