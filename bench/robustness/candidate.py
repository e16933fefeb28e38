"""``python -m bench candidate``: a network that may take the name of another, beside that one, as docs/protocol.md asks.

Its measures of confidence are those that ``python -m training operating-points`` would give it.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np

from bench.robustness.command import keeping_99, rows_of
from bench.robustness.measure import on_pages
from bench.robustness.real_pictures import labelled, read_all
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
    """Judge FILE.keras of a candidate beside the network in use; record nothing.

    Both answer the labelled pictures of FOLDERS, which are those of python -m bench real-pictures, and read pages that are
    drawn around the images that the candidate's recipe holds back. The test images are not used.
    """
    from digit_infer.runtimes.keras import load_network
    from export.published import DEFAULT_KEPT
    from training import trainer
    from training.operating_points import curve_of

    recipe = CANDIDATES[name]
    with quiet_native_log(), ExitStack() as opened:
        curve = curve_of(load_network(file), recipe)
        of_predict, of_read = (curve.keeping(kept) for kept in (DEFAULT_KEPT, zoo.READ_KEPT))
        in_use = opened.enter_context(Predictor(name))
        predicting, reading = (
            {IN_USE: in_use, CANDIDATE: opened.enter_context(Predictor(file, reject_below=least))}
            for least in (of_predict, of_read)
        )
        answered = {
            folder.resolve().name: {
                each: _answers(predicting[each], reading[each], labelled(folder)) for each in predicting
            }
            for folder in folders
        }
        images, labels = trainer.training_data(recipe)[1]
        held_back = Split(np.rint(images[..., 0] * 255).astype(np.uint8), labels)
        exact = on_pages(reading, count, held_back, _PAGES_SEED)

    columns = [Column(each, number=True) for each in predicting]
    least_of = {each: keeping_99(answered, each) for each in predicting}
    for folder, of_models in answered.items():
        print_table([Column(folder), *columns], rows_of(of_models, least_of))
    kinds = [(kind, *(str(exact[each][kind]) for each in predicting)) for kind in exact[IN_USE]]
    print_table(
        [Column(f"of {count} drawn pages"), *columns],
        [*kinds, ("all", *(str(sum(exact[each].values())) for each in predicting))],
    )
    click.echo(f"the candidate rejects below {of_predict:.4f}, and as it reads below {of_read:.4f}", err=True)


def _answers(predicting: Predictor, reading: Predictor, pictures: Sequence[Labelled]) -> Read:
    """Return what one predictor says of the pictures to predict, and the other of the pages to read."""
    predicted = read_all(predicting, [one for one in pictures if one.ask == "predict"])
    read = read_all(reading, [one for one in pictures if one.ask == "read"])
    return replace(predicted, read=read.read, wrong=predicted.wrong + read.wrong)
