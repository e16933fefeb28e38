"""Draws the pictures of this folder: ``python examples/draw.py``. The same bytes every time, on one version of Pillow.

Half of them are MNIST test images on other grounds, half are strokes drawn here with a round pen.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from digit_infer import dataset

FOLDER = Path(__file__).parent
_OVERSAMPLING = 4

Point = tuple[float, float]

# Strokes as points in a unit square, x to the right and y down.
THREE: list[list[Point]] = [
    [(0.25, 0.2), (0.45, 0.1), (0.65, 0.15), (0.7, 0.3), (0.6, 0.42), (0.42, 0.47)],
    [(0.42, 0.47), (0.65, 0.5), (0.75, 0.65), (0.68, 0.82), (0.48, 0.9), (0.25, 0.82)],
]
FOUR: list[list[Point]] = [[(0.55, 0.1), (0.2, 0.6), (0.8, 0.58)], [(0.62, 0.35), (0.58, 0.92)]]
FIVE: list[list[Point]] = [
    [(0.72, 0.12), (0.34, 0.12), (0.3, 0.45), (0.5, 0.4), (0.68, 0.5), (0.72, 0.68), (0.6, 0.85), (0.4, 0.9), (0.25, 0.82)]
]


def strokes(points: list[list[Point]], size: tuple[int, int], box: tuple[int, int, int, int], pen: int) -> Image.Image:
    """Draw strokes with a round pen into the box (left, top, right, bottom): a mask, 255 = ink."""
    scale = _OVERSAMPLING
    mask = Image.new("L", (size[0] * scale, size[1] * scale))
    draw = ImageDraw.Draw(mask)
    left, top, right, bottom = box
    for stroke in points:
        path = [((left + x * (right - left)) * scale, (top + y * (bottom - top)) * scale) for x, y in stroke]
        draw.line(path, fill=255, width=pen * scale, joint="curve")
        radius = pen * scale / 2
        for x, y in (path[0], path[-1]):
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return mask.resize(size, Image.Resampling.BOX)


def enlarged(index: int, side: int) -> Image.Image:
    """Enlarge an MNIST test image: a mask, 255 = ink."""
    return Image.fromarray(dataset.load("test").images[index]).resize((side, side), Image.Resampling.BICUBIC)


def inked(ground: Image.Image, mask: Image.Image, ink: tuple[int, int, int], at: Point = (0, 0)) -> Image.Image:
    """Put ink on a ground through a mask."""
    picture = ground.convert("RGB")
    picture.paste(Image.new("RGB", mask.size, ink), (int(at[0]), int(at[1])), mask)
    return picture


def seven() -> Image.Image:
    """MNIST test image 0, black on white."""
    return inked(Image.new("L", (280, 280), 255), enlarged(0, 280), (0, 0, 0))


def two_on_a_blackboard() -> Image.Image:
    """MNIST test image 1, in chalk on a dusty board, off the middle."""
    noise = np.random.default_rng(1).normal(60, 8, (300, 400))
    board = Image.fromarray(noise.clip(0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(1))
    return inked(board, enlarged(1, 240), (225, 225, 215), (120, 30))


def zero_in_poor_light() -> Image.Image:
    """MNIST test image 3, in pencil on paper that is lit from the left, as a JPEG of a camera."""
    light = np.linspace(215, 165, 480)[None, :] + np.random.default_rng(3).normal(0, 4, (360, 480))
    paper = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    return inked(paper, enlarged(3, 260), (70, 70, 75), (110, 50))


def nine_from_mnist() -> Image.Image:
    """MNIST test image 7 as it is: 28 x 28, white on black."""
    return Image.fromarray(dataset.load("test").images[7])


def three_in_red_marker() -> Image.Image:
    """A thick red marker that fills the sheet."""
    return inked(Image.new("L", (200, 260), 250), strokes(THREE, (200, 260), (10, 10, 190, 250), 26), (200, 30, 40))


def four_in_blue_pen() -> Image.Image:
    """A thin blue pen, small in a large page."""
    return inked(Image.new("L", (640, 480), 252), strokes(FOUR, (640, 480), (380, 220, 500, 380), 5), (30, 50, 160))


def five_on_nothing() -> Image.Image:
    """Black on a transparent ground, as a drawing program exports it."""
    mask = strokes(FIVE, (256, 256), (40, 30, 216, 226), 14)
    picture = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    picture.putalpha(mask)
    return picture


PICTURES = {
    "seven.png": seven,
    "two_on_a_blackboard.png": two_on_a_blackboard,
    "zero_in_poor_light.jpg": zero_in_poor_light,
    "nine_from_mnist.png": nine_from_mnist,
    "three_in_red_marker.png": three_in_red_marker,
    "four_in_blue_pen.png": four_in_blue_pen,
    "five_on_nothing.png": five_on_nothing,
}


if __name__ == "__main__":
    for name, draw in PICTURES.items():
        draw().save(FOLDER / name)
