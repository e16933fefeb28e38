"""The plot of accuracy against latency for one picture at a time, with the Pareto front."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from digit_infer.benchmark.report.marks import RADIUS, Box, Label, around, mark, placed
from digit_infer.benchmark.report.rows import is_null, is_sound, model_of, name_of, short_names
from digit_infer.benchmark.report.svg import LogScale, duration, line, path, picture, spanning, words, x_axis, y_axis
from digit_infer.benchmark.summary import Summary
from digit_infer.zoo.manifest import Accuracy

_TOP, _AXIS_HEIGHT, _ACCURACIES_WIDTH, _RIGHT = 26.0, 44.0, 62.0, 14.0


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
            *_labels(points, front, x, y, Box(_ACCURACIES_WIDTH + 2, _TOP - 8, width - 2, height - _AXIS_HEIGHT - 2)),
        ],
    )


def _steps(front: Sequence[Point], x: LogScale, y: LogScale, end: float) -> list[tuple[float, float]]:
    """Return the corners of the front's step line, up to the end of the plot."""
    steps: list[tuple[float, float]] = []
    for point in front:
        here = x(point.p50_us), y(_wrong(point))
        steps += [(here[0], steps[-1][1]), here] if steps else [here]
    return [*steps, (end, steps[-1][1])] if steps else []


def _labels(points: Sequence[Point], front: Sequence[Point], x: LogScale, y: LogScale, bounds: Box) -> Iterator[str]:
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
