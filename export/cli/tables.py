"""Reports as tables for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from digit_infer.cli.output import Column, print_table

if TYPE_CHECKING:
    from digit_infer.zoo.manifest import InkFile, ZooFile
    from export.c_array import MicroFile
    from export.report import Report


def print_reports(reports: Sequence[Report]) -> None:
    """Print what is known of each file, and how it answers the user's own pictures, if it was asked."""
    columns = [
        Column("file"),
        Column("bytes", number=True),
        Column("largest difference", number=True, may_wrap=True),
        Column("mean", number=True),
        Column("flips", number=True),
        Column("accuracy", number=True),
        Column("95 % interval", may_wrap=True),
        Column("a wrong pixel moves (trained)", number=True, may_wrap=True),
        Column("other kernels differ by", number=True, may_wrap=True),
        Column("proved on", may_wrap=True),
    ]
    print_table(columns, [_cells(report) for report in reports])
    _print_own(reports)


def _cells(report: Report) -> tuple[str, ...]:
    file, parity = report.file, report.file.parity
    return (
        file.file,
        f"{file.bytes:,}",
        f"{parity.largest_difference:.2g}",
        f"{parity.mean_difference:.2g}",
        str(len(parity.flips)),
        f"{parity.accuracy.share:.4f}",
        f"{parity.accuracy.low:.4f} to {parity.accuracy.high:.4f}",
        f"{report.noise.mean_change:.2g} ({report.noise_of_trained.mean_change:.2g})",
        ", ".join(f"{other.largest_difference:.1g} ({len(other.flips)} flips)" for other in report.agreements),
        parity.runtime,
    )


def _print_own(reports: Sequence[Report]) -> None:
    columns = [
        Column("on your own pictures"),
        Column("pictures", number=True),
        Column("largest difference", number=True, may_wrap=True),
        Column("flips", number=True),
        Column("accuracy", number=True),
        Column("trained model's", number=True),
    ]
    rows = [
        (
            report.file.file,
            f"{own.pictures:,}",
            f"{own.largest_difference:.2g}",
            str(len(own.flips)),
            f"{own.accuracy.share:.4f}" if own.accuracy else "",
            f"{own.trained_accuracy.share:.4f}" if own.trained_accuracy else "",
        )
        for report in reports
        if (own := report.own_pictures)
    ]
    if rows:
        print_table(columns, rows)


def print_microcontrollers(files: Sequence[MicroFile]) -> None:
    """Print what microcontrollers need for each file, and how TensorFlow Lite Micro answers by it."""
    columns = [
        Column("file"),
        Column("bytes", number=True),
        Column("arena", number=True),
        Column("flips", number=True),
        Column("accuracy", number=True),
        Column("operators", may_wrap=True),
    ]
    rows = [
        (
            micro.file.file,
            f"{micro.file.bytes:,}",
            f"{micro.arena_bytes:,}",
            str(len(micro.file.parity.flips)),
            f"{micro.file.parity.accuracy.share:.4f}",
            ", ".join(micro.operators),
        )
        for micro in files
    ]
    print_table(columns, rows)


def print_browsers(files: Sequence[ZooFile]) -> None:
    """Print how each file for browsers answers there."""
    columns = [
        Column("file"),
        Column("bytes", number=True),
        Column("largest difference", number=True, may_wrap=True),
        Column("flips", number=True),
        Column("accuracy", number=True),
        Column("proved on", may_wrap=True),
    ]
    rows = [
        (
            file.file,
            f"{file.bytes:,}",
            f"{file.parity.largest_difference:.2g}",
            str(len(file.parity.flips)),
            f"{file.parity.accuracy.share:.4f}",
            file.parity.runtime,
        )
        for file in files
    ]
    print_table(columns, rows)


def print_ink(files: Sequence[InkFile]) -> None:
    """Print how each file of the ink network marks drawn pictures, beside the trained network."""
    columns = [
        Column("file"),
        Column("bytes", number=True),
        Column("pictures", number=True),
        Column("largest difference of 255", number=True, may_wrap=True),
        Column("mean", number=True),
        Column("pixels that change", number=True, may_wrap=True),
        Column("proved on", may_wrap=True),
    ]
    rows = [
        (
            file.file,
            f"{file.bytes:,}",
            f"{file.parity.pictures:,}",
            str(file.parity.largest_difference),
            f"{file.parity.mean_difference:.2g}",
            f"{file.parity.changed:.3%}",
            file.parity.runtime,
        )
        for file in files
    ]
    print_table(columns, rows)
