"""The three plots of the page: accuracy against latency, images per second by batch, and distributions of latency."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digit_infer.benchmark.report.svg import (
    RADIUS,
    Box,
    Label,
    LogScale,
    amount,
    around,
    at_end,
    colour_class,
    duration,
    element,
    group,
    line,
    mark,
    path,
    picture,
    placed,
    shortened,
    spanning,
    text_width,
    words,
    x_axis,
    y_axis,
)
from digit_infer.benchmark.statistics import Histogram
from digit_infer.benchmark.summary import Summary, is_null, is_sound, model_of, name_of, short_names, stream_latencies
from digit_infer.zoo.manifest import Accuracy

_TOP, _AXIS_HEIGHT = 26.0, 44.0
_ACCURACIES_WIDTH, _RIGHT = 62.0, 14.0

_RATES_WIDTH, _LABEL_GAP = 50.0, 18.0
_BATCH_AXIS = "images in a batch, log scale →"

_RIDGES_TOP, _MARGIN_PX, _ROW, _RIDGE = 2.0, 8.0, 51.0, 25.0
_COLUMN = 2.0
_LEAST_PX = 3.0
"""The least height in px of a column with samples, so that tails stay visible."""
_KERNEL = (1, 4, 6, 4, 1)

SHOWN_RIDGES = 24
"""The number of ridges on a page; the tables have every row."""


@dataclass(frozen=True)
class Point:
    """A row with its median latency in µs and its accuracy."""

    summary: Summary
    label: str
    p50_us: float
    accuracy: Accuracy


def points_of(summaries: Sequence[Summary]) -> list[Point]:
    """Return the rows with a latency of one picture and an accuracy, the fastest first."""
    rows = [row for row in summaries if row.row.configuration.batch == 1 and not is_null(row)]
    labels = short_names(rows, without=("batch",)) if rows else []
    found = [
        Point(row, label, row.latency.p50_us, row.row.accuracy)
        for row, label in zip(rows, labels, strict=True)
        if row.row.accuracy and row.latency and row.latency.p50_us
    ]
    return sorted(found, key=lambda point: point.p50_us)


def front_of(points: Sequence[Point]) -> list[Point]:
    """Return the reliable points that no faster one equals in accuracy, the fastest first."""
    front: list[Point] = []
    for point in points:
        if is_sound(point.summary) and (not front or point.accuracy.share > front[-1].accuracy.share):
            front.append(point)
    return front


def pareto_plot(points: Sequence[Point], width: float) -> str:
    """Draw at least one point; the vertical axis is the share of wrong answers, logarithmic, with the best on top."""
    height = max(300.0, min(400.0, 0.62 * width))
    x = spanning([point.p50_us for point in points], _ACCURACIES_WIDTH, width - _RIGHT, 1.4)
    wrongs = [wrong for point in points for wrong in (1 - point.accuracy.low, _wrong(point), 1 - point.accuracy.high)]
    y = spanning(
        [max(wrong, 1e-5) for wrong in wrongs], _TOP, height - _AXIS_HEIGHT, 1.5 if max(wrongs) > 4 * min(wrongs) else 1.05
    )
    front = front_of(points)
    said = ", ".join(f"{point.label} ({duration(point.p50_us)}, {_percent(_wrong(point))})" for point in front)
    return picture(
        f"pareto-{width:.0f}",
        width,
        height,
        "Accuracy against latency",
        f"{len(points)} rows by median latency and accuracy. The front, fastest first: {said or 'no sound row'}.",
        [
            *x_axis(x, _TOP, height - _AXIS_HEIGHT, 56, duration),
            *y_axis(y, _ACCURACIES_WIDTH, width - _RIGHT, 30, _percent),
            words(
                width - _RIGHT, height - 6, "median latency of one picture, log scale →", class_="axis", text_anchor="end"
            ),
            words(4, 14, "↑ accuracy (wrong answers on a log scale)", class_="axis"),
            *(line(x(p.p50_us), y(1 - p.accuracy.low), x(p.p50_us), y(1 - p.accuracy.high), "whisker") for p in points),
            *([path(_steps(front, x, y, width - _RIGHT), "front")] if front else ()),
            *(mark(p.summary, x(p.p50_us), y(_wrong(p)), _tip(p)) for p in points),
            *_point_labels(points, front, x, y, Box(_ACCURACIES_WIDTH + 2, _TOP - 8, width - 2, height - _AXIS_HEIGHT - 2)),
        ],
    )


def _steps(front: Sequence[Point], x: LogScale, y: LogScale, end: float) -> list[tuple[float, float]]:
    """Return the corners of the front's step line, up to the end of the plot."""
    steps: list[tuple[float, float]] = []
    for point in front:
        here = x(point.p50_us), y(_wrong(point))
        steps += [(here[0], steps[-1][1]), here] if steps else [here]
    return [*steps, (end, steps[-1][1])] if steps else []


def _point_labels(points: Sequence[Point], front: Sequence[Point], x: LogScale, y: LogScale, bounds: Box) -> Iterator[str]:
    """Label the front first, in full or by model, and then other points that have room."""
    named = [(point, point.label) for point in front] + _others(points, front)
    reach = RADIUS + 1
    marks = [Box(x(p.p50_us) - reach, y(_wrong(p)) - reach, x(p.p50_us) + reach, y(_wrong(p)) + reach) for p in points]
    line_boxes = [
        Box(min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1)
        for (x1, y1), (x2, y2) in pairwise(_steps(front, x, y, bounds.right))
    ]
    wanted = [
        [place for text in dict.fromkeys((label, model_of(p.summary))) for place in _around(p, x, y, text)]
        for p, label in named
    ]
    for (point, _), label in zip(named, placed(wanted, [*marks, *line_boxes], bounds), strict=True):
        if label is not None:
            style = "label halo" if point in front else "label faint halo"
            yield words(label.box.left, label.baseline, label.text, class_=style)


def _around(point: Point, x: LogScale, y: LogScale, text: str) -> list[Label]:
    return around(x(point.p50_us), y(_wrong(point)), text, RADIUS + 4)


def _others(points: Sequence[Point], front: Sequence[Point]) -> list[tuple[Point, str]]:
    """Return other points to label: of several models, the fastest of each that is not on the front; of one, all."""
    rest = [point for point in points if point not in front]
    if len({model_of(point.summary) for point in points}) == 1:
        return [(point, point.label) for point in rest]
    known = {model_of(point.summary) for point in front}
    fastest = {model_of(point.summary): point for point in reversed(rest)}
    return [(point, model) for model, point in fastest.items() if model not in known]


def _wrong(point: Point) -> float:
    """Return the share of wrong answers; half an image where there is none, since the axis is logarithmic."""
    return max(1 - point.accuracy.share, 0.5 / point.accuracy.images)


def _percent(wrong: float) -> str:
    return f"{100 * (1 - wrong):.4g} %"


def _tip(point: Point) -> str:
    accuracy = point.accuracy
    return (
        f"{name_of(point.summary)}: p50 {duration(point.p50_us)}, accuracy {accuracy.share:.4f} "
        f"({accuracy.low:.4f} to {accuracy.high:.4f})"
    )


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
            words(max(width - room, text_width(_BATCH_AXIS)), height - 6, _BATCH_AXIS, class_="axis", text_anchor="end"),
            *(part for one in series for part in _line(one, x, y)),
            *_line_labels(series, x, y, Box(0, _TOP - 8, width, height - _AXIS_HEIGHT + 8)),
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


def _line_labels(series: Sequence[Series], x: LogScale, y: LogScale, bounds: Box) -> Iterator[str]:
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
