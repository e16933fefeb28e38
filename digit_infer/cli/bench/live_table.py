"""What a run of the benchmark shows while it goes on: the rows that are ready, and how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from digit_infer.benchmark.summary import images_per_second, stream_latencies
from digit_infer.cli.tables import three_digits

if TYPE_CHECKING:
    from rich.table import Table

    from digit_infer.benchmark.configuration import Configuration
    from digit_infer.benchmark.record import Row
    from digit_infer.benchmark.suite import Step


@contextmanager
def live_rows(stream: TextIO) -> Iterator[Callable[[Step], None]]:
    """Yield what takes the steps of a run: a table that grows on a terminal, and nothing elsewhere."""
    if not stream.isatty():
        yield _unseen
        return
    from rich.console import Console, Group
    from rich.live import Live
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    progress = Progress(*columns)
    task = progress.add_task("starting")
    rows: dict[Configuration, Row] = {}
    # Drawn when a process starts or ends, never while one measures: no thread of ours may take its time.
    with Live(
        progress, console=Console(file=stream), auto_refresh=False, transient=True, vertical_overflow="visible"
    ) as live:

        def watch(step: Step) -> None:
            if step.row is not None:
                rows[step.configuration] = step.row
            progress.update(task, description=str(step.configuration), completed=step.done, total=step.total)
            live.update(Group(_table(rows), progress), refresh=True)

        yield watch


def _unseen(step: Step) -> None:
    del step


def _table(rows: dict[Configuration, Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("model", "runtime", "precision", "threads", "batch", "p50 µs", "images/s", "processes"):
        table.add_column(heading, justify="left" if heading in ("model", "runtime", "precision") else "right")
    for configuration, row in rows.items():
        latencies = stream_latencies(row)
        p50, rate = latencies.percentile_us(50) if latencies.samples else None, images_per_second(row)
        cells = (
            configuration.model,
            configuration.runtime,
            row.artefact.precision or "",
            str(row.artefact.threads or ""),
            str(configuration.batch),
            "" if p50 is None else three_digits(p50),
            "" if rate is None else three_digits(rate),
            str(len(row.processes)),
        )
        table.add_row(*map(Text, cells))
    return table
