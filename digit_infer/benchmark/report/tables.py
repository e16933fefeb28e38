"""The columns of all tables and how they were measured, and a record as CSV and as Markdown."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from digit_infer.benchmark.configuration import Scenario
from digit_infer.benchmark.record import Record
from digit_infer.benchmark.report.recommendation import recommendation
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, three_digits
from digit_infer.benchmark.summary import STEADY, Summary, common_remarks, remarks, summaries

Value = str | int | float | bool | None
Table = Literal["answers", "processes"]


@dataclass(frozen=True)
class Column:
    """A column: ``key`` is its name in the CSV file, ``heading`` in tables; both have the unit.

    ``take`` returns the value, None where it is unknown, and ``show`` its text in tables. ``tables`` are those that have
    the column; the CSV file has all.
    """

    key: str
    heading: str
    take: Callable[[Summary], Value]
    show: Callable[[Summary], str]
    tables: tuple[Table, ...]
    number: bool

    def for_programs(self, summary: Summary) -> str:
        """Return the value with six digits, or "" where it is unknown."""
        value = self.take(summary)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float):
            return f"{value:.6g}" if abs(value) < 1e6 else f"{value:.0f}"
        return "" if value is None else str(value)


def shown_columns(table: Table, summaries: Sequence[Summary]) -> list[Column]:
    """Return the columns of a table that are not empty in every row.

    Remarks that all rows share are left out; they are printed once.
    """
    common = common_remarks(summaries)
    own = [column for column in COLUMNS if table in column.tables]
    found = [_without(common) if column.key == "remarks" else column for column in own]
    return [column for column in found if any(map(column.show, summaries))]


def shown_tables(summaries: Sequence[Summary]) -> dict[Table, tuple[list[Column], list[list[str]]]]:
    """Return the columns and the cells of both tables: answers and their speed, and processes."""
    tables: dict[Table, tuple[list[Column], list[list[str]]]] = {}
    for table in ("answers", "processes"):
        columns = shown_columns(table, summaries)
        tables[table] = columns, [[column.show(summary) for column in columns] for summary in summaries]
    return tables


def _without(said: Sequence[str]) -> Column:
    def take(summary: Summary) -> str:
        return "; ".join(remark for remark in remarks(summary) if remark not in said)

    return Column("remarks", "remarks", take, take, ("answers",), number=False)


def _text(key: str, take: Callable[[Summary], str | None], *tables: Table, heading: str = "") -> Column:
    return Column(key, heading or key, take, lambda summary: take(summary) or "", tables, number=False)


def _number(
    key: str,
    heading: str,
    take: Callable[[Summary], float | None],
    *tables: Table,
    show: Callable[[float], str] = three_digits,
) -> Column:
    def shown(summary: Summary) -> str:
        value = take(summary)
        return "" if value is None else show(value)

    return Column(key, heading, take, shown, tables, number=True)


def _count(key: str, heading: str, take: Callable[[Summary], int | None], *tables: Table) -> Column:
    return _number(key, heading, take, *tables, show=lambda value: f"{value:,.0f}")


def _percent(value: float) -> str:
    return f"{100 * value:.2g} %" if value < 0.1 else f"{value:.0%}".replace("%", " %")


def _accuracy(summary: Summary) -> str:
    accuracy = summary.row.accuracy
    return f"{accuracy.share:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f})" if accuracy else ""


def _kb(bytes_: int | None) -> float | None:
    return bytes_ / 1000 if bytes_ else None


COLUMNS: tuple[Column, ...] = (
    _text("model", lambda s: s.row.configuration.model, "answers", "processes"),
    _text("runtime", lambda s: s.row.configuration.runtime, "answers", "processes"),
    _text("format", lambda s: s.row.artefact.format),
    _text("precision", lambda s: s.row.artefact.precision, "answers", "processes"),
    _count("threads", "threads", lambda s: s.row.artefact.threads, "answers", "processes"),
    _count("batch", "batch", lambda s: s.row.configuration.batch, "answers", "processes"),
    _text("provider", lambda s: s.row.artefact.provider, "processes", heading="ran on"),
    _text("device", lambda s: s.row.artefact.device, "processes"),
    _text("file", lambda s: s.row.artefact.file),
    _text("sha256", lambda s: s.row.artefact.sha256),
    _number("kB", "kB", lambda s: _kb(s.row.artefact.bytes), "answers", show=lambda value: f"{value:,.0f}"),
    _count("parameters", "parameters", lambda s: s.row.artefact.parameters, "answers"),
    _count("multiply_adds", "multiply-adds", lambda s: s.row.artefact.multiply_adds),
    Column(
        "accuracy",
        "accuracy (95 %)",
        lambda s: s.row.accuracy.share if s.row.accuracy else None,
        _accuracy,
        ("answers",),
        number=False,
    ),
    _number("accuracy_low", "accuracy, low", lambda s: s.row.accuracy.low if s.row.accuracy else None),
    _number("accuracy_high", "accuracy, high", lambda s: s.row.accuracy.high if s.row.accuracy else None),
    _count("flips", "flips", lambda s: s.row.flips, "answers"),
    _number("p50_us", "p50 µs", lambda s: s.latency.p50_us if s.latency else None, "answers"),
    _number("p90_us", "p90", lambda s: s.latency.p90_us if s.latency else None, "answers"),
    _number("p99_us", "p99", lambda s: s.latency.p99_us if s.latency else None, "answers"),
    _number("p99.9_us", "p99.9", lambda s: s.latency.p999_us if s.latency else None, "answers"),
    _count("samples", "samples", lambda s: s.latency.samples if s.latency else None, "answers"),
    _number("floor_us", "floor µs", lambda s: s.floor_us, "answers"),
    _number("images_per_second", "images/s", lambda s: s.images_per_second, "answers"),
    _number("server_rate_per_second", "server /s", lambda s: s.server_rate, "answers"),
    _number("server_p99_us", "its p99 µs", lambda s: s.server.p99_us if s.server else None, "answers"),
    _count("server_samples", "server samples", lambda s: s.server.samples if s.server else None),
    _number("gflops", "GFLOP/s", lambda s: s.gflops, "answers"),
    _number("machine_share", "of peak", lambda s: s.machine_share, "answers", show=_percent),
    _number("drift", "drift", lambda s: s.drift, "processes", show=_percent),
    Column("steady", "steady", lambda s: s.steady, lambda s: "yes" if s.steady else "no", (), number=False),
    Column("settled", "settled", lambda s: s.warmed_up, lambda s: "yes" if s.warmed_up else "no", (), number=False),
    _number("load_ms", "load ms", lambda s: s.load_ms, "processes"),
    _number("first_us", "first answer µs", lambda s: s.first_us, "processes"),
    _number("cold_ms", "cold process ms", lambda s: s.cold_ms, "processes"),
    _number("peak_memory_MB", "peak MB", lambda s: s.peak_memory_bytes / 1e6 if s.peak_memory_bytes else None, "processes"),
    _number("decode_us", "decode µs", lambda s: s.stages.decode_us if s.stages else None, "processes"),
    _number("normalize_us", "normalise", lambda s: s.stages.normalize_us if s.stages else None, "processes"),
    _number("infer_us", "infer", lambda s: s.stages.infer_us if s.stages else None, "processes"),
    _number("end_to_end_us", "end to end µs", lambda s: s.stages.total_us if s.stages else None, "processes"),
    _count("end_to_end_samples", "end-to-end samples", lambda s: s.stages.samples if s.stages else None),
    _without(()),
)


_SPECIAL = re.compile(r"[\\|<>*`\[\]~&]|(?<!\w)_|_(?!\w)")
"""Characters with a meaning in Markdown; _ within a word has none."""


def markdown_text(record: Record) -> str:
    """Return the recommendation, the tables, the environment and the method."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterator[str]:
    found = summaries(record)
    yield from ("# digit-infer bench", "")
    yield from (f"- {escaped(sentence)}" for sentence in recommendation(found))
    tables = shown_tables(found)
    for title, table in (("Answers", tables["answers"]), ("Processes, and end to end", tables["processes"])):
        columns, cells = table
        yield from ("", f"## {title}", "")
        yield from _table([(column.heading, column.number) for column in columns], cells)
    if common := common_remarks(found):
        yield from ("", f"All rows: {escaped('; '.join(common))}.")
    if record.skipped:
        yield from ("", "## Not measured", "")
        yield from (f"- {escaped(f'{entry.configuration}: {entry.reason}')}" for entry in record.skipped)
    yield from ("", "## Environment", "")
    yield from _table([("fact", False), ("value", False)], [list(fact) for fact in record.environment.items()])
    yield from ("", "## Method", "")
    yield from (f"- {escaped(line)}" for line in method(record))


def escaped(text: str) -> str:
    """Return text in one line, escaped for Markdown."""
    return _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.splitlines()))


def _table(headings: Sequence[tuple[str, bool]], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    yield _line([heading for heading, _ in headings])
    yield "|" + "|".join(" ---: " if number else " --- " for _, number in headings) + "|"
    yield from map(_line, cells)


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(escaped, cells)) + " |"


def csv_text(record: Record) -> str:
    """Return a line of keys, which end in their unit, and one line per row; unknown values are empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([column.key for column in COLUMNS])
    writer.writerows([column.for_programs(summary) for column in COLUMNS] for summary in summaries(record))
    return text.getvalue()


_SCENARIOS: dict[Scenario, str] = {
    "single-stream": "Single-stream: one image a query, the next query as soon as the last is answered, each one timed.",
    "multi-stream": "Multi-stream: the same with a batch of images a query.",
    "offline": "Offline: batches back to back, where only whole blocks are timed; images/s is the median of the blocks.",
    "server": "Server: queries of one image arrive at random (Poisson); latency counts from when a query was due, so that "
    "a queue cannot hide.",
}


def method(record: Record) -> list[str]:
    """Return how the run measured and what its columns mean, one or two sentences per entry."""
    return [*_order(record), *(_SCENARIOS[scenario] for scenario in record.settings.scenarios), *_meanings(record)]


def clock(record: Record) -> str:
    """Return the resolution of the clock in words."""
    machine = record.machine
    return f"clock: steps of {machine.clock_step_ns:.3g} ns, {machine.clock_read_ns:.3g} ns to read"


def anchor(record: Record) -> str:
    """Return the times of the anchor workload over the run in words."""
    times = sorted(record.machine.anchor_us)
    if not times:
        return "anchor: not run"
    low, middle, high = times[round(0.05 * (len(times) - 1))], median(times), times[round(0.95 * (len(times) - 1))]
    return (
        f"anchor: a fixed workload took {three_digits(middle)} µs; 90 % of its {len(times):,} durations lay between "
        f"{three_digits(low)} and {three_digits(high)} µs"
    )


def _order(record: Record) -> Iterator[str]:
    settings = record.settings
    turns = "took turns" if settings.interleaved else f"came in an order shuffled with the seed {settings.seed}"
    yield (
        f"Every configuration ran in {settings.rounds} fresh process{'' if settings.rounds == 1 else 'es'}, which {turns}. "
        "A warm-up preceded each measurement, until three medians in a row agreed; a row says where they did not."
    )
    if settings.pause_ms:
        yield (
            f"Between queries lay a pause of {settings.pause_ms:g} ms, as in an app that asks now and then: "
            "caches and clocks are colder than in a tight loop."
        )
    if settings.bound_ms is not None:
        yield f"The server's rate is the highest found whose p99 stays under {settings.bound_ms:g} ms."
    elif settings.rate is not None:
        yield f"The server's queries arrived at {settings.rate:g} a second."


def _meanings(record: Record) -> Iterator[str]:
    needed = ", ".join(f"p{percent:g} {count:,}" for percent, count in SAMPLES_NEEDED.items() if percent > 50)
    yield f"A percentile is shown only with enough samples ({needed}); otherwise its cell is empty."
    yield (
        "Accuracy is over the 10,000 MNIST test images, with Wilson's 95 % interval; flips are the answers that differ "
        "from those of the model's float32 file."
    )
    yield "The floor is the median of null, which returns a constant: the overhead of measuring, part of every latency."
    peaks = ", ".join(
        f"{three_digits(gflops)} with {threads} thread{'' if threads == '1' else 's'}"
        for threads, gflops in record.machine.matrix_product_gflops.items()
    )
    yield (
        "GFLOP/s counts two operations for each multiply-add of the network at the measured images/s; the peak is the "
        f"float32 matrix product of numpy, measured in the same run (GFLOP/s: {peaks or 'not measured'}). A runtime whose "
        "kernels suit the processor better, or that computes in int8, passes 100 %."
    )
    yield (
        "Beside every row a fixed workload, the anchor, ran: drift is the range of 90 % of its durations, as a share of "
        f"their median. Over {100 * STEADY:g} % a row counts as measured on a noisy machine."
    )
    yield (
        "Load is opening the model, the first answer comes after it, and a cold process is all from its start to that "
        "answer; memory is the highest resident size of such a process."
    )
    pictures = sorted({process.stages.pictures for row in record.rows for process in row.processes if process.stages})
    if pictures:
        yield f"End to end is from a picture's file ({', '.join(pictures)}) to its digit, one after another, by medians."
    yield clock(record).capitalize() + "."
    yield anchor(record).capitalize() + "."
