"""What this machine can do, measured in the same run as everything else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from digit_infer.benchmark.matrix_product import matrix_product_gflops
from digit_infer.benchmark.measuring.clock import clock_read_ns, clock_step_ns
from digit_infer.benchmark.record import Block, Machine, Row


def measured_machine(rows: Sequence[Row]) -> Machine:
    """Measure the clock, and the matrix product for every number of threads that a row used; gather the anchor's times."""
    threads = sorted({row.artefact.threads or 1 for row in rows})
    blocks = sorted(_blocks(rows), key=lambda block: block.start_s)
    return Machine(
        clock_step_ns=clock_step_ns(),
        clock_read_ns=clock_read_ns(),
        matrix_product_gflops={str(number): matrix_product_gflops(number) for number in threads},
        anchor_us=tuple(block.anchor_us for block in blocks),
    )


def _blocks(rows: Sequence[Row]) -> Iterable[Block]:
    for row in rows:
        for process in row.processes:
            for part in (process.stream, process.offline):
                yield from part.blocks if part else ()
