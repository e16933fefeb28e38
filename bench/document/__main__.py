"""``python -m bench.document``: from stored records to ``docs/exports.md``."""

from __future__ import annotations

from pathlib import Path

from bench.document.page import exports_page
from digit_infer.files import write_text

PAGE = Path(__file__).parents[2] / "docs" / "exports.md"

if __name__ == "__main__":
    write_text(PAGE, exports_page())
