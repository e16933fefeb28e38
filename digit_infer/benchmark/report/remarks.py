"""What a reader must know before believing a row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from digit_infer.benchmark.summary import STEADY, Summary


def is_sound(summary: Summary) -> bool:
    """Tell whether a row was measured on a quiet machine, after a warm-up that settled."""
    return summary.steady and summary.warmed_up


def remarks(summary: Summary) -> tuple[str, ...]:
    """Return what limits a row, the gravest first."""
    found = [
        *([] if summary.steady else [f"noisy machine (drift over {100 * STEADY:g} %)"]),
        *([] if summary.warmed_up else ["did not settle in the warm-up"]),
        *_too_few(summary),
    ]
    return tuple(found)


def common_remarks(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return those that every one of several rows bears, which are better said once."""
    if len(summaries) < 2:
        return ()
    return tuple(remark for remark in remarks(summaries[0]) if all(remark in remarks(other) for other in summaries))


def _too_few(summary: Summary) -> Iterator[str]:
    """Yield the lowest percentile that cannot be told; those over it can neither."""
    latency = summary.latency
    if latency is not None:
        values = {"p50": latency.p50_us, "p90": latency.p90_us, "p99": latency.p99_us, "p99.9": latency.p999_us}
        yield from [f"too few samples for {name}" for name, value in values.items() if value is None][:1]
    if summary.server is not None and summary.server.p99_us is None:
        yield "too few samples for the server's p99"
