"""``python -m bench.document``: from stored records to ``docs/exports.md`` and ``docs/benchmarks.md``."""

from __future__ import annotations

from pathlib import Path

from bench.document.benchmarks.page import RESULTS, benchmarks_page
from bench.document.benchmarks.pictures import draw_pictures
from bench.document.page import exports_page
from digit_infer.files import write_text

_DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write both pages and their pictures."""
    write_text(_DOCS / "exports.md", exports_page())
    write_text(_DOCS / "benchmarks.md", benchmarks_page())
    draw_pictures(RESULTS, _DOCS / "benchmarks")


if __name__ == "__main__":
    main()
