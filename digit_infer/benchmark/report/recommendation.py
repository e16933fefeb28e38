"""The recommendation of a run in words; it says nothing that the intervals do not support."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from digit_infer.benchmark.statistics import three_digits
from digit_infer.benchmark.summary import Summary, is_null, is_sound, name_of

AS_FAST = 1.05
"""Times and rates within this ratio count as equal: this benchmark agrees with others within 5 %."""


def recommendation(summaries: Sequence[Summary]) -> list[str]:
    """Return sentences, the most useful first: for one picture at a time, for many, the smallest file, and accuracy.

    Rows of ``null`` are never recommended. Where accuracies are known, only rows are whose interval overlaps that of the
    most accurate one. Unreliable rows are recommended only where there are no others, with a warning.
    """
    real = [summary for summary in summaries if not is_null(summary)]
    if not real:
        return ["Nothing was measured but the harness itself, so there is nothing to recommend."]
    good = as_accurate(real)
    taken = taken_for_one(summaries)
    return [
        *(_for_one(taken, list(filter(_is_single, good))) if taken else ()),
        *(_on_accuracy(taken, good) if taken else ()),
        *(_less_accurate(taken, real, good) if taken else ()),
        *_for_many(good),
        *_smallest(good, taken),
        *_unknown_accuracy(real),
    ]


def taken_for_one(summaries: Sequence[Summary]) -> Summary | None:
    """Return the row to take for one picture at a time: the shortest median of those as accurate as the best.

    Reliable rows come first, and among equally fast ones the smallest file; None where no latency of one picture is known.
    """
    single = [row for row in as_accurate([row for row in summaries if not is_null(row)]) if _is_single(row)]
    rows = _sound(single) or single
    close = [row for row in rows if _p50(row) < min(map(_p50, rows)) * AS_FAST]
    return min(close, key=lambda row: (row.row.artefact.bytes, _p50(row)), default=None)


def as_accurate(real: Sequence[Summary]) -> list[Summary]:
    """Return the rows whose interval of accuracy overlaps that of the most accurate; all if no accuracy is known."""
    known = [(summary, accuracy) for summary in real if (accuracy := summary.row.accuracy)]
    if not known:
        return list(real)
    best = max((accuracy for _, accuracy in known), key=lambda accuracy: accuracy.share)
    return [summary for summary, accuracy in known if accuracy.high >= best.low]


def _for_one(taken: Summary, single: Sequence[Summary]) -> Iterator[str]:
    others = [row for row in (_sound(single) or single) if row is not taken]
    close = sorted((row for row in others if _p50(row) < _p50(taken) * AS_FAST), key=_p50)
    slower = sorted((row for row in others if row not in close), key=_p50)
    p99 = taken.latency.p99_us if taken.latency else None
    figures = f"p50 {_us(taken)}" + ("" if p99 is None else f", p99 {three_digits(p99)} µs")
    as_good = "nothing as accurate answers" if taken.row.accuracy else "nothing answers"
    if not others:
        reason = f"it is all that could be chosen from ({figures})"
    else:
        reason = f"{as_good} {'more than 5 % ' if close else ''}faster ({figures})"
    yield f"On this machine, for one picture at a time, take {name_of(taken)}, because {reason}."
    if close:
        named = ", ".join(f"{name_of(row)} ({_us(row)})" for row in close)
        yield f"As fast, within 5 %, but with no smaller file: {named}."
    if slower:
        times = three_digits(_p50(slower[0]) / _p50(taken))
        yield f"Next comes {name_of(slower[0])}: {_us(slower[0])}, {times} times as long."
    yield from _doubts(taken, single)


def _doubts(taken: Summary, single: Sequence[Summary]) -> Iterator[str]:
    if not is_sound(taken):
        yield (
            "No row was measured on a quiet machine after a warm-up that settled, this one neither: "
            "measure again before you rely on it."
        )
        return
    faster = [row for row in single if not is_sound(row) and _p50(row) * AS_FAST <= _p50(taken)]
    if faster:
        row = min(faster, key=_p50)
        yield (
            f"Of {name_of(row)} a shorter p50 was measured ({_us(row)}), but on a noisy machine or before it had settled: "
            "measure it again before you take it."
        )


def _for_many(good: Sequence[Summary]) -> Iterator[str]:
    rated = [row for row in good if row.images_per_second]
    if not any(row.row.configuration.batch > 1 for row in rated):
        return
    rows = _sound(rated) or rated
    most = max(map(_rate, rows))
    close = [row for row in rows if _rate(row) * AS_FAST > most]
    taken = min(close, key=lambda row: (row.row.configuration.batch, -_rate(row)))
    batch = taken.row.configuration.batch
    doubt = "" if is_sound(taken) else ", but the machine was noisy: measure again before you rely on it"
    if batch == 1:
        yield f"For many pictures, batches bring nothing: {name_of(taken)} answers {_images(taken)} one at a time{doubt}."
        return
    alone = [row for row in rated if row.row.configuration.batch == 1 and name_of(row) == name_of(taken)]
    gain = f", {three_digits(_rate(taken) / _rate(alone[0]))} times as many as one at a time" if alone else ""
    larger = any(row.row.configuration.batch > batch and name_of(row) == name_of(taken) for row in rows)
    more = "; larger batches bring less than 5 % more" if larger else ""
    yield f"For many pictures, take {name_of(taken)} in batches of {batch:,}: {_images(taken)}{gain}{more}{doubt}."


def _smallest(good: Sequence[Summary], taken: Summary | None) -> Iterator[str]:
    files = {row.row.artefact.file: row.row.artefact for row in good if row.row.artefact.file and row.row.artefact.bytes}
    if len(files) < 2:
        return
    least = min(files.values(), key=lambda artefact: artefact.bytes)
    size = f"{three_digits(least.bytes / 1000)} kB"
    if taken is None:
        yield f"The smallest file of these is {Path(least.file or '').name}: {size}."
        return
    own = f"{three_digits(taken.row.artefact.bytes / 1000)} kB"
    if taken.row.artefact.file == least.file:
        yield f"No other file of these is smaller than that of the first choice: {own}."
    elif taken.row.artefact.bytes <= AS_FAST * least.bytes:
        yield f"No other file of these is more than 5 % smaller than that of the first choice: {own}."
    else:
        yield f"Where size counts, take {Path(least.file or '').name}, the smallest of these: {size}, against {own}."


def _on_accuracy(taken: Summary, good: Sequence[Summary]) -> Iterator[str]:
    best = max((row for row in good if row.row.accuracy), key=_share, default=None)
    accuracy = taken.row.accuracy
    if best is None or accuracy is None:
        return
    interval = f"{accuracy.share:.4f} (95 % interval {accuracy.low:.4f} to {accuracy.high:.4f})"
    if _share(best) == accuracy.share:
        yield f"The accuracy of the first choice is {interval}: no other here gave more right answers."
    else:
        yield (
            f"The accuracy of the first choice is {interval}, and {name_of(best)} gave the most right answers, "
            f"{_share(best):.4f}: as accurate as far as {accuracy.images:,} images can tell."
        )


def _less_accurate(taken: Summary, real: Sequence[Summary], good: Sequence[Summary]) -> Iterator[str]:
    """Yield faster and less accurate rows: the most accurate at half the time, and the fastest."""
    rest = [row for row in _sound(real) if row not in good and row.row.accuracy and _is_single(row)]
    half = [row for row in rest if 2 * _p50(row) <= _p50(taken)]
    if not half:
        return
    offers = [max(half, key=_share), min(half, key=_p50)]
    for row in offers if _share(offers[0]) > _share(offers[1]) else offers[1:]:
        yield f"If an accuracy of {_share(row):.4f} is enough, {name_of(row)} needs only {_us(row)}."


def _unknown_accuracy(real: Sequence[Summary]) -> Iterator[str]:
    unknown = [row for row in real if row.row.accuracy is None]
    if len(unknown) == len(real):
        yield "Accuracy was not measured, so nothing of this says which answers are right."
    elif unknown:
        yield f"Of {len(unknown)} of {len(real)} rows the accuracy is unknown; they were left out."


def _sound(rows: Sequence[Summary]) -> list[Summary]:
    return [row for row in rows if is_sound(row)]


def _is_single(row: Summary) -> bool:
    return row.row.configuration.batch == 1 and row.latency is not None and row.latency.p50_us is not None


def _p50(row: Summary) -> float:
    """Return the median in µs of a row that has one."""
    if row.latency is None or row.latency.p50_us is None:
        raise ValueError(f"{name_of(row)} has no latency")
    return row.latency.p50_us


def _rate(row: Summary) -> float:
    return row.images_per_second or 0.0


def _share(row: Summary) -> float:
    return row.row.accuracy.share if row.row.accuracy else 0.0


def _us(row: Summary) -> str:
    return f"{three_digits(_p50(row))} µs"


def _images(row: Summary) -> str:
    return f"{three_digits(_rate(row))} images a second"
