"""What a microcontroller needs for each network."""

from __future__ import annotations

from collections.abc import Iterator

from export.records.microcontrollers import read_tflm_results
from training.report.page import paragraph, share, table


def section() -> Iterator[str]:
    """Return text and a table from the record of ``python -m export.records.microcontrollers``."""
    results = read_tflm_results()
    first = results.rows[0]
    yield paragraph(f"""`python -m export NAME --microcontroller` writes the full-integer file with static shapes, and
        the same bytes as a C++ array. Each was run picture by picture on the interpreter of TensorFlow Lite Micro
        ({first.package}); the arena is the smallest in which that ran it ({first.architecture}, reference kernels),
        which should be an upper bound for pointers of 32 bits.""")
    yield table(
        ["network", "bytes:", "arena, bytes:", "flips:", "accuracy:", "images:", "operators"],
        (
            [
                row.model,
                f"{row.file.bytes:,}",
                f"{row.arena_bytes:,}",
                str(len(row.file.parity.flips)),
                share(row.file.parity.accuracy.share),
                f"{row.file.parity.accuracy.images:,}",
                ", ".join(row.operators),
            ]
            for row in results.rows
        ),
    )
