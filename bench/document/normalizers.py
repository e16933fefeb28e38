"""``docs/normalizer.md``: the design of the picture path, from a file to 28 x 28, and what it comes to beside others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from bench.document.picture_path import PICTURE
from bench.normalizers.command import RECORD
from bench.normalizers.command import SCHEMA as RECORD_SCHEMA
from bench.normalizers.recipes import OURS
from bench.picture_path import STAGES
from bench.recording import RESULTS, SCHEMA
from bench.robustness.command import REAL_PICTURES
from bench.robustness.command import SCHEMA as REAL_SCHEMA
from bench.robustness.real_pictures import Kind, in_all, mean_share
from export.stored import stored_document
from training.report.page import document, paragraph, table

RULES = RESULTS / "normalizers_rules.json"
"""What the rules that the ink network replaced came to, as recorded at commit b7ae44c, before they were deleted."""

TIMES = RESULTS / "picture_path.json"
AGAIN = "python -m bench normalizers FOLDER"
_RULES = "our rules of before"


def normalizers_page() -> str:
    """Return the page from the records.

    Raises:
        ExportError: something is not recorded.
    """
    rules = json.loads(RULES.read_text(encoding="utf-8"))
    with (
        stored_document(RECORD, RECORD_SCHEMA, AGAIN) as stored,
        stored_document(REAL_PICTURES, REAL_SCHEMA, "python -m bench real-pictures FOLDER") as real,
        stored_document(TIMES, SCHEMA, "python -m bench picture-path") as times,
    ):
        return page(stored, rules, real, times)


def page(stored: Mapping[str, Any], rules: Mapping[str, Any], real: Mapping[str, Any], times: Mapping[str, Any]) -> str:
    """Return the page from what the records hold."""
    return document(
        [
            "# From a picture to 28 × 28",
            *_how(),
            *_real(real["folders"], stored["model"]),
            *_beside(stored, rules),
            *_times(times),
            *_costs(stored),
        ]
    )


_STAGES = """\
1. **Decode** (`image/decode.py`). Any file or array becomes one grey picture, upright. A large JPEG is decoded at a half, a
   quarter or an eighth of its size. A transparent background becomes white or black, whichever the strokes differ from.
   Where brightness hardly differs and colour does, the grey is that of the colour.
2. **Plain look** (`image/plain_look.py`). The background is taken for a plane of grey; what differs from it, darker or
   lighter, is ink beyond Otsu's threshold. Pieces of ink that belong together are the digit (`image/one_digit.py`). This
   is cheap, and exact on canvases and clean scans. The look also says whether the picture is clean: an even background, no
   ink left out, nothing solid, nothing that touches the edge.
3. **Judge** (`judge.py`). The classifier answers what the plain look found. The answer is believed where the picture is
   clean and the confidence is high; a picture that is in MNIST's own form already needs no look at all.
4. **Network look** (`image/network_look.py`). Elsewhere the ink network marks how much ink of handwriting each pixel of a
   128 × 128 view holds: paper, tables, shadows, printed lines and frames are none. A small digit is cut out and looked at
   again. It is loaded when the first picture needs it. The judge compares both answers by confidence.
5. **MNIST's form** (`image/mnist_form.py`). Ink is scaled by area into a box of 20 × 20 and moved by whole pixels until its
   centre of mass lies in the middle (LeCun et al. 1998; facebookresearch/qmnist documents the procedure).

Pieces of like size apart from each other are asked about one by one: if they are surely digits, the answer is "several
digits", which `is_digit` does not call a digit. Without ink, or below `reject_below`, it is "no digit"."""


def _how() -> Iterator[str]:
    yield paragraph("""A picture goes through five stages. Which look at it is believed is decided in one place, the judge;
        `Prediction.look` says which it was, and `digit-infer predict photo.jpg --explain why.png` draws it.""")
    yield _STAGES
    yield f"![Four pictures, the ink that was seen, what the classifier saw, and its answer]({PICTURE})"
    yield paragraph("""From top to bottom: a clean canvas, which the plain look answers; a sheet in shadow and a sheet on a
        table, which the ink network answers; several digits. From left to right: the picture with the box of its ink, the
        ink, the image of 28 × 28, the probabilities. `python -m bench.document` draws it.""")


def _real(folders: Mapping[str, Any], model: str) -> Iterator[str]:
    yield "## Real pictures, and kinds that people report"
    yield paragraph(f"""Pictures of folders that are kept outside the project, answered by `{model}` with `python -m bench
        real-pictures`. They served the choice of the network and of the judge's numbers. A picture without a single digit
        is right if it is rejected.""")
    lines = []
    for name, folder in folders.items():
        measured = folder["models"][model]
        for ask in ("predict", "read"):
            kinds = {kind: Kind(**found) for kind, found in measured[ask].items()}
            if kinds:
                total, least = in_all(kinds), min(kinds, key=lambda kind: kinds[kind].share)
                worst = f"{least.replace('_', ' ')}, {100 * kinds[least].share:.1f} %"
                counted = f"{total.right:,} of {total.pictures:,}"
                lines.append([name, ask, str(len(kinds)), counted, f"{100 * mean_share(kinds):.1f} %", worst])
    yield table(["folder", "asked", "kinds:", "right:", "mean over kinds:", "worst kind"], lines)
    for name, folder in folders.items():
        measured = folder["models"][model]
        nothing, at_99 = measured["no_digits"], measured["rejected_at_99"]
        if nothing["pictures"] and at_99:
            yield paragraph(f"""Of the {nothing["pictures"]} pictures without a single digit in `{name}`,
                {nothing["rejected"]} are rejected as installed, and {at_99["rejected"]} where 99 % of the right digits are
                kept (confidence of {at_99["below"]:.3f} or more).""")


def _beside(stored: Mapping[str, Any], rules: Mapping[str, Any]) -> Iterator[str]:
    drawn, unseen, real = stored["drawn"], stored["unseen"], stored["real"]
    each = next(iter(drawn[OURS.name]["pictures"].values()))
    folders = ", ".join(f"`{name}` ({sum(of[OURS.name]['pictures'].values()):,})" for name, of in real.items())
    yield "## Beside what a user would write or install"
    yield paragraph(f"""Each answers the same files of one digit: {each:,} of each kind that are drawn around test digits
        (`bench/robustness`), and the labelled single digits of {folders or "no folder"}. The recipes with OpenCV and
        scikit-image stand in front of `{stored["model"]}`; RapidOCR and Tesseract bring networks of their own, for print.
        `{_RULES}` is what the normaliser without a network came to, as recorded before it was deleted. `{AGAIN}` counts,
        and times from file to answer; a time is processor time, so threads count.""")
    names = list(drawn)
    before = rules["drawn"][OURS.name]
    lines = [_line(kind, drawn, names, _share(before, kind)) for kind in drawn[OURS.name]["pictures"]]
    lines.append(_total("all drawn", drawn, names, _share(before)))
    lines += [_line(kind, unseen, names, "") for kind in unseen[OURS.name]["pictures"]]
    lines.append(_total("all kinds that training never imitates", unseen, names, ""))
    for name, of_recipes in real.items():
        known = rules["real"][OURS.name] if _is_same(of_recipes[OURS.name], rules["real"][OURS.name]) else None
        for kind in of_recipes[OURS.name]["pictures"]:
            lines.append(_line(kind, of_recipes, names, "" if known is None else _share(known, kind), f"{name}, "))
        lines.append(_total(f"all of {name}", of_recipes, names, "" if known is None else _share(known)))
    lines.append(["µs a drawn picture, median", *(f"{drawn[name]['median_us']:,.0f}" for name in names), ""])
    yield table(["pictures", *(f"{drawn[name]['written']}:" for name in names), f"{_RULES}:"], lines)


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two entries counted the same pictures."""
    return bool(one["pictures"] == other["pictures"])


def _line(kind: str, entries: Mapping[str, Any], names: list[str], before: str, folder: str = "") -> list[str]:
    return [folder + kind.replace("_", " "), *(_share(entries[name], kind) for name in names), before]


def _total(what: str, entries: Mapping[str, Any], names: list[str], before: str) -> list[str]:
    return [f"**{what}**", *(f"**{_share(entries[name])}**" for name in names), f"**{before}**" if before else ""]


def _times(times: Mapping[str, Any]) -> Iterator[str]:
    yield "## How long it takes"
    yield paragraph("""`python -m bench picture-path` times `predict` of a file and decoding that file alone with Pillow, in
        pairs and on one thread. The stages are timed one by one.""")
    yield table(
        [
            "picture",
            *(f"{stage}, µs:" for stage in STAGES),
            "predict, µs:",
            "decoding alone, µs:",
            "ratio in a pair:",
            "at most:",
        ],
        [
            [
                name,
                *(f"{stages[stage]:,.0f}" if stage in stages else "" for stage in STAGES),
                f"{times['results'][name]['second_us']:,.0f}",
                f"{times['results'][name]['first_us']:,.0f}",
                "{ratio:.2f} ({ratio_low:.2f} to {ratio_high:.2f})".format_map(times["results"][name]),
                f"{times['cases'][name]['most']:g}",
            ]
            for name, stages in times["stages_us"].items()
        ],
    )


def _costs(stored: Mapping[str, Any]) -> Iterator[str]:
    libraries = stored["libraries"]
    yield "## What the others weigh"
    yield table(
        ["", *(f"{package}:" for package in libraries)],
        [
            ["MB that come with it", *(f"{library['installed_bytes'] / 1e6:,.0f}" for library in libraries.values())],
            ["ms to import", *(_import(library["imported"]) for library in libraries.values())],
        ],
    )
    yield paragraph("""`digit_infer` looks with numpy and Pillow, and runs the ink network on the runtime that answers
        anyway. With pytesseract comes a program of the system, which is not counted here.""")


def _share(entry: Mapping[str, Any], kind: str | None = None) -> str:
    right, pictures = (entry[key] if kind is None else {kind: entry[key][kind]} for key in ("right", "pictures"))
    return f"{100 * sum(right.values()) / sum(pictures.values()):.1f} %"


def _import(pairs: Mapping[str, float]) -> str:
    low, high = pairs["difference_low_us"] / 1_000, pairs["difference_high_us"] / 1_000
    return f"{pairs['difference_us'] / 1_000:,.0f} ({low:,.0f} to {high:,.0f})"
