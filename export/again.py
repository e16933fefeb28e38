"""``python -m export.again``: rebuilds the zoo's files with the installed versions, and lists those that differ.

Other versions of the tools may change the bytes of a file. A changed answer is a failure.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal, get_args

import click

from digit_infer import zoo
from digit_infer.cli.reporting import ReportingCommand
from digit_infer.contract import PRECISIONS, Precision
from export.errors import ExportError
from export.everything import make_all, recorded, reports_in
from export.pairs import ALL
from export.report import Refusal, Report, file_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from export.pairs import Pair

Verdict = Literal["the same", "other bytes, the same answers", "another answer"]


def verdict(before: Report | Refusal, now: Report | Refusal) -> Verdict:
    """Compare the recorded report of a file with the new one.

    The answers are the same if the accuracy is, and if the same images flip. A file that is refused now and was written
    before, or the reverse, counts as another answer.
    """
    if isinstance(before, Refusal) or isinstance(now, Refusal):
        return "the same" if type(before) is type(now) else "another answer"
    if before.file.sha256 == now.file.sha256:
        return "the same"
    same = (before.file.parity.flips, before.file.parity.accuracy) == (now.file.parity.flips, now.file.parity.accuracy)
    return "other bytes, the same answers" if same else "another answer"


def verdicts(names: Sequence[str], pairs: Sequence[Pair], folder: Path, jobs: int) -> Iterator[tuple[str, Verdict]]:
    """Export these networks into ``folder``, and yield the name and the verdict of each file.

    Raises:
        ExportError: the export of a network failed.
    """
    before = recorded()
    for name, failure in make_all(names, pairs, folder, jobs):
        if failure is not None:
            raise ExportError(f"{name} was not exported to its end ({failure})", f"python -m export {name}")
        for pair, now in zip(pairs, reports_in(folder, name, pairs), strict=True):
            yield file_name(name, *pair), verdict(before[name][ALL.index(pair)], now)


@click.command(cls=ReportingCommand)
@click.argument("names", nargs=-1, type=click.Choice(list(zoo.models())), metavar="[NAME…]")
@click.option("--precision", "precisions", type=click.Choice(PRECISIONS), multiple=True, help="Repeatable. [default: all]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Networks at a time.")
def main(names: tuple[str, ...], precisions: tuple[Precision, ...], jobs: int) -> int:
    """Export these networks, or all, and compare the files with the records; the zoo is not changed.

    Prints a line for each file that differs, and exits with 1 if an answer differs. All networks take 20 minutes.
    """
    pairs = [pair for pair in ALL if pair[1] in (precisions or PRECISIONS)]
    counts: Counter[Verdict] = Counter()
    with TemporaryDirectory() as folder:
        for file, found in verdicts(names or tuple(zoo.models()), pairs, Path(folder), jobs):
            counts[found] += 1
            if found != "the same":
                click.echo(f"{file}: {found}")
    click.echo(f"{counts.total()} files: " + "; ".join(f"{counts[found]} {found}" for found in get_args(Verdict)))
    return int(bool(counts["another answer"]))


if __name__ == "__main__":
    main(prog_name="python -m export.again")
