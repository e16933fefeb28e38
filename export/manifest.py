"""``python -m export.manifest``: writes the zoo's manifest from the recorded exports, without exporting again."""

from __future__ import annotations

from digit_infer.zoo import FILES
from export.everything import recorded
from export.published import enter_into_zoo
from export.report import Report


def main() -> None:
    """Enter every recorded network."""
    for reports in recorded().values():
        enter_into_zoo([report for report in reports if isinstance(report, Report)], FILES)


if __name__ == "__main__":
    main()
