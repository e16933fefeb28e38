"""How rows look: a colour for each runtime, a shape for each precision, the same in every plot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from digit_infer.benchmark.report.plots.svg import element, group
from digit_infer.benchmark.report.remarks import is_sound
from digit_infer.benchmark.summary import Summary
from digit_infer.contract import PRECISIONS
from digit_infer.runtimes.protocol import RuntimeName

RADIUS = 5.0


def colour_class(runtime: RuntimeName) -> str:
    """Return the class of a runtime's colour, which the page's style sheet defines."""
    return f"runtime-{runtime}"


def mark(summary: Summary, x: float, y: float, tip: str) -> str:
    """Draw a row as a point; hollow where it is not sound."""
    state = "" if is_sound(summary) else " unsound"
    style = f"mark {colour_class(summary.row.configuration.runtime)}{state}"
    return group([shape(summary.row.artefact.precision, x, y)], tip, class_=style)


def shape(precision: str | None, x: float, y: float) -> str:
    """Draw the shape of a precision; a circle where it is not known."""
    kinds = [_circle, _diamond, _cross, _triangle, _square]
    number = PRECISIONS.index(precision) if precision in PRECISIONS else 0
    return kinds[number % len(kinds)](x, y)


def legend(summaries: Sequence[Summary], *, shapes: bool) -> str:
    """Return a line of HTML that says which colour is what, and which shape."""
    runtimes = dict.fromkeys(row.row.configuration.runtime for row in summaries)
    precisions = dict.fromkeys(row.row.artefact.precision for row in summaries)
    keys = [f"<span>{_key(_circle(7, 7), colour_class(name))} {name}</span>" for name in runtimes]
    keys += [f"<span>{_key(shape(name, 7, 7), 'plain')} {name}</span>" for name in precisions if name and shapes]
    return f'<p class="legend">{" ".join(keys)}</p>'


def _key(drawn: str, class_: str) -> str:
    return element(
        "svg",
        group([drawn], class_=f"mark {class_}"),
        width=14,
        height=14,
        viewBox="0 0 14 14",
        aria_hidden="true",
    )


def _polygon(*points: tuple[float, float]) -> Callable[[float, float], str]:
    def draw(x: float, y: float) -> str:
        return element("polygon", points=" ".join(f"{x + RADIUS * dx:.1f},{y + RADIUS * dy:.1f}" for dx, dy in points))

    return draw


def _circle(x: float, y: float) -> str:
    return element("circle", cx=x, cy=y, r=RADIUS)


_diamond = _polygon((0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0))
_square = _polygon((-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9))
_triangle = _polygon((0, -1.15), (1.1, 0.85), (-1.1, 0.85))
_cross = _polygon(
    *((-0.4, -1.1), (0.4, -1.1), (0.4, -0.4), (1.1, -0.4), (1.1, 0.4), (0.4, 0.4)),
    *((0.4, 1.1), (-0.4, 1.1), (-0.4, 0.4), (-1.1, 0.4), (-1.1, -0.4), (-0.4, -0.4)),
)
