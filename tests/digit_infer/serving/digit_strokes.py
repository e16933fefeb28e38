"""How a hand draws each digit: strokes as points of a square, 0 to 1."""

from math import cos, pi, sin


def _arc(x: float, y: float, across: float, down: float, start: float, end: float) -> list[tuple[float, float]]:
    """Part of an ellipse, by degrees clockwise from its right."""
    turns = [start + (end - start) * step / 24 for step in range(25)]
    return [(x + across * cos(turn * pi / 180), y + down * sin(turn * pi / 180)) for turn in turns]


STROKES: dict[int, list[list[tuple[float, float]]]] = {
    0: [_arc(0.5, 0.5, 0.24, 0.38, -90, 270)],
    1: [[(0.5, 0.12), (0.5, 0.88)]],
    2: [[*_arc(0.5, 0.32, 0.22, 0.2, -170, 40), (0.28, 0.86), (0.75, 0.86)]],
    3: [[*_arc(0.48, 0.3, 0.2, 0.18, -160, 90), *_arc(0.48, 0.67, 0.24, 0.19, -90, 150)]],
    4: [[(0.38, 0.12), (0.26, 0.56), (0.74, 0.56)], [(0.62, 0.2), (0.6, 0.9)]],
    5: [[(0.7, 0.13), (0.36, 0.13), (0.33, 0.45), *_arc(0.46, 0.64, 0.25, 0.22, -110, 140)]],
    6: [[(0.62, 0.1), (0.42, 0.35), *_arc(0.5, 0.67, 0.2, 0.2, 190, 550)]],
    7: [[(0.27, 0.14), (0.73, 0.14), (0.44, 0.88)]],
    8: [[*_arc(0.5, 0.31, 0.17, 0.18, 90, 450), *_arc(0.5, 0.68, 0.21, 0.19, -90, 270)]],
    9: [[*_arc(0.49, 0.33, 0.19, 0.2, -20, -380), (0.68, 0.3), (0.62, 0.9)]],
}
