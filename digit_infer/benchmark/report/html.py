"""A record as one self-contained HTML page: no script, no network, light and dark, for wide and narrow screens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

from digit_infer.benchmark.record import Record
from digit_infer.benchmark.report.plots import (
    SHOWN_RIDGES,
    distributions_plot,
    pareto_plot,
    points_of,
    ridges_of,
    series_of,
    throughput_plot,
)
from digit_infer.benchmark.report.recommendation import recommendation, taken_for_one
from digit_infer.benchmark.report.svg import legend
from digit_infer.benchmark.report.tables import Column, method, shown_tables
from digit_infer.benchmark.summary import Summary, common_remarks, is_null, summaries

_STYLE = Path(__file__).with_name("page.css")
_WIDTHS = {"wide": 820.0, "narrow": 344.0}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html_text(record: Record) -> str:
    """Return the page: the recommendation, three plots, the tables, the environment and the method."""
    found = summaries(record)
    real = [summary for summary in found if not is_null(summary)]
    return "\n".join(
        [
            *_head(record),
            *_recommendation(found),
            *(_plots(real) if real else ()),
            *_tables(found),
            *_skipped(record),
            *_environment(record),
            *_section("method", "Method", _items(method(record))),
            "</main>",
            "</html>",
            "",
        ]
    )


def _head(record: Record) -> Iterator[str]:
    facts = record.environment
    machine = [
        facts.get("cpu", ""),
        f"{facts['cores_allowed']} CPUs" if "cores_allowed" in facts else "",
        f"{int(facts['memory_kb']) / 2**20:.3g} GiB of memory" if facts.get("memory_kb", "").isdecimal() else "",
        "in a virtual machine" if "virtual_machine" in facts else "",
        facts.get("gpu", ""),
        facts.get("os", ""),
    ]
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    yield f"<title>digit-infer bench: {escape(facts.get('cpu', 'a machine'))}</title>"
    yield f"<style>\n{_STYLE.read_text(encoding='utf-8')}</style>"
    yield '<main>\n<header><p class="kicker">digit-infer bench</p>'
    yield f"<h1>{escape(facts.get('cpu', 'This machine'))}</h1>"
    yield f"<p class=machine>{escape(' · '.join(filter(None, machine[1:])))}</p></header>"


def _recommendation(found: Sequence[Summary]) -> Iterator[str]:
    first, *rest = recommendation(found)
    content = [f'<p class="lead">{_prose(first)}</p>', *(_items(rest) if rest else ())]
    yield from _section("recommendation", "Recommendation", content)


def _plots(real: Sequence[Summary]) -> Iterator[str]:
    key = legend(real, shapes=True)
    points, series, ridges = points_of(real), series_of(real), ridges_of(real)
    fastest = f" These are the {SHOWN_RIDGES} fastest of {len(ridges)} rows." if len(ridges) > SHOWN_RIDGES else ""
    yield from _figure(
        "pareto",
        "Accuracy and latency",
        "One picture at a time. The line joins the rows that nothing beats in both; upright strokes are the 95 % intervals "
        "of accuracy. Hollow: a noisy machine, or a warm-up that did not settle; such rows are not on the line.",
        key,
        (lambda width: pareto_plot(points, width)) if points else None,
        "No row has both an accuracy and a latency of one picture.",
    )
    yield from _figure(
        "throughput",
        "Throughput by batch",
        "Measured images a second, medians of blocks of batches back to back.",
        key,
        (lambda width: throughput_plot(series, width)) if series else None,
        "No artefact was measured at more than one batch.",
    )
    yield from _figure(
        "distributions",
        "Distributions of latency",
        "Every sample is in its ridge, and a single one stays visible. Strokes from the foot: p50, p90, p99, where there "
        f"are samples enough to tell them.{fastest}",
        legend(real, shapes=False),
        (lambda width: distributions_plot(ridges[:SHOWN_RIDGES], width)) if ridges else None,
        "No latencies were measured.",
    )


def _figure(
    name: str, title: str, caption: str, key: str, plot: Callable[[float], str] | None, otherwise: str
) -> Iterator[str]:
    if plot is None:
        yield from _section(name, title, [f"<p>{otherwise}</p>"])
        return
    drawn = [f'<div class="{size}">{plot(width)}</div>' for size, width in _WIDTHS.items()]
    yield from _section(name, title, ["<figure>", f"<figcaption>{escape(caption)}</figcaption>", key, *drawn, "</figure>"])


def _tables(found: Sequence[Summary]) -> Iterator[str]:
    taken, tables = taken_for_one(found), shown_tables(found)
    marked = None if taken is None else found.index(taken)
    common = [f"<p>All rows: {escape('; '.join(said))}.</p>"] if (said := common_remarks(found)) else []
    yield from _section("answers", "All rows", [*common, *_table("All rows", *tables["answers"], marked)])
    title = "Processes, and end to end"
    yield from _section("processes", title, [*_table(title, *tables["processes"], marked)])


def _table(name: str, columns: Sequence[Column], cells: Sequence[Sequence[str]], marked: int | None) -> Iterator[str]:
    yield f'<div class="scroll" role="region" aria-label="{escape(name)}" tabindex="0"><table>\n<thead><tr>'
    yield "".join(f'<th scope="col"{_class(column)}>{escape(column.heading)}</th>' for column in columns)
    yield "</tr></thead>\n<tbody>"
    for number, row in enumerate(cells):
        style = ' class="taken"' if number == marked else ""
        inner = "".join(f"<td{_class(column)}>{escape(cell)}</td>" for column, cell in zip(columns, row, strict=True))
        yield f"<tr{style}>{inner}</tr>"
    yield "</tbody></table></div>"


def _class(column: Column) -> str:
    return ' class="number"' if column.number else ""


def _skipped(record: Record) -> Iterator[str]:
    if record.skipped:
        lines = [f"{entry.configuration}: {entry.reason}" for entry in record.skipped]
        yield from _section("skipped", "Not measured", _items(lines))


def _environment(record: Record) -> Iterator[str]:
    facts = [f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in record.environment.items()]
    yield from _section("environment", "Environment", ["<dl>", *facts, "</dl>"])


def _items(lines: Sequence[str]) -> list[str]:
    return ["<ul>", *(f"<li>{_prose(line)}</li>" for line in lines), "</ul>"]


def _prose(text: str) -> str:
    """Escape a sentence, and keep figures and their units on one line."""
    return re.sub(r"(?<=\d) (?=%|µs|ms|ns|kB)", "&nbsp;", escape(text))


def _section(name: str, title: str, content: Sequence[str]) -> Iterator[str]:
    yield f'<section id="{name}">\n<h2>{title}</h2>'
    yield from content
    yield "</section>"
