"""Markdown, from values to text: tables, pictures, and how shares and gaps are written everywhere in the report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(headings: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Return a table; a heading that ends in ``:`` stands over numbers."""
    names = [heading.removesuffix(":") for heading in headings]
    rules = ["---:" if heading.endswith(":") else "---" for heading in headings]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (names, rules, *lines))


def picture(words: str, file: str) -> str:
    """Return a picture in the folder ``reproduction`` beside the page."""
    return f"![{words}](reproduction/{file})"


def share(value: float) -> str:
    """Write an accuracy."""
    return f"{value:.4f}"


def seeds(count: int) -> str:
    """Write how many seeds there are."""
    return f"{count} seed{'' if count == 1 else 's'}"


def gap(value: float) -> str:
    """Write a difference of accuracies."""
    return f"{value:+.4f}"


def document(parts: Iterable[str]) -> str:
    """Join paragraphs, tables and pictures into a page."""
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"


def paragraph(text: str) -> str:
    """Return a text on one line, however it is laid out in the source."""
    return " ".join(text.split())
