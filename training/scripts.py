"""Glyphs of many scripts as single strokes: of A. V. Hershey's fonts of 1967, and thinned ones of DejaVu Sans.

Hershey's have Latin, Greek, Cyrillic, kana and signs, DejaVu Sans more scripts, letters with accents, and symbols.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from HersheyFonts import HersheyFonts
from PIL import Image, ImageDraw

from training.ink.print import dejavu
from training.ink.skeletons import Skeleton, skeletons

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

_THINNED = (
    "\u05d0\u05d4\u05d7\u05d8\u05db\u05de\u05e0\u05e2\u05e6\u05e9\u05ea",  # Hebrew
    "\u0628\u062a\u062b\u062c\u062e\u0633\u0634\u0635\u0636\u0637\u0638\u0641\u0643\u0646",  # Arabic
    "\u2d33\u2d34\u2d37\u2d38\u2d39\u2d3c\u2d3d\u2d3f\u2d44\u2d45\u2d49\u2d4c\u2d4d",
    "\u2d4e\u2d50\u2d56\u2d5c\u2d5d\u2d60\u2d61\u2d63\u2d65",  # Tifinagh
    "\u07cc\u07cd\u07ce\u07cf\u07d3\u07d8\u07d9\u07da\u07dc\u07e0\u07e6\u07e7",  # N'Ko
    "ᐁᐃᐅᐊᐌᐒᐯᐱᐳᐸᐺᑀᑌᑎᑐᑕᑗᑡᑭᑯᒋᒐᒥᒧᒪᒶᒻᓀᓄᓇᓓᓕᓗᓚᓬᓱᔓᔕᔨᔪᕂᕃᕄᕆᕒᕓᕕᕗᕚᕞᕟᕠᕡᕼᖠᖢᖤ",  # Canadian syllabics
    # operators
    "∀∁∆∇∈∉∏∐∑∓∔∗√∝∞∟∠∡∢∦∩∪∬∭∴∵∷∸∺∻∼∽≁≃≄≅≇≈≋≍≔≕≜≠≡≢≣≤≦≪≫≭≮⊂⊄⊆⊏⊐⊓⊔⊕⊗⊞⊟⊠⊢⊣⊥⊨⊩⊪⊬⋀⋁⋈⋉⋊⋋⋌⋎⋏⋐⋑⋒⋓⋔⋕⋯⋰⋱",
    # letters with accents
    "ÀÂÃÄÅÆÇÈÉÊËÎÏÐÑÙÛÜÝÞàâäåæçèéêëîïñùûüýþÿĄąĆćĐĒěĞĤħĴĶŁłŃňŒœŔřŢťŦŬŮŲŴŶƎƒƔƙƛƜƝƟƬƱƵǂǄǊ",
    # phonetic and Greek letters
    "ɐɑɒɕɖɤɥɦɧɨɪɫɬɮɯɰɱɲɳɴɶɷɸɹɺɻɾʀʁʄʇʉʊʌʍʎʏʗʘʜʝʞʟΓΔΛΞΠΣΦΨΩαγηκλμξπτυχψωϖϗϞϠϡϢϣϮϯϰϷ",
    # Cyrillic letters
    "АДЕЖИКЛМНПТУФХЦШЩЫЮЯавгджиклмнптухцшщыюяЂЄЉЊЋЎЏђѓєљњћџѠѢѤѦѨѪѬѱѶҊҖҚҢҤҦҪҬҰҲҴӁӃӇӋӕӜӢӮӶԂԈԊԔԖԘ",
    # symbols
    "⌂⌘⌤⌥⌦⌬⏏⎇☂☃☄☇☈☊☍☎☏☘☙☠☢☤☥☦☧☨☩☪☫☬☭☮☯☸☹☼♀♁♂♅♆♇♈♉♊♋♌♍♎♏♐♑♒♓♔♕♖♗♘♙♤♧♪♬♮♯♰♱⚐⚒⚓⚔⚕⚖⚗⚘⚙⚚⚛⚜⚠⚡⚢⚣⚤⚥⚦⚨⚴⚶⚷⚸",
    # symbols, currencies, letters of mathematics
    "✁✂✆✈✉✌✎✓✗✙✝✟✠✡✢✥✧✩✰✱✿❀❁❃❅❖❡❢❤❥❦❧₡₢₣₤₥₦₧₨₩₪₫€₭₮₯₱₵₹₺₽ℂℋℍℕℙℚℛℝℤℬℰℱℳ℞℟™℡ℵℷℸ⅀⅄",
    # shapes, brackets, Ogham, and more of Arabic
    "△▷▽◁◇◈◊◫◬◰◱◲◳▣▤▥▦▧▨▩□▢⟦⟧⟪⟫⟰⟱⟲⟳⟴⧎⧏⧐⧑⧒⧓⨁⨂⩽⩾⪅⪆⪋⪌ᚁᚂᚃᚄᚅᚆᚇᚈᚉᚊᚋᚌᚍᚎᚏᚑᚒᚓᚔᚕᚖᚗᚘᚙᚚءأإئةغقٹپڀڄچڇڕږژڜڞڦڤڪګگڳڵڻ",
    # arrows
    "←→↔↖↗↘↙↚↞↠↢↤↦↩↪↫↬↭↱↲↳↵↶↷⇄⇆⇐⇒⇔⇖⇗⇤⇥",
)
"""Characters of DejaVu Sans that resemble no digit.

Lao, Georgian and Armenian are left out: by them ``bench unseen`` judges.
"""

_THINNED_PX = 36
_FONT_PX = 26
"""The side of the image in which a glyph of DejaVu Sans is drawn to be thinned, and the height of the font."""


@cache
def thinned_glyphs() -> tuple[Skeleton, ...]:
    """Return the paths of the characters of DejaVu Sans."""
    font = dejavu("DejaVuSans", _FONT_PX)
    images = []
    for character in "".join(_THINNED):
        image = Image.new("L", (_THINNED_PX, _THINNED_PX))
        ImageDraw.Draw(image).text((_THINNED_PX / 2, _THINNED_PX / 2), character, 255, font, anchor="mm")
        images.append(np.asarray(image))
    return tuple(skeletons(np.stack(images)))


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
