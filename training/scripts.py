"""Glyphs of many scripts as single strokes: A. V. Hershey's fonts of 1967, with Latin, Greek, Cyrillic, kana and signs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from HersheyFonts import HersheyFonts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Lines = tuple[NDArray[np.float64], ...]
    """Each float64 [P, 2]: x to the right and y downwards; the glyph's longer side is 1"""

PRINTED_DIGITS = ("futural", "rowmans", "scripts", "cursive", "rowmand", "timesr", "timesi", "gothitt")
"""Fonts with modern digits, whose characters are those of their codes."""

_LIKE_DIGITS = frozenset("0123456789 OoQDIil|!/\\'`,;{}SsZzBbGgqj\x7f")
"""Characters that resemble a digit in print or handwriting; commas and braces of these fonts look like 9, 6 and 3."""

_MORE_LIKE_DIGITS: dict[str, frozenset[str]] = {
    "cyrilc_1": frozenset("HhXxc"),
    "japanese": frozenset("CLRkm\xa9\xac\xbe"),
}
"""The same of fonts whose characters stand for others: those are ze, che, u, shi, tsu, ru, ro, no, fu and wa."""

_LEFT_OUT = ("cyrillic", "meteorology")
"""The first has the glyphs of ``cyrilc_1`` at other characters, the second many straight lines, which are ones."""


@cache
def glyphs_of(font: str) -> Mapping[str, Lines]:
    """Return the glyphs of a font by their character, those without strokes left out."""
    loaded = HersheyFonts()
    loaded.load_default_font(font)
    found = {}
    for character, glyph in loaded.all_glyphs.items():
        lines = [np.array(line, np.float64) for line in glyph.strokes if len(line) > 1]
        if lines:
            points = np.concatenate(lines)
            low, size = points.min(axis=0), max(float(np.ptp(points, axis=0).max()), 1e-6)
            found[character] = tuple((line - low) / size for line in lines)
    return found


@cache
def letters_and_signs() -> tuple[Lines, ...]:
    """Return the glyphs of all fonts that look like no digit, each once."""
    like_digits = {
        _key(lines) for font in PRINTED_DIGITS for name, lines in glyphs_of(font).items() if name in _LIKE_DIGITS
    }
    found: dict[bytes, Lines] = {}
    for font in HersheyFonts().default_font_names:
        if font in _LEFT_OUT:
            continue
        like = _LIKE_DIGITS | _MORE_LIKE_DIGITS.get(font, frozenset())
        for character, lines in glyphs_of(font).items():
            if character not in like and _key(lines) not in like_digits:
                found.setdefault(_key(lines), lines)
    return tuple(found.values())


def _key(lines: Lines) -> bytes:
    return b"|".join(line.tobytes() for line in lines)
