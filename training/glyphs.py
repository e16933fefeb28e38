"""Signs that are no digits, as strokes of a pen: letters, Greek letters, and marks.

A stroke is a row of points ``xy`` on a grid of ten by ten, x to the right and y downwards; ``~`` in front bends it. Signs
that many hands write as they write a digit (O, I, l, S, Z, D, b, g, q) are left out: no network could tell those apart.
"""

from __future__ import annotations

from dataclasses import dataclass

LETTERS = """
09 40 89|26 76            ; ~81 50 14 49 88           ; 80 00 09 89|04 64          ; 80 00 09|04 64
00 09|80 89|04 84         ; 00 09|80 04 89            ; 00 09 79                   ; 09 00 45 80 89
09 00 89 80               ; 09 00|~00 70 82 64 05     ; 09 00|~00 70 82 64 05|04 89; 00 90|50 59
~00 06 49 86 80           ; 00 49 90                  ; 00 29 43 69 90             ; 00 89|80 09
00 45 80|45 49            ; ~70 76 49 07              ; 30 80|~60 67 39 07
~74 53 15 18 48 74|73 79  ; 70 79|~74 53 15 18 48 77  ; ~05 75 63 33 15 28 78      ; ~81 50 43 49|14 74
00 09|~05 43 75 79        ; 10 19|64 15 79            ; 03 09|~04 23 45 49|~45 63 85 89; 03 09|~04 43 75 79
13 19|~15 43 63           ; ~40 47 59 78|13 73        ; ~03 07 48 74|83 79         ; 03 49 83
03 29 45 69 83            ; 03 89|83 09               ; 00 09|~01 50 73 55 04      ; ~82 50 24 45 76 58 18|50 59
"""

GREEK = """
~82 58 18 05 22 52 88     ; ~82 66 39 16 23 52 77 89  ; ~19 12 40 62 44 34|~44 76 58 27 17; ~02 33 57 49 38 57 82
~71 31 23 54|~54 15 28 78   ; ~73 42 24 46|~46 17 39 78
~40 13 16 49 76 73 40|14 74; 10 30 89|45 09           ; ~10 31 46 89|45 09         ; 02 92|22 29|72 79
~02 42 92|~32 26 19|~62 66 89; ~93 53 15 28 58 75 43  ; 80 00 45 09 89             ; ~23 06 29 46 69 96 73
~43 15 47 75 43|40 59     ; ~00 05 47 85 80|40 49     ; ~02 07 47 72|~72 76 88|02 09; 02 47|~82 66 47 49
00 45|80 29               ; ~00 14 45|90 45 19        ; ~02 11 32 45|80 45 19      ; ~03 21 33 46|90 46 29
~40 13 16 49 76 73 40|~25 45 54 64; ~80 40 12 33 53|~43 14 17 48 87; ~10 22 45|80 45 38   ; ~00 21 34 47|90 47 19
09 40 89 09               ; ~29 35 13 30 70 83 65 79|09 29|79 99; 00 80|04 84|09 89
"""

MARKS = """
40 49|04 84               ; 03 83|06 86               ; 20 19|70 69|03 93|06 96    ; ~12 20 60 72 45 46|48 49
00 80 88 08 00            ; 40 08 88 40               ; 05 28 90
04 94|71 94 77            ; 40 49|12 87|82 17         ; 90 09|~01 10 21 12 01|~77 87 88 78 77; ~89 21 40 51 17 38 86
20 79 04 94 29 40         ; ~42 21 04 49 84 71 42     ; ~45 54 65 57 34 42 83 87 39 05; ~05 23 46 65 84
00 45 09                  ; 80 05 89                  ; 07 12 27 42 57 72 87       ; ~62 34 46 64 62 75 84 60 13 17 69
~20 23 04 26 29           ; ~15 48 75|32 33|62 63     ; 00 03|30 33                ; 00 90 99 09 00|33 66|63 36
20 29|60 69               ; 00 80 04 84               ; 05 95
"""


@dataclass(frozen=True)
class Stroke:
    """Points (x, y) in 0..1, and whether they are joined by a curve."""

    points: tuple[tuple[float, float], ...]
    bends: bool


def parsed(text: str) -> tuple[tuple[Stroke, ...], ...]:
    """Parse signs in the notation above."""
    signs = text.replace("\n", ";").split(";")
    return tuple(tuple(_stroke(stroke) for stroke in sign.split("|")) for sign in signs if sign.strip())


def _stroke(text: str) -> Stroke:
    points = text.replace("~", "").split()
    return Stroke(tuple((int(point[0]) / 9, int(point[1]) / 9) for point in points), "~" in text)


SIGNS: tuple[tuple[Stroke, ...], ...] = parsed(LETTERS + GREEK + MARKS)
