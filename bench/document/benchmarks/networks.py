"""What ``digit-infer bench`` says of every network on every runtime."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.document.benchmarks.wording import us
from digit_infer.benchmark.record_file import read_record
from digit_infer.benchmark.summary import STEADY, Summary, summaries
from training.report.page import paragraph, table

_MEGABYTE = 1_000_000


def section(path: Path) -> Iterator[str]:
    """Return text and a table, from a record of ``digit-infer bench --json``."""
    record = read_record(path)
    found = summaries(record)
    batches = sorted({summary.row.configuration.batch for summary in found if summary.images_per_second is not None})
    yield _method(record.settings.seconds, record.settings.rounds)
    yield f"![wrong answers against the median time of one picture](benchmarks/{path.stem}.png)"
    yield table(
        [
            *(
                "network",
                "runtime",
                "precision",
                "threads:",
                "accuracy, %:",
                "flips:",
                "p50, µs:",
                "p90:",
                "p99:",
                "p99.9:",
            ),
            *(f"images/s at {batch:,}:" for batch in batches),
            *("load, ms:", "cold, ms:", "memory, MB:"),
        ],
        (_line(rows, batches) for rows in _by_system(found)),
    )
    yield from _remarks(found)


def _method(seconds: float, rounds: int) -> str:
    return paragraph(f"""Each line was measured in {rounds} fresh processes, {seconds:g} seconds in all for each batch
        and scenario, in an order drawn anew. Accuracy is on the 10,000 test images, with its Wilson interval; flips
        are answers that differ from those of the network's float32 file. Percentiles are of one picture after
        another, images a second of batches back to back; a percentile without enough samples stays empty. *Cold* is a
        whole process from its start to its first answer, and memory the most that it held. `null` answers a constant:
        the harness's own floor.""")


def _by_system(found: Sequence[Summary]) -> list[list[Summary]]:
    """Return the rows of one network on one runtime together, at their batches."""
    together: dict[tuple[object, ...], list[Summary]] = {}
    for summary in found:
        asked = summary.row.configuration
        together.setdefault((asked.model, asked.runtime, asked.precision, asked.threads), []).append(summary)
    return list(together.values())


def _line(rows: Sequence[Summary], batches: Sequence[int]) -> list[str]:
    """Return cells: what is of one picture comes from the smallest batch."""
    first = min(rows, key=lambda summary: summary.row.configuration.batch)
    row, latency = first.row, first.latency if first.row.configuration.batch == 1 else None
    rates = {summary.row.configuration.batch: summary.images_per_second for summary in rows}
    accuracy, threads, memory = row.accuracy, row.artefact.threads, first.peak_memory_bytes
    return [
        row.configuration.model or "none",
        row.configuration.runtime,
        row.artefact.precision or "",
        "" if threads is None else str(threads),
        "" if accuracy is None else f"{100 * accuracy.share:.2f} ({100 * accuracy.low:.2f} to {100 * accuracy.high:.2f})",
        "" if row.flips is None else str(row.flips),
        *([""] * 4 if latency is None else map(us, (latency.p50_us, latency.p90_us, latency.p99_us, latency.p999_us))),
        *("" if (rate := rates.get(batch)) is None else f"{rate:,.0f}" for batch in batches),
        f"{first.load_ms:.1f}",
        f"{first.cold_ms:.0f}",
        "" if memory is None else f"{memory / _MEGABYTE:.0f}",
    ]


def _remarks(found: Sequence[Summary]) -> Iterator[str]:
    """Say which rows are not to be trusted as they stand."""
    unsteady = [str(summary.row.configuration) for summary in found if not summary.steady]
    cold = [str(summary.row.configuration) for summary in found if not summary.warmed_up]
    drifts = f"The anchor, a fixed piece of work run beside everything, moved by more than {100 * STEADY:.0f} % beside"
    yield f"{drifts} {_listed(unsteady)}. Not settled when its measurement began: {_listed(cold)}."


def _listed(names: Sequence[str]) -> str:
    return "; ".join(names) or "none"
