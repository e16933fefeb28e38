"""Pairs the subjects of two runs, judges them, and lists other differences; as JSON, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from digit_infer.benchmark.comparison.judgement import Finding, Limits, Verdict, judge, percent
from digit_infer.benchmark.comparison.runs import JUDGED, METRICS, Metric, Run
from digit_infer.errors import RecordError

COMPARISON_SCHEMA = 1

HEADINGS = ("what", "metric", "first", "second", "slower by (95 %)", "allowed", "verdict", "why")

_UNITS: dict[Metric, str] = {"p50": "p50, µs", "p90": "p90, µs", "throughput": "images/s"}


@dataclass(frozen=True)
class Comparison:
    """All findings. ``differences`` are other differences between the runs, in words.

    ``only_in_first`` and ``only_in_second`` are subjects and metrics of one run only.
    """

    first: str
    second: str
    limits: Limits
    findings: tuple[Finding, ...]
    differences: tuple[str, ...]
    only_in_first: tuple[str, ...]
    only_in_second: tuple[str, ...]

    @property
    def verdict(self) -> Verdict:
        """Return FAIL where anything failed, else INCONCLUSIVE where anything is, else PASS."""
        found = {finding.verdict for finding in self.findings}
        return "FAIL" if "FAIL" in found else "INCONCLUSIVE" if "INCONCLUSIVE" in found else "PASS"


def compare(
    first: Run, second: Run, limits: Limits, metrics: Sequence[Metric] = JUDGED, *, across_machines: bool = False
) -> Comparison:
    """Judge the second run against the first.

    Raises:
        RecordError: the runs come from different machines, differ in their settings, or have nothing in common.
    """
    if first.writer != second.writer:
        raise RecordError(
            f"{first.name} is from {first.writer}, {second.name} from {second.writer}", "compare two files of one kind"
        )
    if differing := _differing(first.settings, second.settings):
        raise RecordError(
            f"{first.name} and {second.name} were not measured in the same way ({'; '.join(differing)})",
            "measure one of them again with the settings of the other",
        )
    machines = _differing(first.machine, second.machine)
    if machines and not across_machines:
        raise RecordError(
            f"{first.name} and {second.name} are from different machines ({'; '.join(machines)})",
            "measure both on one machine, or pass --across-machines to compare all the same",
        )
    try:
        findings = tuple(_findings(first, second, limits, metrics))
    except (ArithmeticError, ValueError) as error:  # numbers that no clock returns
        raise RecordError(
            f"{first.name} and {second.name} hold numbers that cannot be compared ({error})", "measure again"
        ) from error
    if not findings:
        raise RecordError(
            f"{first.name} and {second.name} have no configuration and metric in common", "measure the same in both"
        )
    return Comparison(
        first=first.name,
        second=second.name,
        limits=limits,
        findings=findings,
        differences=(*machines, *_differing(first.facts, second.facts), *_differing_subjects(first, second)),
        only_in_first=_alone(first, second, metrics),
        only_in_second=_alone(second, first, metrics),
    )


def _findings(first: Run, second: Run, limits: Limits, metrics: Sequence[Metric]) -> Iterator[Finding]:
    for name, subject in first.subjects.items():
        partner = second.subjects.get(name)
        for metric in METRICS:
            if partner and metric in metrics and metric in subject.samples and metric in partner.samples:
                yield judge(name, metric, subject.samples[metric], partner.samples[metric], limits)


def _alone(run: Run, other: Run, metrics: Sequence[Metric]) -> tuple[str, ...]:
    """Return the subjects that the other run lacks, and the metrics that its subjects lack."""
    found = []
    for name, subject in run.subjects.items():
        if name not in other.subjects:
            found.append(name)
        else:
            lacking = [metric for metric in subject.samples if metric not in other.subjects[name].samples]
            found += [f"{name}, {metric}" for metric in lacking if metric in metrics]
    return tuple(found)


def _differing(first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    names = dict.fromkeys((*first, *second))
    return [
        f"{name}: {first.get(name) or 'nothing'} and {second.get(name) or 'nothing'}"
        for name in names
        if (first.get(name) or "") != (second.get(name) or "")
    ]


def _differing_subjects(first: Run, second: Run) -> list[str]:
    """Return the facts of subjects that differ, one line per fact with its subjects."""
    places: dict[str, list[str]] = {}
    for name, subject in first.subjects.items():
        if partner := second.subjects.get(name):
            for line in _differing(subject.facts, partner.facts):
                places.setdefault(line, []).append(name)
    return [f"{line} ({'; '.join(names)})" for line, names in places.items()]


def as_document(comparison: Comparison) -> dict[str, Any]:
    """Return the JSON object of a comparison."""
    return {"schema": COMPARISON_SCHEMA, "verdict": comparison.verdict, **asdict(comparison)}


def cells(finding: Finding) -> tuple[str, ...]:
    """Return the cells of a finding, one for each of ``HEADINGS``."""
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
    """Return a number with four significant digits, which show a change of a tenth of a percent."""
    rounded = float(f"{value:.4g}")
    return f"{rounded:,.0f}" if rounded >= 1000 else f"{rounded:.4g}"


def _signed(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.1f} %"


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(word.replace('|', chr(92) + '|') for word in words)} |"
