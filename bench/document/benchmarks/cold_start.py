"""A whole process of the command line, beside the imports and the session that it cannot avoid."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.document.benchmarks.pairs import read_pairs
from bench.document.benchmarks.wording import verdict
from training.report.page import paragraph, table

BAR = 1.2


def section(path: Path) -> Iterator[str]:
    """Return text and a table."""
    pairs = read_pairs(path)
    yield paragraph("""Whole processes in turns, from start to end: the command, and a program that imports the same
        libraries and opens the same session, and no more.""")
    yield table(
        ["command", "pairs:", "unavoidable, ms:", "command, ms:", "ratio in a pair:"],
        (
            [
                name,
                str(found.pairs),
                f"{found.first_us / 1000:.1f}",
                f"{found.second_us / 1000:.1f}",
                f"× {found.ratio:.3f} ({found.ratio_low:.3f} to {found.ratio_high:.3f})",
            ]
            for name, found in pairs.items()
        ),
    )
    ratios = {name: found.ratio for name, found in pairs.items()}
    slow = {name: f"× {ratio:.3f}" for name, ratio in ratios.items() if ratio > BAR}
    yield verdict(f"At most {BAR:g} times the unavoidable", ratios, slow)
