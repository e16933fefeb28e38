"""``docs/normalizer.md``: how a picture becomes 28 x 28, and what libraries of computer vision would gain there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.normalizers.recipes import OURS
from bench.recording import RESULTS, SCHEMA
from export.stored import stored_document
from training.report.page import document, paragraph, table

RECORD = RESULTS / "normalizers.json"
AGAIN = "python -m bench normalizers"
_BEHIND = 0.05


def normalizers_page() -> str:
    """Return the page from the record.

    Raises:
        ExportError: nothing is recorded.
    """
    with stored_document(RECORD, SCHEMA, AGAIN) as stored:
        return document(["# From a picture to 28 × 28", *_how(), *_beside(stored), *_costs(stored)])


_STEPS = """\
1. `decode`: any file or array becomes grey, upright, with a transparent ground laid on what the ink is not; where light
   hardly differs and colour does, the grey is that of the colour.
2. `paper`: bright paper on a dark table is cut out.
3. `ground`, `lamp_light`: the bare ground is a plane, since light comes from one side, and under a lamp a bent surface;
   where both fail, as at the edge of a shadow, it is a closing.
4. `ink`: what differs from it, darker or lighter, beyond Otsu's threshold; edges of strokes keep their grey.
5. `ruled_lines`, `one_digit`: lines that cross the picture, frames, circles, specks and neighbours go, and the parts of a
   broken digit stay together.
6. `mnist_form`: box, scale, centre of mass."""


def _how() -> Iterator[str]:
    yield paragraph("""`digit_infer.image` follows how MNIST was made: ink in a box of 20 × 20, scaled by area, its largest
        value 255, and moved by whole pixels until its centre of mass lies in the middle (LeCun et al. 1998;
        facebookresearch/qmnist documents the procedure). What is ink is the hard part:""")
    yield _STEPS
    yield paragraph("""`digit-infer predict photo.jpg --explain why.png` shows these steps for one picture. `digit-infer
        read` takes a page apart first (`page_ink`, `page_lines`, `page`).""")


def _beside(stored: Mapping[str, Any]) -> Iterator[str]:
    drawn, real = stored["drawn"], stored["real"]
    each = next(iter(drawn[OURS.name]["pictures"].values()))
    of_hands = sum(real[OURS.name]["pictures"].values()) if real else 0
    yield "## Beside OpenCV and scikit-image"
    yield paragraph(f"""What a user would write with each library (`bench/normalizers`), each in front of
        `{stored["model"]}`: pictures answered rightly, of {each:,} of each kind that are drawn around test digits, and of
        {of_hands:,} labelled single digits from many hands, on which the normaliser was developed. `{AGAIN}` counts and
        times; a time is processor time, so threads count.""")
    names = list(drawn)
    yield table(
        ["pictures", *(f"{drawn[name]['written']}:" for name in names)],
        [
            *(
                [kind.replace("_", " "), *(_share(drawn[name], kind) for name in names)]
                for kind in drawn[OURS.name]["pictures"]
            ),
            ["**all drawn**", *(f"**{_share(drawn[name])}**" for name in names)],
            *(
                [f"real, {kind} ({count:,})", *(_share(real[name], kind) for name in names)]
                for kind, count in real.get(OURS.name, {}).get("pictures", {}).items()
            ),
            *([["**all real**", *(f"**{_share(real[name])}**" for name in names)]] if real else []),
            ["µs a drawn picture, median", *(f"{drawn[name]['median_us']:,.0f}" for name in names)],
        ],
    )


def _costs(stored: Mapping[str, Any]) -> Iterator[str]:
    drawn, libraries = stored["drawn"], stored["libraries"]
    others = sorted((entry for name, entry in drawn.items() if name != OURS.name), key=lambda entry: -entry["median_us"])
    quickest = {entry["package"]: entry for entry in others}  # of each package, since it comes last
    ours = drawn[OURS.name]
    yield "## What they weigh, and what they do faster"
    yield table(
        ["", "ours:", *(f"{package}:" for package in libraries)],
        [
            [
                "MB that come with it, installed",
                "0",
                *(f"{library['installed_bytes'] / 1e6:,.0f}" for library in libraries.values()),
            ],
            ["ms to import", "0", *(_import(library["imported"]) for library in libraries.values())],
            *(
                [
                    f"µs, {step}, on 1,600 × 1,200",
                    f"{us:,.0f}",
                    *(f"{entry['steps_us'][step]:,.0f}" for entry in (quickest[package] for package in libraries)),
                ]
                for step, us in ours["steps_us"].items()
            ),
        ],
    )
    opencv = "opencv-python-headless"
    behind = [
        kind
        for kind, count in ours["pictures"].items()
        if all(ours["right"][kind] - entry["right"][kind] >= _BEHIND * count for entry in others)
    ]
    shares = "; ".join(f"with {entry['written']}, {_share(entry)}" for entry in others)
    kinds = ", ".join(kind.replace("_", " ") for kind in behind)
    taken, its = (entry["median_us"] / 1_000 for entry in (ours, quickest[opencv]))
    yield paragraph(f"""Of the drawn pictures {_share(ours)} are right with ours; {shares}. All others fall behind, by
        {100 * _BEHIND:.0f} points or more, where a picture is {kinds}: what to take for the ground, for paper, a line or a
        frame is no matter of filters, and would have to be written with a library, too. What OpenCV does faster saves
        little: a picture takes {taken:.1f} ms with ours and {its:.1f} with its quickest recipe, while its import takes
        {_import(libraries[opencv]["imported"])} ms and its files
        {libraries[opencv]["installed_bytes"] / 1e6:,.0f} MB. So `digit_infer` does with numpy and Pillow.""")


def _share(entry: Mapping[str, Any], kind: str | None = None) -> str:
    right, pictures = (entry[key] if kind is None else {kind: entry[key][kind]} for key in ("right", "pictures"))
    return f"{100 * sum(right.values()) / sum(pictures.values()):.1f} %"


def _import(pairs: Mapping[str, float]) -> str:
    low, high = pairs["difference_low_us"] / 1_000, pairs["difference_high_us"] / 1_000
    return f"{pairs['difference_us'] / 1_000:,.0f} ({low:,.0f} to {high:,.0f})"
