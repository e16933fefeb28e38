"""Pictures as users take them, drawn from MNIST's digits: paper, light, pens and cameras, one function per kind.

They are no photographs; they show which conditions a normaliser handles, one at a time, with a thousand digits each, where
collections of real pictures have a few dozen and do not tell why one failed.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ink = NDArray[np.floating]
    """[H, W], 0 to 1: amount of ink"""

    Draw = np.random.Generator

Kind: TypeAlias = "Callable[[NDArray[np.uint8], Draw], Image.Image]"
"""A digit uint8 [28, 28] in MNIST's form and a random generator -> a picture"""

_SIDE = 280


def _ink(digit: NDArray[np.uint8], draw: Draw, height: int = _SIDE, width: int = _SIDE, size: float | None = None) -> Ink:
    """Place a digit at random on a sheet; its 28-pixel frame takes ``size`` of the shorter side, by default half to all."""
    side = round((size or draw.uniform(0.5, 1)) * min(height, width))
    drawn = Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC)
    sheet = np.zeros((height, width), np.float32)
    top, left = int(draw.integers(height - side + 1)), int(draw.integers(width - side + 1))
    sheet[top : top + side, left : left + side] = np.asarray(drawn, np.float32) / 255
    return sheet


def _sharp(ink: Ink, threshold: float = 0.5) -> Ink:
    """Sharpen the edges of an enlarged digit to those of a pen."""
    sharp: Ink = np.clip((ink - threshold) * 6 + 0.5, 0, 1)
    return sharp


def _grey(values: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _on_paper(ink: Ink, draw: Draw, paper: float | None = None) -> NDArray[np.floating]:
    """Draw ink on paper, darker by 90 to 170 grey levels."""
    ground = draw.uniform(190, 245) if paper is None else paper
    result: NDArray[np.floating] = ground - ink * draw.uniform(90, 170)
    return result


def _slope(shape: tuple[int, ...], draw: Draw, span: float) -> NDArray[np.float64]:
    """Return a linear light gradient of up to ``span`` grey levels in a random direction."""
    angle = draw.uniform(0, 2 * np.pi)
    rows, columns = np.linspace(-0.5, 0.5, shape[0]), np.linspace(-0.5, 0.5, shape[1])
    slope: NDArray[np.float64] = span * (np.sin(angle) * rows[:, None] + np.cos(angle) * columns)
    return slope


def drawn_out(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """280 x 280 with random shift, scale, inversion, background level and light gradient."""
    sheet = _ink(digit, draw)
    ground, contrast = draw.uniform(0, 60), draw.uniform(100, 170)
    lit = ground + contrast * sheet + _slope(sheet.shape, draw, draw.uniform(0, 40))
    return _grey(255 - lit if draw.random() < 0.5 else lit)


def _lines(shape: tuple[int, int], draw: Draw, *, across: bool, down: bool) -> NDArray[np.float64]:
    """Return how much printed lines darken the paper: float64 [H, W], in grey levels."""
    pitch, width, dark = int(draw.integers(18, 60)), int(draw.integers(1, 3)), draw.uniform(20, 70)
    rows, columns = (np.arange(size) + int(draw.integers(pitch)) for size in shape)
    printed = np.zeros(shape, np.bool_)
    if across:
        printed |= (rows % pitch < width)[:, None]
    if down:
        printed |= (columns % pitch < width)[None, :]
    lines: NDArray[np.float64] = printed.astype(np.float64) * dark
    return lines


def lined(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Lined paper."""
    ink = _sharp(_ink(digit, draw))
    return _grey(np.minimum(_on_paper(ink, draw, 225), 225 - _lines((_SIDE, _SIDE), draw, across=True, down=False)))


def squared(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Squared paper."""
    ink = _sharp(_ink(digit, draw))
    return _grey(np.minimum(_on_paper(ink, draw, 225), 225 - _lines((_SIDE, _SIDE), draw, across=True, down=True)))


def framed(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A digit in the box of a form: a printed frame around it, as dark as the ink."""
    ink = _sharp(_ink(digit, draw, size=draw.uniform(0.5, 0.8)))
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    sheet = Image.fromarray((ink * 255).astype(np.uint8))
    box = [columns[0] - 14, rows[0] - 14, columns[-1] + 14, rows[-1] + 14]
    margin = draw.integers(0, 20, 4) * np.array([-1, -1, 1, 1])
    ImageDraw.Draw(sheet).rectangle([int(edge) for edge in box + margin], outline=int(draw.integers(120, 256)), width=2)
    return _grey(_on_paper(np.asarray(sheet, np.float32) / 255, draw))


def shadowed(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A soft-edged shadow over part of the sheet."""
    ink = _sharp(_ink(digit, draw))
    side = _slope(ink.shape, draw, 1.0) + draw.uniform(-0.3, 0.3)
    shade = 1 - draw.uniform(0.2, 0.5) / (1 + np.exp(-side * draw.uniform(10, 60)))
    return _grey(_on_paper(ink, draw) * shade)


def on_table(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A slip of paper on a darker table, with its edges in the picture."""
    slip = _on_paper(_sharp(_ink(digit, draw, 220, 220)), draw, draw.uniform(200, 245))
    table = _grey(np.full((_SIDE, _SIDE), draw.uniform(30, 110)) + _slope((_SIDE, _SIDE), draw, 30))
    turned = _grey(slip).rotate(draw.uniform(-8, 8), Image.Resampling.BICUBIC, expand=True)
    left, top = (int(number) for number in draw.integers(-10, 60, 2))
    shape = Image.new("L", turned.size, 0)
    corner = (turned.width - 220) // 2, (turned.height - 220) // 2
    shape.paste(255, (corner[0], corner[1], corner[0] + 220, corner[1] + 220))
    table.paste(turned, (left, top), shape.filter(ImageFilter.MinFilter(25)))
    return table


def small(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A small digit on a large page."""
    return _grey(_on_paper(_sharp(_ink(digit, draw, 600, 800, size=draw.uniform(0.08, 0.2))), draw))


def tight(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Cropped to the ink."""
    picture = _grey(_on_paper(_sharp(_ink(digit, draw)), draw))
    dark = np.asarray(picture) < np.asarray(picture).max() - 40
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return picture.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))


def leaning(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A perspective distortion, as from a slanted camera."""
    picture = _grey(_on_paper(_sharp(_ink(digit, draw, size=0.75)), draw, 225))
    corners = np.array([(0, 0), (0, _SIDE), (_SIDE, _SIDE), (_SIDE, 0)]) + draw.uniform(-30, 30, (4, 2))
    return picture.transform(
        (_SIDE, _SIDE),
        Image.Transform.QUAD,
        [float(place) for place in corners.ravel()],
        Image.Resampling.BICUBIC,
        fillcolor=225,
    )


def noisy(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Low light, noise and strong JPEG compression."""
    lit = _on_paper(_sharp(_ink(digit, draw)), draw, draw.uniform(150, 220))
    stored = io.BytesIO()
    _grey(lit + draw.normal(0, draw.uniform(5, 18), lit.shape)).save(stored, "JPEG", quality=int(draw.integers(20, 60)))
    return Image.open(stored)


def coloured(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A coloured pen on coloured paper."""
    ink = _sharp(_ink(digit, draw))[..., None]
    pen = np.array([(20, 40, 160), (190, 30, 40), (20, 120, 50), (120, 40, 140), (200, 90, 20)])[draw.integers(5)]
    papers = np.array([(250, 248, 240), (255, 245, 170), (200, 225, 250), (255, 215, 220), (215, 240, 205)])
    paper = papers[draw.integers(5)]
    return Image.fromarray(np.rint(paper + ink * (pen - paper)).astype(np.uint8))


def highlighted(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A highlighter on white paper: little contrast in luminance, much in colour."""
    ink = _sharp(_ink(digit, draw))[..., None]
    pen = np.array([(255, 240, 60), (255, 205, 230), (190, 245, 190), (180, 235, 255)])[draw.integers(4)]
    return Image.fromarray(np.rint(252 + ink * (pen - 252.0)).astype(np.uint8))


def thin(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A thin pen."""
    return _grey(_on_paper(_sharp(_ink(digit, draw), draw.uniform(0.75, 0.85)), draw))


def thick(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A marker."""
    ink = Image.fromarray((_sharp(_ink(digit, draw)) * 255).astype(np.uint8))
    return _grey(_on_paper(np.asarray(ink.filter(ImageFilter.MaxFilter(9)), np.float32) / 255, draw))


def see_through(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Transparent background, as drawing programs store it."""
    ink = _sharp(_ink(digit, draw))
    level = int(draw.integers(0, 90)) if draw.random() < 0.5 else int(draw.integers(200, 256))
    pixels = np.zeros((*ink.shape, 4), np.uint8)
    pixels[..., :3] = level
    pixels[..., 3] = np.rint(ink * 255)
    return Image.fromarray(pixels)


def specked(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Dust and crumbs."""
    sheet = Image.fromarray((_sharp(_ink(digit, draw)) * 255).astype(np.uint8))
    pen = ImageDraw.Draw(sheet)
    for _ in range(int(draw.integers(5, 40))):
        x, y, size = draw.uniform(0, _SIDE), draw.uniform(0, _SIDE), draw.uniform(0.5, 4)
        pen.ellipse((x - size, y - size, x + size, y + size), int(draw.integers(80, 256)))
    return _grey(_on_paper(np.asarray(sheet, np.float32) / 255, draw))


def crowded(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Parts of neighbours at the edges, as from a careless crop."""
    ink = _sharp(_ink(digit, draw, size=0.6))
    sheet = Image.fromarray((ink * 255).astype(np.uint8))
    pen = ImageDraw.Draw(sheet)
    for _ in range(int(draw.integers(1, 4))):
        x, start = int(draw.choice([0, 2, _SIDE - 3, _SIDE - 1])), draw.uniform(0, _SIDE - 60)
        pen.line((x, start, x + draw.uniform(-6, 6), start + draw.uniform(20, 80)), 255, int(draw.integers(3, 9)))
    return _grey(_on_paper(np.asarray(sheet, np.float32) / 255, draw))


def canvas(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Pure white on black or black on white, anywhere on a canvas."""
    ink = _ink(digit, draw) > 0.5
    return _grey(255.0 * (ink if draw.random() < 0.5 else ~ink))


def lamp_lit(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Light from above the middle, with dark corners."""
    rows, columns = (np.linspace(-1, 1, _SIDE) - draw.uniform(-0.4, 0.4) for _ in range(2))
    light = 1 - draw.uniform(0.15, 0.4) * (rows[:, None] ** 2 + columns**2)
    return _grey(_on_paper(_sharp(_ink(digit, draw)), draw) * light)


def circled(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A circle around the digit, by the same pen."""
    ink = _sharp(_ink(digit, draw, size=draw.uniform(0.4, 0.6)))
    edges = [
        (int(where[0]), int(where[-1])) for where in (np.flatnonzero(ink.any(axis=0)), np.flatnonzero(ink.any(axis=1)))
    ]
    sheet = Image.fromarray(np.pad(ink * 255, _SIDE // 4).astype(np.uint8))
    reach = 8 + 0.7 * max(last - first for first, last in edges)
    middle = [_SIDE // 4 + (first + last) / 2 + draw.uniform(-4, 4) for first, last in edges]
    round_it = [middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach]
    ImageDraw.Draw(sheet).ellipse(round_it, outline=255, width=int(draw.integers(3, 8)))
    return _grey(_on_paper(np.asarray(sheet, np.float32) / 255, draw))


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        drawn_out, lined, squared, framed, shadowed, on_table, small, tight, leaning,
        noisy, coloured, highlighted, thin, thick, see_through, specked, crowded, canvas, lamp_lit, circled,
    )
}  # fmt: skip
