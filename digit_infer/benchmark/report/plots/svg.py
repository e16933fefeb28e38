"""SVG as text. Whatever text comes from a record passes ``html.escape`` here, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

TEXT_HEIGHT = 14.0
"""Of a line of labels, in px; the page sets them in 12 px."""
_CHARACTER_WIDTH = 6.9
"""The mean of a letter of a wide sans-serif (DejaVu Sans) at 12 px."""


def element(name: str, content: str = "", **attributes: str | float) -> str:
    """Return an element; ``content`` is SVG already. In names of attributes ``_`` stands for ``-``, and ends a keyword."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def words(x: float, y: float, text: str, **attributes: str | float) -> str:
    """Write text at a point."""
    return element("text", escape(text), x=x, y=y, **attributes)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """Draw a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, *, closed: bool = False) -> str:
    """Draw a chain of straight lines."""
    joined = "L".join(f"{_value(x)} {_value(y)}" for x, y in points)
    return element("path", d=f"M{joined}{'Z' if closed else ''}", class_=class_)


def group(parts: Iterable[str], tip: str = "", **attributes: str | float) -> str:
    """Put parts together; ``tip`` is what a pointer that rests there reads."""
    title = element("title", escape(tip)) if tip else ""
    return element("g", title + "".join(parts), **attributes)


def picture(name: str, width: float, height: float, title: str, description: str, parts: Iterable[str]) -> str:
    """Return a whole picture; ``name`` must be its own in the page, and the texts are what a screen reader says."""
    head = element("title", escape(title), id=f"{name}-title") + element("desc", escape(description), id=f"{name}-desc")
    return element(
        "svg",
        head + "\n".join(parts),
        role="img",
        viewBox=f"0 0 {_value(width)} {_value(height)}",
        width=width,
        height=height,
        aria_labelledby=f"{name}-title {name}-desc",
    )


def text_width(text: str) -> float:
    """Estimate how wide a label is, in px."""
    return _CHARACTER_WIDTH * len(text)


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".rstrip("0").rstrip(".")
