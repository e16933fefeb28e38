"""A folder of PNG files to digits, beside processes that only decode the same files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.document.benchmarks.wording import verdict
from digit_infer.benchmark.record_file import read_document
from training.report.page import paragraph, table

BAR = 0.9
_OURS = "digit-infer"


def section(path: Path) -> Iterator[str]:
    """Return text and a table."""
    document = read_document(path)
    results: Mapping[str, Mapping[str, Any]] = document["results"]
    yield paragraph(f"""Whole processes, medians of {document["rounds"]} in a drawn order, their start included: the command
        on a folder of test images as PNG files (280 × 280: drawn dark on light), and programs that decode the same files
        with Pillow and do nothing else, in one thread and in a process for each CPU. The share is of the faster one's
        rate. Memory is that of the largest process at its highest. The command tries some pictures first and then goes on
        in threads, or, where decoding takes most of the time, in a process for each CPU.""")
    yield table(
        ["what", "seconds:", "pictures a second:", "share of decoding:", "memory, MiB:"],
        (
            [
                name.replace(" x ", " × "),
                f"{entry['seconds']:.2f}",
                f"{entry['pictures_per_second']:,.0f}",
                f"{entry['share']:.2f}",
                f"{entry['peak_mib']:.0f}",
            ]
            for name, entry in results.items()
        ),
    )
    shares = {name: entry["share"] for name, entry in results.items() if name.startswith(_OURS)}
    slow = {name.removeprefix(f"{_OURS} predict --json, "): f"{share:.2f}" for name, share in shares.items() if share < BAR}
    yield verdict(f"At least {BAR:g} of the rate of decoding alone", shares, slow)
    yield paragraph("""Decoding a PNG of 28 × 28 takes Pillow a fraction of what these networks take to answer it, so no
        program that also answers can come near its rate on such files: what is left to gain is the network.""")
