"""The plot of latency distributions: one ridge per row, from all of its samples, with its percentiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from digit_infer.benchmark.report.marks import colour_class, shortened
from digit_infer.benchmark.report.rows import is_null, name_of, short_names
from digit_infer.benchmark.report.svg import (
    LogScale,
    duration,
    element,
    group,
    line,
    path,
    picture,
    spanning,
    text_width,
    words,
    x_axis,
)
from digit_infer.benchmark.statistics import Histogram
from digit_infer.benchmark.summary import Summary, stream_latencies

_RIDGES_TOP, _AXIS_HEIGHT, _MARGIN_PX, _ROW, _RIDGE = 2.0, 44.0, 8.0, 51.0, 25.0
_COLUMN = 2.0
_LEAST_PX = 3.0
"""The least height in px of a column with samples, so that tails stay visible."""
_KERNEL = (1, 4, 6, 4, 1)

SHOWN_RIDGES = 24
"""The number of ridges on a page; the tables have every row."""


@dataclass(frozen=True)
class Ridge:
    """A row with all of its samples."""

    summary: Summary
    label: str
    samples: Histogram

    @property
    def p50_us(self) -> float:
        """The median."""
        return self.samples.percentile_us(50) or 0.0


def ridges_of(summaries: Sequence[Summary]) -> list[Ridge]:
    """Return the rows with latencies at the smallest batch, the fastest first."""
    timed = [row for row in summaries if row.latency and row.latency.samples and not is_null(row)]
    smallest = min((row.row.configuration.batch for row in timed), default=1)
    rows = [row for row in timed if row.row.configuration.batch == smallest]
    labels = short_names(rows, without=("batch",)) if rows else []
    ridges = [Ridge(row, label, stream_latencies(row.row)) for row, label in zip(rows, labels, strict=True)]
    return sorted(ridges, key=lambda ridge: ridge.p50_us)


def distributions_plot(ridges: Sequence[Ridge], width: float) -> str:
    """Draw at least one ridge; the axis spans every sample."""
    bottom = _RIDGES_TOP + _ROW * len(ridges)
    edges = [ridge.samples.bins_ns[end] / 1000 for ridge in ridges for end in (0, -1)]
    x = spanning([max(edge, 0.01) for edge in edges], _MARGIN_PX, width - _MARGIN_PX, 1.05)
    return picture(
        f"distributions-{width:.0f}",
        width,
        bottom + _AXIS_HEIGHT,
        "Distributions of latency",
        f"{len(ridges)} rows, the fastest first: "
        + "; ".join(f"{ridge.label}, {_figures(ridge, whole=True)}" for ridge in ridges)
        + ".",
        [
            *x_axis(x, _RIDGES_TOP, bottom, 60, duration),
            words(width - _MARGIN_PX, bottom + 38, "latency of one query, log scale →", class_="axis", text_anchor="end"),
            *(_ridge(ridge, x, _RIDGES_TOP + _ROW * (number + 1) - 4, width) for number, ridge in enumerate(ridges)),
        ],
    )


def _ridge(ridge: Ridge, x: LogScale, base: float, width: float) -> str:
    heights = _heights(ridge.samples, x)
    outline = [(x.start + _COLUMN * number, base - height) for number, height in heights]
    style = f"ridge {colour_class(ridge.summary.row.configuration.runtime)}"
    parts = [path([(outline[0][0], base), *outline, (outline[-1][0], base)], "hill", closed=True)]
    parts += list(_percentiles(ridge, x, base))
    top, figures = base - _RIDGE - 5, _figures(ridge, whole=width > 500)
    label = shortened(ridge.label, x.end - x.start - text_width(figures))
    parts += [
        words(x.start, top, label, class_="label halo"),
        words(x.end, top, figures, class_="figures halo", text_anchor="end"),
    ]
    return group(parts, f"{name_of(ridge.summary)}: {_figures(ridge, whole=True)}", class_=style)


def _heights(samples: Histogram, x: LogScale) -> list[tuple[int, float]]:
    """Return the height of each column from the first sample to the last: a smoothed histogram of log time."""
    columns: dict[int, float] = {}
    for start, count in zip(samples.bins_ns, samples.counts, strict=True):
        number = round((x(max(start / 1000, x.low)) - x.start) / _COLUMN)
        columns[number] = columns.get(number, 0.0) + count
    reach = len(_KERNEL) // 2
    smooth = {
        number: sum(weight * columns.get(number + step - reach, 0.0) for step, weight in enumerate(_KERNEL))
        for number in range(min(columns) - reach, max(columns) + reach + 1)
    }
    highest = max(smooth.values())
    return [
        (number, max(_RIDGE * value / highest, _LEAST_PX if number in columns else 0.0)) for number, value in smooth.items()
    ]


def _percentiles(ridge: Ridge, x: LogScale, base: float) -> Iterator[str]:
    for percent, height in ((50, _RIDGE), (90, 15.0), (99, 10.0)):
        value = ridge.samples.percentile_us(percent)
        if value is not None:
            yield line(x(value), base, x(value), base - height, f"percentile p{percent}")
            yield element("circle", cx=x(value), cy=base, r=2, class_=f"foot p{percent}")


def _figures(ridge: Ridge, *, whole: bool) -> str:
    values = [(percent, ridge.samples.percentile_us(percent)) for percent in ((50, 90, 99, 99.9) if whole else (50, 99))]
    told = " · ".join(f"p{percent:g} {duration(value)}" for percent, value in values if value is not None)
    return f"{told} · n {ridge.samples.samples:,}" if whole else told
