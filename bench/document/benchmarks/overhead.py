"""What ``Predictor.predict_array`` costs over the fastest bare call of the same runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

from bench.document.benchmarks.pairs import read_pairs
from bench.document.benchmarks.wording import percent, us, verdict
from bench.paired import Pairs
from training.report.page import paragraph, table

ONE_PICTURE_US = 5.0
MANY = 1_024
MANY_SHARE = 0.01


def section(path: Path) -> Iterator[str]:
    """Return text and a table."""
    pairs = {tuple(name.split(", ")): found for name, found in read_pairs(path).items()}
    files = list(dict.fromkeys(key[:2] for key in pairs))
    batches = sorted({int(key[2].removeprefix("batch ")) for key in pairs})
    others = [batch for batch in batches if batch > 1]
    yield _method()
    yield table(
        ["network", "runtime", "by hand, µs:", "adds, µs:", *(f"adds at batch {batch:,}:" for batch in others)],
        ([*file, *_cells(pairs, file, others)] for file in files),
    )
    yield _bars({file: pairs[*file, "batch 1"] for file in files}, pairs)


def _method() -> str:
    return paragraph("""The bare call is the fastest of the same runtime that we know, on the same bytes in the same
        process and the same session, in turns (A B B A), with a new session in each of twelve rounds. The difference is
        the median over pairs; at larger batches it is given as a share.""")


def _cells(pairs: Mapping[tuple[str, ...], Pairs], file: tuple[str, ...], others: Sequence[int]) -> Iterator[str]:
    one = pairs[*file, "batch 1"]
    yield us(one.first_us)
    yield f"{one.difference_us:+.2f} ({one.difference_low_us:+.2f} to {one.difference_high_us:+.2f})"
    for batch in others:
        many = pairs[*file, f"batch {batch}"]
        yield f"{percent(many.ratio - 1)} ({percent(many.ratio_low - 1)} to {percent(many.ratio_high - 1)})"


def _bars(ones: Mapping[tuple[str, ...], Pairs], pairs: Mapping[tuple[str, ...], Pairs]) -> str:
    added = {" on ".join(file): found.difference_us for file, found in ones.items()}
    slow = {name: f"{value:+.1f} µs" for name, value in added.items() if value > ONE_PICTURE_US}
    shares = {" on ".join(key[:2]): found.ratio - 1 for key, found in pairs.items() if key[2] == f"batch {MANY}"}
    large = {name: percent(value) for name, value in shares.items() if value > MANY_SHARE}
    return " ".join(
        [
            f"Median over the files: {median(added.values()):+.2f} µs.",
            verdict(f"At most {ONE_PICTURE_US:g} µs at one picture", added, slow),
            verdict(f"At most {100 * MANY_SHARE:g} % at batch {MANY:,}", shares, large),
        ]
    )
