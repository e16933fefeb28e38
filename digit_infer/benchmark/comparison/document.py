"""A comparison for programs, as JSON, and for a review, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from digit_infer.benchmark.comparison.judgement import Finding, percent
from digit_infer.benchmark.comparison.pairing import Comparison
from digit_infer.benchmark.comparison.run import Metric

SCHEMA = 1

HEADINGS = ("what", "metric", "first", "second", "slower by (95 %)", "allowed", "verdict", "why")

_UNITS: dict[Metric, str] = {"p50": "p50, µs", "p90": "p90, µs", "throughput": "images/s"}


def as_document(comparison: Comparison) -> dict[str, Any]:
    """Return what goes into a JSON file."""
    return {"schema": SCHEMA, "verdict": comparison.verdict, **asdict(comparison)}


def cells(finding: Finding) -> tuple[str, ...]:
    """Return a finding in words, a cell for each of ``HEADINGS``."""
    change = finding.change
    return (
        finding.subject,
        _UNITS[finding.metric],
        figure(finding.first),
        figure(finding.second),
        "" if change is None else f"{_signed(change.ratio)} ({_signed(change.low)} to {_signed(change.high)})",
        f"+{percent(finding.allowed)}",
        finding.verdict,
        finding.reason,
    )


def as_markdown(comparison: Comparison, notes: Sequence[str]) -> str:
    """Return the verdict, a table, and notes."""
    lines = [f"**{comparison.verdict}**: {comparison.second} against {comparison.first}", ""]
    lines += [_line(HEADINGS), _line(["---", "---", "---:", "---:", "---:", "---:", "---", "---"])]
    lines += [_line(cells(finding)) for finding in comparison.findings]
    return "\n".join([*lines, *(["", *(f"- {note}" for note in notes)] if notes else [])]) + "\n"


def figure(value: float) -> str:
    """Write a figure with four significant digits, enough to see a change of a tenth of a percent."""
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:.4g}"


def _signed(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(word.replace('|', chr(92) + '|') for word in words)} |"
