"""Reports as tables for people."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from digit_infer.cli.output import Column, print_table

if TYPE_CHECKING:
    from digit_infer.zoo.manifest import InkFile, ZooFile
    from export.c_array import MicroFile
    from export.report import Report

T = TypeVar("T")

_FILE, _BYTES, _PROVED_ON = Column("file"), Column("bytes", number=True), Column("proved on", may_wrap=True)
_LARGEST, _MEAN = Column("largest difference", number=True, may_wrap=True), Column("mean", number=True)
_FLIPS, _ACCURACY = Column("flips", number=True), Column("accuracy", number=True)


def _print(rows: Sequence[T], *columns: tuple[Column, Callable[[T], str]]) -> None:
    """Print a table: of each column its heading, and what stands in it for a row."""
    print_table([column for column, _ in columns], [[show(row) for _, show in columns] for row in rows])


def print_reports(reports: Sequence[Report]) -> None:
    """Print what is known of each file, and how it answers the user's own pictures, if it was asked."""
    _print(
        reports,
        (_FILE, lambda report: report.file.file),
        (_BYTES, lambda report: f"{report.file.bytes:,}"),
        (_LARGEST, lambda report: f"{report.file.parity.largest_difference:.2g}"),
        (_MEAN, lambda report: f"{report.file.parity.mean_difference:.2g}"),
        (_FLIPS, lambda report: str(len(report.file.parity.flips))),
        (_ACCURACY, lambda report: f"{report.file.parity.accuracy.share:.4f}"),
        (
            Column("95 % interval", may_wrap=True),
            lambda report: f"{report.file.parity.accuracy.low:.4f} to {report.file.parity.accuracy.high:.4f}",
        ),
        (
            Column("a wrong pixel moves (trained)", number=True, may_wrap=True),
            lambda report: f"{report.noise.mean_change:.2g} ({report.noise_of_trained.mean_change:.2g})",
        ),
        (
            Column("other kernels differ by", number=True, may_wrap=True),
            lambda report: ", ".join(
                f"{other.largest_difference:.1g} ({len(other.flips)} flips)" for other in report.agreements
            ),
        ),
        (_PROVED_ON, lambda report: report.file.parity.runtime),
    )
    own = [(report.file.file, report.own_pictures) for report in reports if report.own_pictures]
    if own:
        _print(
            own,
            (Column("on your own pictures"), lambda row: row[0]),
            (Column("pictures", number=True), lambda row: f"{row[1].pictures:,}"),
            (_LARGEST, lambda row: f"{row[1].largest_difference:.2g}"),
            (_FLIPS, lambda row: str(len(row[1].flips))),
            (_ACCURACY, lambda row: f"{row[1].accuracy.share:.4f}" if row[1].accuracy else ""),
            (
                Column("trained model's", number=True),
                lambda row: f"{row[1].trained_accuracy.share:.4f}" if row[1].trained_accuracy else "",
            ),
        )


def print_microcontrollers(files: Sequence[MicroFile]) -> None:
    """Print what microcontrollers need for each file, and how TensorFlow Lite Micro answers by it."""
    _print(
        files,
        (_FILE, lambda micro: micro.file.file),
        (_BYTES, lambda micro: f"{micro.file.bytes:,}"),
        (Column("arena", number=True), lambda micro: f"{micro.arena_bytes:,}"),
        (_FLIPS, lambda micro: str(len(micro.file.parity.flips))),
        (_ACCURACY, lambda micro: f"{micro.file.parity.accuracy.share:.4f}"),
        (Column("operators", may_wrap=True), lambda micro: ", ".join(micro.operators)),
    )


def print_browsers(files: Sequence[ZooFile]) -> None:
    """Print how each file for browsers answers there."""
    _print(
        files,
        (_FILE, lambda file: file.file),
        (_BYTES, lambda file: f"{file.bytes:,}"),
        (_LARGEST, lambda file: f"{file.parity.largest_difference:.2g}"),
        (_FLIPS, lambda file: str(len(file.parity.flips))),
        (_ACCURACY, lambda file: f"{file.parity.accuracy.share:.4f}"),
        (_PROVED_ON, lambda file: file.parity.runtime),
    )


def print_ink(files: Sequence[InkFile]) -> None:
    """Print how each file of the ink network marks drawn pictures, beside the trained network."""
    _print(
        files,
        (_FILE, lambda file: file.file),
        (_BYTES, lambda file: f"{file.bytes:,}"),
        (Column("pictures", number=True), lambda file: f"{file.parity.pictures:,}"),
        (
            Column("largest difference of 255", number=True, may_wrap=True),
            lambda file: str(file.parity.largest_difference),
        ),
        (_MEAN, lambda file: f"{file.parity.mean_difference:.2g}"),
        (Column("pixels that change", number=True, may_wrap=True), lambda file: f"{file.parity.changed:.3%}"),
        (_PROVED_ON, lambda file: file.parity.runtime),
    )
