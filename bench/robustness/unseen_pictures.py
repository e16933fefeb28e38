"""Kinds of pictures that training does not imitate, so the ink network cannot have learnt them.

The code that draws training pictures shares nothing with this file, and must not be changed to resemble it. Where
``drawn_pictures`` tests one condition at a time, these are whole scenes of phones, webcams and screens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from bench.robustness.mouse import drawn_by_mouse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bench.robustness.drawn_pictures import Draw, Kind

    Levels = NDArray[np.float64]


_WAVES = 6


def _written(digit: NDArray[np.uint8], side: int, share: float, draw: Draw, edge: float = 0.08) -> Levels:
    """Draw a digit on a square of ``side``, its frame ``share`` of it: float64 [side, side], 1 = ink."""
    frame = round(side * share)
    enlarged = np.asarray(Image.fromarray(digit).resize((frame, frame), Image.Resampling.LANCZOS), np.float64) / 255
    rise = np.clip((enlarged - 0.45 + edge) / (2 * edge), 0, 1)
    sheet = np.zeros((side, side))
    top, left = (int(draw.integers(side - frame + 1)) for _ in range(2))
    sheet[top : top + frame, left : left + frame] = rise * rise * (3 - 2 * rise)
    return sheet


def _picture(levels: NDArray[np.floating]) -> Image.Image:
    return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8))


def _mixed(one: Levels | float, other: Levels | float, share: Levels) -> Levels:
    mixed: Levels = (1 - share) * one + share * other
    return mixed


def _clouds(shape: tuple[int, int], spots: int, draw: Draw) -> Levels:
    """Return smooth random blobs of about -1 to 1, ``spots`` of them across: a sum of waves in random directions."""
    down, across = np.mgrid[: shape[0], : shape[1]] * (np.pi * spots / max(shape))
    clouds = np.zeros(shape)
    for turn, phase in draw.uniform(0, 2 * np.pi, (_WAVES, 2)):
        clouds += np.cos(draw.uniform(0.5, 1.2) * (np.cos(turn) * down + np.sin(turn) * across) + phase)
    spread: Levels = clouds / np.sqrt(_WAVES)
    return spread


def mouse(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Mouse strokes of one to three pixels."""
    return drawn_by_mouse(digit, draw)


def canvas_in_page(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A screenshot of a white page with a black drawing canvas and empty buttons."""
    width, height = int(draw.integers(320, 521)), int(draw.integers(320, 521))
    side = int(draw.uniform(0.5, 0.8) * min(width, height))
    left, top = (width - side) // 2 + int(draw.integers(-20, 21)), int(draw.uniform(0.2, 0.7) * (height - side))
    page = Image.new("L", (width, height), int(draw.integers(240, 256)))
    page.paste(_picture(255 * _written(digit, side, draw.uniform(0.6, 1), draw)), (left, top))
    pen = ImageDraw.Draw(page)
    for number in range(int(draw.integers(0, 3))):
        across, down = left + number * side // 2, top + side + 8
        pen.rounded_rectangle((across, down, across + side // 3, down + 16), 4, int(draw.integers(150, 236)))
    return page


def taped_sheet(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A sheet taped to a wall, seen from the side."""
    side, room = 300, 60
    scene = draw.uniform(70, 165) + 7 * _clouds((side, side), 60, draw) + 14 * _clouds((side, side), 3, draw)
    inner = side - 2 * room
    paper = _mixed(draw.uniform(205, 250), draw.uniform(25, 95), _written(digit, inner, draw.uniform(0.6, 0.95), draw))
    scene[room : side - room, room : side - room] = paper
    picture = _picture(scene).convert("RGBA")
    for down, across in ((room, room), (room, side - room), (side - room, room), (side - room, side - room)):
        if draw.random() < 0.75:
            strip = Image.new("RGBA", (44, 14), (*([int(draw.integers(170, 226))] * 3), 170))
            turned = strip.rotate(float(draw.uniform(-60, 60)), expand=True)
            picture.alpha_composite(turned, (across - turned.width // 2, down - turned.height // 2))
    away, rise = draw.uniform(-0.0012, 0.0012, 2)
    matrix = (1, draw.uniform(-0.1, 0.1), 0, draw.uniform(-0.1, 0.1), 1, 0, away, rise)
    seen = picture.convert("L").transform(
        (side, side), Image.Transform.PERSPECTIVE, matrix, Image.Resampling.BICUBIC, fillcolor=int(scene[0].mean())
    )
    return seen.crop((20, 20, side - 20, side - 20))


def chalk_board(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Chalk on a wiped board: grainy strokes on wide smudges."""
    side = 260
    board = draw.uniform(35, 75) + 6 * draw.standard_normal((side, side))
    wiped = np.abs(_clouds((side, side), 4, draw)) * draw.uniform(15, 45)
    ink = _written(digit, side, draw.uniform(0.55, 0.9), draw, 0.2)
    worn = np.clip(ink * (1 - draw.uniform(0.2, 0.6) * draw.random((side, side))), 0, 1)
    return _picture(_mixed(board + wiped, draw.uniform(205, 245), worn)).filter(ImageFilter.GaussianBlur(0.7))


def blind_stripes(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Sunlight through a window blind: bright and dark stripes with soft edges."""
    side = 280
    sheet = _mixed(draw.uniform(205, 240), draw.uniform(20, 70), _written(digit, side, draw.uniform(0.55, 0.95), draw))
    turn, pitch = draw.uniform(0, np.pi), draw.uniform(30, 90)
    down, across = np.mgrid[:side, :side]
    phase = 2 * np.pi * (np.cos(turn) * down + np.sin(turn) * across) / pitch + draw.uniform(0, 6)
    stripes = 0.5 + 0.5 * np.tanh(draw.uniform(1.5, 5) * np.sin(phase))
    return _picture(sheet * (1 - draw.uniform(0.25, 0.5) * stripes))


def checked_cloth(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A folded receipt on a checked cloth."""
    side, check = 300, int(draw.integers(14, 32))
    down, across = (np.arange(side) // check % 2 for _ in range(2))
    cloth = draw.uniform(120, 190) - draw.uniform(25, 50) * (down[:, None] + across[None, :])
    inner = int(draw.integers(150, 221))
    paper = _mixed(draw.uniform(215, 248), draw.uniform(30, 90), _written(digit, inner, draw.uniform(0.6, 0.95), draw))
    fold = draw.uniform(0.2, 0.8) * inner
    paper -= draw.uniform(10, 30) * np.maximum(0, 1 - np.abs(np.arange(inner) - fold) / 7)[:, None]
    paper[: int(fold)] *= draw.uniform(0.88, 0.97)
    return _laid(_picture(paper), _picture(cloth), draw.uniform(-25, 25), draw)


def _laid(paper: Image.Image, ground: Image.Image, degrees: float, draw: Draw) -> Image.Image:
    """Paste a rotated paper near the middle of a background."""
    turned, cut = (
        layer.rotate(float(degrees), Image.Resampling.BICUBIC, expand=True)
        for layer in (paper, Image.new("L", paper.size, 255))
    )
    left, top = ((ground.width - turned.width) // 2, (ground.height - turned.height) // 2)
    ground.paste(turned, (left + int(draw.integers(-15, 16)), top + int(draw.integers(-15, 16))), cut)
    return ground


def glared(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """Glossy paper with a lamp's reflection, and dark corners from the lens."""
    side = 280
    sheet = _mixed(draw.uniform(165, 205), draw.uniform(20, 70), _written(digit, side, draw.uniform(0.55, 0.95), draw))
    down, across = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    angle = np.arctan(np.hypot(down, across) * draw.uniform(0.4, 0.75))
    at, long, wide = draw.uniform(-0.8, 0.8, 2), draw.uniform(0.25, 0.6), draw.uniform(0.12, 0.3)
    spot = 1 / (1 + (((down - at[0]) / wide) ** 2 + ((across - at[1]) / long) ** 2) ** 2)
    return _picture(sheet * np.cos(angle) ** 4 + draw.uniform(40, 90) * spot)


def newspaper(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A marker across the small print of a newspaper."""
    side, row = 300, int(draw.integers(6, 10))
    page, grey = Image.new("L", (side, side), int(draw.integers(195, 226))), int(draw.integers(110, 160))
    pen = ImageDraw.Draw(page)
    for top in range(int(draw.integers(row)), side, row):
        left = int(draw.integers(-10, 5))
        while left < side:
            word = int(draw.integers(8, 34))
            for letter in range(left, left + word, 3):
                pen.line((letter, top + int(draw.integers(0, 2)), letter, top + row // 2), grey)
            left += word + int(draw.integers(4, 8))
    printed = np.asarray(page.filter(ImageFilter.GaussianBlur(0.6)), np.float64)
    ink = _written(digit, side, draw.uniform(0.65, 0.95), draw)
    return _picture(_mixed(printed, draw.uniform(10, 45), ink))


def screen_photo(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A photograph of a screen: moiré bands, and the screen's dark rim."""
    side, rim = 280, int(draw.integers(0, 26))
    ink = _written(digit, side - 2 * rim, draw.uniform(0.55, 0.95), draw)
    paper, pen = draw.uniform(185, 230), draw.uniform(25, 60)
    lit = _mixed(paper, pen, ink) if draw.random() < 0.6 else _mixed(pen, paper, ink)
    turn, pitch = draw.uniform(-0.1, 0.1), draw.uniform(2.1, 2.9)
    down, across = np.mgrid[: side - 2 * rim, : side - 2 * rim]
    cells = np.sin(2 * np.pi * (across + turn * down) / pitch) + np.sin(2 * np.pi * (down - turn * across) / pitch)
    bands = np.sin(2 * np.pi * (down * np.cos(turn * 9) + across * np.sin(turn * 9)) / draw.uniform(40, 120))
    shown = lit * (1 + 0.06 * cells + draw.uniform(0.02, 0.08) * bands)
    return _picture(np.pad(shown, rim, constant_values=draw.uniform(15, 40)))


def held_up(digit: NDArray[np.uint8], draw: Draw) -> Image.Image:
    """A sheet held up to a webcam: a blurred room, a thumb at the edge, grain."""
    width, height, inner = 360, 270, int(draw.integers(170, 221))
    room = draw.uniform(60, 150) + draw.uniform(20, 50) * _clouds((height, width), 5, draw)
    paper = _mixed(draw.uniform(190, 240), draw.uniform(20, 80), _written(digit, inner, draw.uniform(0.55, 0.85), draw))
    scene = _laid(_picture(paper), _picture(room), draw.uniform(-12, 12), draw)
    thumb = Image.new("L", scene.size, 0)
    across, down = (width - inner) // 2 - 6, draw.uniform(0.35, 0.8) * height
    ImageDraw.Draw(thumb).ellipse((across - 26, down - 11, across + 16, down + 11), 255)
    scene.paste(int(draw.integers(120, 185)), mask=thumb.filter(ImageFilter.GaussianBlur(1.5)))
    return _picture(np.asarray(scene, np.float64) + draw.uniform(2, 7) * draw.standard_normal((height, width)))


UNSEEN: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        mouse, canvas_in_page, taped_sheet, chalk_board, blind_stripes,
        checked_cloth, glared, newspaper, screen_photo, held_up,
    )
}  # fmt: skip
