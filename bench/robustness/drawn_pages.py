"""Pages as people write them, drawn around MNIST's test digits: numbers with signs between, forms, tables, turned sheets.

They measure how pages are read. No training uses them, and they share no code with the pictures for training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from bench.robustness.drawn_signs import PEN, sign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.dataset import Split

    Draw = np.random.Generator
    Ink = Image.Image
    """Mode L, 255 = ink"""

Page: TypeAlias = "Callable[[Split, Draw], tuple[Image.Image, str]]"
"""Test digits and a random generator -> a page and its text: / between lines, "" without a digit."""


def _digit(image: NDArray[np.uint8], height: int) -> Ink:
    """Draw a test digit so high, with a pen's sharp edges, cropped to its ink."""
    rows, columns = np.flatnonzero(image.max(axis=1) > 60), np.flatnonzero(image.max(axis=0) > 60)
    cut = Image.fromarray(image).crop((int(columns[0]) - 1, int(rows[0]) - 1, int(columns[-1]) + 2, int(rows[-1]) + 2))
    scale = height / (rows[-1] - rows[0] + 1)
    drawn = cut.resize((max(2, round(cut.width * scale)), max(2, round(cut.height * scale))), Image.Resampling.BICUBIC)
    sharp = Image.fromarray(np.clip((np.asarray(drawn, np.float32) - 115) * 4 + 128, 0, 255).astype(np.uint8))
    return sharp.crop(sharp.getbbox())


def _line(
    text: str, digits: Split, draw: Draw, height: int, gap: tuple[float, float] = (0.16, 0.4), *, any_pen: bool = False
) -> Ink:
    """Write a line of digits and signs, each digit of its own size and place; gaps as shares of the height.

    With ``any_pen``, each sign is drawn with a pen and at a size of its own.
    """
    things: list[tuple[Ink, float, float]] = []
    left = 0.0
    for character in text:
        if character == " ":
            left += draw.uniform(0.5, 0.8) * height
            continue
        if character.isdecimal():
            own = round(height * draw.uniform(0.88, 1.1))
            thing, top = _digit(_some(digits, int(character), draw), own), height - own + draw.normal(0, 0.03) * height
        else:
            size, pen = (draw.uniform(0.6, 1.1), draw.uniform(0.06, 0.2)) if any_pen else (1.0, PEN)
            thing, top = sign(character, round(size * height), draw, pen)
            top += (1 - size) / 2 * height
        things.append((thing, left, top))
        left += thing.width + draw.uniform(*gap) * height
    first = min(top for _, _, top in things)
    bottom = max(top + thing.height for thing, _, top in things)
    right = max(place + thing.width for thing, place, _ in things)
    ink = np.zeros((round(bottom - first) + 2, round(right) + 2), np.uint8)
    for thing, place, top in things:
        cut = ink[round(top - first) :, round(place) :][: thing.height, : thing.width]
        np.maximum(cut, np.asarray(thing)[: cut.shape[0], : cut.shape[1]], out=cut)
    return Image.fromarray(ink)


def _some(digits: Split, value: int, draw: Draw) -> NDArray[np.uint8]:
    return np.asarray(digits.images[draw.choice(np.flatnonzero(digits.labels == value))])


def _number(draw: Draw, low: int, high: int) -> str:
    return "".join(str(value) for value in draw.integers(0, 10, int(draw.integers(low, high + 1))))


def _sheet(inks: Sequence[tuple[Ink, int, int]], size: tuple[int, int], draw: Draw, *, degrees: float = 0.0) -> Image.Image:
    """Lay ink on paper at places (left, top), turn it, and scan it: light from one side, a soft lens, some grain."""
    ink = Image.new("L", size)
    for thing, left, top in inks:
        ink.paste(255, (left, top), thing)
    ink = ink.rotate(degrees, Image.Resampling.BICUBIC, expand=True)
    ink = ink.filter(ImageFilter.GaussianBlur(draw.uniform(0, 0.7)))
    paper, pen = draw.uniform(215, 255), draw.uniform(20, 100)
    light = draw.uniform(0, 12) * np.linspace(-0.5, 0.5, ink.width)[None, :]
    grey = paper + light + (pen - paper) * np.asarray(ink, np.float64) / 255
    grey += draw.normal(0, draw.uniform(0, 2.5), grey.shape)
    return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8))


def _written(
    text: str, digits: Split, draw: Draw, gap: tuple[float, float] = (0.16, 0.4), *, any_pen: bool = False
) -> tuple[Image.Image, str]:
    """Return a sheet with one line, and its digits; ``gap`` and ``any_pen`` as of ``_line``."""
    height = int(draw.integers(34, 90))
    ink = _line(text, digits, draw, height, gap, any_pen=any_pen)
    left, top, right, bottom = (int(side) for side in draw.uniform(0.4, 1.6, 4) * height)
    size = ink.width + left + right, ink.height + top + bottom
    return _sheet([(ink, left, top)], size, draw), "".join(filter(str.isdecimal, text))


def plain(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A number of 3 to 7 digits."""
    return _written(_number(draw, 3, 7), digits, draw)


def dates(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Day, month and year with slashes, points or hyphens."""
    day, month, year = draw.integers(1, 29), draw.integers(1, 13), draw.integers(1930, 2030)
    return _written(str(draw.choice(list("/.-"))).join((f"{day:02}", f"{month:02}", str(year))), digits, draw)


def decimals(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A number with a decimal point or comma, maybe with thousands set apart."""
    point, thousands = draw.permutation([".", ","])
    whole = f"{_number(draw, 1, 1)}{thousands}{_number(draw, 3, 3)}" if draw.random() < 0.2 else _number(draw, 1, 4)
    return _written(f"{whole}{point}{_number(draw, 1, 2)}", digits, draw)


def phones(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A phone number with spaces, a plus, brackets, hyphens or a slash."""
    area, rest = _number(draw, 2, 4), _number(draw, 4, 6)
    forms = (
        f"{area} {rest}",
        f"+{_number(draw, 2, 2)} {area} {rest}",
        f"({area}) {rest}",
        f"{area}-{rest}",
        f"{area}/{rest}",
    )
    return _written(forms[draw.integers(len(forms))], digits, draw)


def sums(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A sum, a difference, a product, or an amount of money."""
    one, other = (int(value) for value in draw.integers(2, 100, 2))
    amount = f"{_number(draw, 1, 3)}.{_number(draw, 2, 2)}"
    forms = f"{one}+{other}={one + other}", f"{one + other}-{one}={other}", f"{one}x{other}", f"€{amount}", f"${amount}"
    return _written(forms[draw.integers(len(forms))], digits, draw)


def signs(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Numbers and a sign, of its own size and by another pen."""
    one, other = _number(draw, 1, 3), _number(draw, 1, 3)
    forms = *(f"{one}{between}{other}" for between in "+x=±&"), f"#{one}", f"{one}%", f"{one}€", f"${one}"
    return _written(forms[draw.integers(len(forms))], digits, draw, (0.25, 0.5), any_pen=True)


def touching(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Three digits that touch: each is moved against the one before it until their ink meets."""
    height, text = int(draw.integers(40, 90)), _number(draw, 3, 3)
    ink = np.zeros((height * 2, height * 5), np.uint8)
    right = 0
    for number, character in enumerate(text):
        own = round(height * draw.uniform(0.9, 1.08))
        thing = np.asarray(_digit(_some(digits, int(character), draw), own))
        top = round(height * 1.3) - own
        left = max(0, right - thing.shape[1])
        if number:
            while (np.minimum(ink[top:, left:][: thing.shape[0], : thing.shape[1]], thing) > 128).sum() > 2:
                left += 1
        place = ink[top:, left:][: thing.shape[0], : thing.shape[1]]
        np.maximum(place, thing, out=place)
        right = left + thing.shape[1]
    line = Image.fromarray(ink)
    line = line.crop(line.getbbox())
    margin = height // 2
    return _sheet([(line, margin, margin)], (line.width + 2 * margin, line.height + 2 * margin), draw), text


def _rows(digits: Split, draw: Draw) -> tuple[list[tuple[Ink, int, int]], tuple[int, int], str]:
    """Write three or four lines of numbers."""
    height = int(draw.integers(36, 60))
    lines = [_number(draw, 4, 7) for _ in range(int(draw.integers(3, 5)))]
    inks = [
        (_line(line, digits, draw, height), height, round(height * (0.8 + 1.9 * row))) for row, line in enumerate(lines)
    ]
    size = max(ink.width for ink, _, _ in inks) + 2 * height, round(height * (1.2 + 1.9 * len(lines)))
    return inks, size, "/".join(lines)


def turned(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Lines of numbers on a page that lies on its side or upside down."""
    inks, size, text = _rows(digits, draw)
    return _sheet(inks, size, draw, degrees=90.0 * draw.integers(1, 4)), text


def skewed(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Lines of numbers on a page that is rotated by 10 to 30 degrees."""
    inks, size, text = _rows(digits, draw)
    return _sheet(inks, size, draw, degrees=float(draw.uniform(10, 30) * draw.choice([-1, 1]))), text


_BOXES = ("boxes", "apart", "comb")
_LABELS = (
    "Total:",
    "Date",
    "No.",
    "Meter reading",
    "Amount",
    "Name",
    "Phone",
    "Order no.",
    "Room",
    "kWh",
    "Postcode",
    "Sum",
)


def _print(text: str, height: int) -> Ink:
    font = ImageFont.load_default(height)
    left, top, right, bottom = map(int, font.getbbox(text))
    canvas = Image.new("L", (right - left + 2, bottom - top + 2))
    ImageDraw.Draw(canvas).text((1 - left, 1 - top), text, 255, font)
    return canvas


def labelled(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A printed label before or above a number, mostly with a line to write on."""
    height, text = int(draw.integers(36, 70)), _number(draw, 2, 6)
    label = _print(str(draw.choice(_LABELS)), round(height * draw.uniform(0.5, 0.9)))
    number = _line(text, digits, draw, height)
    above = draw.random() < 0.3
    left, top = (height, height + label.height + height // 2) if above else (label.width + 2 * height, height)
    base = top + number.height
    inks = [(label, height // 2, height if above else base - label.height), (number, left, top)]
    if draw.random() < 0.7:
        rule = Image.new("L", (number.width + 2 * height, int(draw.integers(1, 4))), 255)
        inks.append((rule, left - height // 3, base + height // 8))
    return _sheet(inks, (left + number.width + 3 * height, base + height), draw), text


def _grid(rows: int, columns: int, cell: tuple[int, int], pen: int, kind: str) -> Ink:
    """Draw boxes that share their sides, boxes apart, or a comb that is open at the top."""
    wide, high = cell
    canvas = Image.new("L", (columns * wide + pen, rows * high + pen))
    pencil = ImageDraw.Draw(canvas)
    for row in range(rows):
        for column in range(columns):
            left, top = column * wide, row * high
            right, bottom = left + wide, top + high
            if kind == "apart":
                pencil.rectangle((left, top, right - wide // 6, bottom - high // 6), outline=255, width=pen)
            elif kind == "comb":
                pencil.rectangle((left, bottom - pen, right, bottom), 255)
                for side in (left, right):
                    pencil.rectangle((side, top + high // 2, side + pen - 1, bottom), 255)
            else:
                pencil.rectangle((left, top, right + pen - 1, bottom + pen - 1), outline=255, width=pen)
    return canvas


def _form(rows: Sequence[str], digits: Split, draw: Draw, kind: str) -> tuple[Image.Image, str]:
    """Draw a form with a digit or nothing (a space) in each cell."""
    height = int(draw.integers(30, 60))
    cell = round(height * draw.uniform(1.35, 1.8)), round(height * draw.uniform(1.5, 1.9))
    pen = int(draw.integers(1, 5))
    grid = _grid(len(rows), len(rows[0]), cell, pen, kind)
    left, top = int(height * draw.uniform(0.5, 2)), int(height * draw.uniform(0.5, 2))
    inks: list[tuple[Ink, int, int]] = [(grid, left, top)]
    shrink = 5 / 6 if kind == "apart" else 1.0
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            if value != " ":
                own = round(height * draw.uniform(0.85, 1.05))
                thing = _digit(_some(digits, int(value), draw), own)
                room = cell[0] * shrink - thing.width, cell[1] * shrink - thing.height
                x = left + column * cell[0] + pen / 2 + room[0] * draw.uniform(0.4, 0.6)
                y = top + row * cell[1] + pen / 2 + room[1] * draw.uniform(0.4, 0.6)
                inks.append((thing, round(x), round(y)))
    if draw.random() < 0.3:
        label = _print(str(draw.choice(_LABELS)), round(height * 0.6))
        inks = [(thing, x, y + 2 * label.height) for thing, x, y in inks] + [(label, left, top // 2)]
        top += 2 * label.height
    size = grid.width + left + height, grid.height + top + height
    return _sheet(inks, size, draw), "/".join(line for row in rows if (line := row.replace(" ", "")))


def empty_forms(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A form that nobody has filled in: boxes, a comb or a table."""
    rows = 1 if draw.random() < 0.7 else int(draw.integers(2, 6))
    return _form([" " * int(draw.integers(3, 10))] * rows, digits, draw, str(draw.choice(_BOXES)))


def filled_boxes(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A row of boxes or a comb, full, or filled from the left."""
    text = _number(draw, 2, 8)
    return _form([text + " " * int(draw.integers(0, 4))], digits, draw, str(draw.choice(_BOXES)))


def tables(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """A ruled table with a digit in most cells."""
    rows, columns = (int(count) for count in draw.integers(3, 7, 2))
    cells = [[_number(draw, 1, 1) if draw.random() < 0.7 else " " for _ in range(columns)] for _ in range(rows)]
    return _form(["".join(row) for row in cells], digits, draw, "boxes")


def check_boxes(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Boxes with a tick, a cross or nothing, in lines, each before a number."""
    height = int(draw.integers(34, 60))
    inks: list[tuple[Ink, int, int]] = []
    lines: list[str] = []
    for row in range(int(draw.integers(2, 5))):
        top, side = round(height * (0.8 + 2 * row)), round(height * draw.uniform(0.9, 1.3))
        inks.append((_grid(1, 1, (side, side), 3, "boxes"), height, top))
        mark = str(draw.choice(["✓", "x", ""]))
        if mark:
            inks.append((sign(mark, round(height * 0.8), draw)[0], height + side // 4, top + side // 6))
        lines.append(_number(draw, 2, 4))
        inks.append((_line(lines[-1], digits, draw, height), height * 3, top))
    return _sheet(inks, (height * 9, round(height * (1 + 2 * len(lines)))), draw), "/".join(lines)


def sudokus(digits: Split, draw: Draw) -> tuple[Image.Image, str]:
    """Photograph a sudoku: printed digits, some cells filled by hand, light from one side, held at a slant."""
    cell = int(draw.integers(56, 80))
    side = 9 * cell
    ink = Image.new("L", (side + 2 * cell, side + 2 * cell))
    pencil = ImageDraw.Draw(ink)
    for number in range(10):
        pen, at = (4 if number % 3 == 0 else 1), cell + number * cell
        pencil.line((cell, at, cell + side, at), 255, pen)
        pencil.line((at, cell, at, cell + side), 255, pen)
    lines = []
    for row in range(9):
        line = ""
        for column in range(9):
            if draw.random() < 0.45 or (column == 8 and not line):
                value = int(draw.integers(1, 10))
                by_hand = draw.random() < 0.3
                thing = _digit(_some(digits, value, draw), cell // 2) if by_hand else _print(str(value), round(cell * 0.65))
                place = [
                    round(cell * (1.5 + at) - extent / 2) for at, extent in ((column, thing.width), (row, thing.height))
                ]
                ink.paste(255, (place[0], place[1]), thing)
                line += str(value)
        lines.append(line)
    sheet = Image.new("L", ink.size, int(draw.integers(190, 240)))
    sheet.paste(int(draw.integers(20, 80)), mask=ink)
    corners = np.array([(0, 0), (0, 1), (1, 1), (1, 0)]) * np.array(ink.size) + draw.uniform(-0.6, 0.6, (4, 2)) * cell
    quad = [float(place) for place in corners.ravel()]
    photo = sheet.transform(ink.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC, fillcolor=215)
    across = draw.uniform(-0.15, 0.15) * np.linspace(-1, 1, ink.width)[None, :]
    light = 1 + across + draw.uniform(-0.1, 0.1) * np.linspace(-1, 1, ink.height)[:, None]
    grey = np.asarray(photo, np.float64) * light + draw.normal(0, 3, photo.size[::-1])
    return Image.fromarray(np.clip(np.rint(grey), 0, 255).astype(np.uint8)), "/".join(lines)


PAGES: dict[str, Page] = {
    page.__name__: page
    for page in (
        plain, dates, decimals, phones, sums, labelled, touching, turned, skewed,
        empty_forms, filled_boxes, tables, check_boxes, sudokus, signs,
    )
}  # fmt: skip
