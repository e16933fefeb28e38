"""``python -m bench candidate``: a network that may take the name of another, beside that one, as docs/protocol.md asks.

Its measures of confidence are those that ``python -m training operating-points`` would give it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.robustness.command import keeping_99, rows_of
from bench.robustness.measure import on_pages
from bench.robustness.real_pictures import labelled_by_name, read_all
from digit_infer import Predictor, zoo
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.dataset import Split
from training.recipes.own import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.robustness.real_pictures import Labelled, Read

IN_USE, CANDIDATE = "in use", "candidate"

_PAGES_SEED = 777
"""Another random seed than that of the recorded pages, so that nothing is chosen by those."""


@click.command("candidate")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--name",
    type=click.Choice(list(CANDIDATES)),
    default=zoo.DEFAULT_MODEL,
    show_default=True,
    help="Whose name it may take.",
)
@click.option("--count", type=click.IntRange(min=1), default=100, show_default=True, help="Drawn pages of each kind.")
def candidate(file: Path, folders: tuple[Path, ...], name: str, count: int) -> None:
    """Compare the candidate in FILE, a .keras file, with the network in use, and record nothing.

    Both answer the labelled pictures of FOLDERS (see python -m bench real-pictures), and read pages that are drawn around
    the training images that the candidate's recipe holds back. The test images are not used.
    """
    from digit_infer.runtimes.keras import load_network
    from export.published import DEFAULT_KEPT
    from training.data import as_bytes, training_data
    from training.operating_points import curve_of

    recipe, by_name = CANDIDATES[name], labelled_by_name(folders)
    with quiet_native_log(), ExitStack() as opened:
        curve = curve_of(load_network(file), recipe)
        of_predict, of_read = (curve.keeping(kept) for kept in (DEFAULT_KEPT, zoo.READ_KEPT))
        in_use = opened.enter_context(Predictor(name))
        predicting, reading = (
            {IN_USE: in_use, CANDIDATE: opened.enter_context(Predictor(file, reject_below=least))}
            for least in (of_predict, of_read)
        )
        answered = {
            folder: {each: _answers(predicting[each], reading[each], pictures) for each in predicting}
            for folder, pictures in by_name.items()
        }
        images, labels = training_data(recipe)[1]
        exact = on_pages(reading, count, Split(as_bytes(images), labels), _PAGES_SEED)

    columns = [Column(each, number=True) for each in predicting]
    least_of = {each: keeping_99(answered, each) for each in predicting}
    for folder, of_models in answered.items():
        print_table([Column(folder), *columns], rows_of(of_models, least_of))
    kinds = [(kind, *(f"{exact[each][kind]} of {count}" for each in predicting)) for kind in exact[IN_USE]]
    in_all = [f"{sum(exact[each].values())} of {count * len(kinds)}" for each in predicting]
    print_table([Column("drawn pages"), *columns], [*kinds, ("all", *in_all)])
    click.echo(
        f"predict rejects what the candidate gives less than {of_predict:.4f}, read less than {of_read:.4f}", err=True
    )


def _answers(predicting: Predictor, reading: Predictor, pictures: Sequence[Labelled]) -> Read:
    """Answer the pictures to predict with one predictor, and those to read with the other, whose threshold is lower."""
    predicted = read_all(predicting, [one for one in pictures if one.ask == "predict"])
    read = read_all(reading, [one for one in pictures if one.ask == "read"])
    return replace(predicted, read=read.read, wrong=predicted.wrong + read.wrong)
