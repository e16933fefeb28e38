"""The plot of images per second by batch, one line per file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digit_infer.benchmark.report.marks import Box, at_end, colour_class, mark, placed, shortened
from digit_infer.benchmark.report.rows import is_null, name_of, short_names
from digit_infer.benchmark.report.svg import LogScale, amount, line, path, picture, spanning, text_width, words, y_axis
from digit_infer.benchmark.summary import Summary

_TOP, _AXIS_HEIGHT, _RATES_WIDTH, _LABEL_GAP = 26.0, 44.0, 50.0, 18.0
_TITLE = "images in a batch, log scale →"


@dataclass(frozen=True)
class Series:
    """The rows of one file by batch, each with its images per second."""

    label: str
    points: tuple[tuple[int, float, Summary], ...]

    @property
    def last(self) -> float:
        """Images per second at the largest batch."""
        return self.points[-1][1]


def series_of(summaries: Sequence[Summary]) -> list[Series]:
    """Return the files that were timed at two batches or more, the best at its largest batch first."""
    rated = [row for row in summaries if row.images_per_second and not is_null(row)]
    by_name: dict[str, list[Summary]] = {}
    for row in rated:
        by_name.setdefault(name_of(row), []).append(row)
    several = [rows for rows in by_name.values() if len(rows) > 1]
    labels = short_names([rows[0] for rows in several], without=("batch",)) if several else []
    found = [
        Series(label, tuple(sorted((row.row.configuration.batch, row.images_per_second or 0.0, row) for row in rows)))
        for label, rows in zip(labels, several, strict=True)
    ]
    return sorted(found, key=lambda series: -series.last)


def throughput_plot(series: Sequence[Series], width: float) -> str:
    """Draw at least one series."""
    height = max(300.0, min(400.0, 0.62 * width))
    room = min(0.5 * width, max(text_width(one.label) for one in series) + _LABEL_GAP + 4)
    batches = sorted({batch for one in series for batch, _, _ in one.points})
    x = LogScale(batches[0], batches[-1], _RATES_WIDTH + 10, width - room)
    y = spanning([rate for one in series for _, rate, _ in one.points], height - _AXIS_HEIGHT, _TOP, 1.15)
    best = series[0]
    return picture(
        f"throughput-{width:.0f}",
        width,
        height,
        "Images a second by batch",
        f"{len(series)} artefacts. At the largest batch the best is {best.label} with {amount(best.last)} images a second.",
        [
            *y_axis(y, _RATES_WIDTH, width - room, 30, amount),
            *_batches(x, batches, height - _AXIS_HEIGHT),
            words(4, 14, "↑ images a second, log scale", class_="axis"),
            words(max(width - room, text_width(_TITLE)), height - 6, _TITLE, class_="axis", text_anchor="end"),
            *(part for one in series for part in _line(one, x, y)),
            *_labels(series, x, y, Box(0, _TOP - 8, width, height - _AXIS_HEIGHT + 8)),
        ],
    )


def _batches(x: LogScale, batches: Sequence[int], bottom: float) -> Iterator[str]:
    before = float("-inf")
    for batch in batches:
        yield line(x(batch), _TOP, x(batch), bottom, "grid")
        if x(batch) - before >= 30:
            yield words(x(batch), bottom + 17, f"{batch:,}", class_="tick", text_anchor="middle")
            before = x(batch)


def _line(series: Series, x: LogScale, y: LogScale) -> Iterator[str]:
    colour = colour_class(series.points[0][2].row.configuration.runtime)
    yield path([(x(batch), y(rate)) for batch, rate, _ in series.points], f"series {colour}")
    for batch, rate, row in series.points:
        yield mark(row, x(batch), y(rate), f"{name_of(row)}, batch {batch:,}: {rate:,.0f} images a second")


def _labels(series: Sequence[Series], x: LogScale, y: LogScale, bounds: Box) -> Iterator[str]:
    """Label each line at its end, the best first; of labels that shorten to the same words, only the best."""
    named: dict[str, Series] = {}
    for one in series:
        named.setdefault(shortened(one.label, bounds.right - x.end - _LABEL_GAP), one)
    ends = [(x(one.points[-1][0]), y(one.last)) for one in named.values()]
    wanted = [at_end(right + _LABEL_GAP, end, text, 60) for text, (right, end) in zip(named, ends, strict=True)]
    for (right, end), label in zip(ends, placed(wanted, [], bounds), strict=True):
        if label is not None:
            middle = (label.box.top + label.box.bottom) / 2
            yield line(right + 7, end, label.box.left - 3, middle, "leader")
            yield words(label.box.left, label.baseline, label.text, class_="label")
