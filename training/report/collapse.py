"""Row 15: what a learning rate of 1e-4 really gives, which one makes the network collapse, and why the loss was 14.68."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from digit_infer.benchmark.statistics import mean_and_deviation
from training.errors import TrainingError
from training.recipe import Published
from training.recipes import RECIPES, SWEEPS
from training.report.page import paragraph, picture, share, table
from training.report.style import PUBLISHED, TRAINING, VALIDATION, figure
from training.rows import Runs, points_of, runs_of
from training.sweep import Point

PICTURE = "collapse.png"

_COST = -math.log(1e-7)
_ALWAYS = 0.999
"""The share of one answer from which on a network is said to answer nothing else."""

Points = Sequence[tuple[Point, Runs]]


def grids() -> tuple[Points, Points]:
    """Return the runs by learning rate: with the loss from the logits, and with the loss from clipped probabilities."""
    published = RECIPES["mlp_64_64_collapse"]
    from_logits = [(Point(1e-4, published), runs_of(published)), *points_of(SWEEPS["mlp_64_64_collapse"])]
    return from_logits, points_of(SWEEPS["mlp_64_64_collapse_clipped"])


def words() -> str:
    """Say what was found."""
    from_logits, clipped = grids()
    published, at_published = from_logits[0][1].recipe.published, from_logits[0][1]
    lines = [(point.label, *_cells(one), *_cells(two)) for (point, one), (_, two) in zip(from_logits, clipped, strict=True)]
    return "\n\n".join(
        (
            paragraph(f"""Published as trained at a learning rate of 1e-4: accuracy {share(published.accuracy)},
                loss {published.loss} from the first epoch on. At 1e-4 the network learns:
                {mean_and_deviation(at_published.accuracies)} over {len(at_published.records)} seeds. The grid asks
                which rate does not, with two ways to take the loss: from the logits, as Keras 3 does behind a
                softmax, and from probabilities cut off at 1e-7, as the notebook's Keras did (here: the same network
                with a layer behind its softmax that multiplies by 1). Beside accuracy and loss stands the commonest
                answer with its share of all answers; one seed a rate above 1e-4."""),
            table(
                [
                    "learning rate:",
                    "logits: accuracy:",
                    "loss:",
                    "commonest answer",
                    "clipped: accuracy:",
                    "loss:",
                    "commonest answer",
                ],
                lines,
            ),
            picture("accuracy and loss against the learning rate", PICTURE),
            paragraph(f"""**Explanation.** With the clipped loss a network that answers one class for everything,
                with probability 1, pays −ln 1e-7 = {_COST:.3f} for each wrong answer and gets no gradient, so it
                stays as it is. One that always answers 5 is right on the 892 fives and has the loss 0.9108 ·
                {_COST:.3f} = {0.9108 * _COST:.3f}: the published figures, both of them. Networks that answer one
                class always: {_dead(clipped)} with the clipped loss, {_dead(from_logits)} with the loss from the
                logits. {_signature(clipped)} The loss from the logits keeps its gradient, so there the network does
                not stay saturated: it learns the loss of a guess, about ln 10 = 2.30."""),
        )
    )


def draw(from_logits: Points, clipped: Points) -> Figure:
    """Draw accuracy and loss after the last epoch against the learning rate."""
    published = from_logits[0][1].recipe.published
    drawn = figure(9, 3.2)
    left, right = drawn.subplots(1, 2)
    for points, colour, label in (
        (from_logits, TRAINING, "loss from the logits (Keras 3)"),
        (clipped, VALIDATION, "loss from clipped probabilities (as in Keras 2)"),
    ):
        rates = [point.value for point, _ in points]
        left.plot(rates, [runs.spread.mean for _, runs in points], color=colour, marker="o", markersize=4, label=label)
        right.plot(rates, [_loss(runs) for _, runs in points], color=colour, marker="o", markersize=4)
    left.axhline(published.accuracy, color=PUBLISHED, linewidth=0.8, linestyle="--", label="published, said to be at 1e-4")
    right.axhline(_published_loss(published), color=PUBLISHED, linewidth=0.8, linestyle="--")
    for axes, what in ((left, "test accuracy"), (right, "test loss after the last epoch")):
        axes.set_xscale("log")
        axes.set_xlabel("learning rate of RMSprop")
        axes.set_ylabel(what)
    left.legend(fontsize=8)
    return drawn


def _loss(runs: Runs) -> float:
    """Return the validation loss as it was trained on; the validation data of this row are the test images."""
    return statistics.fmean(curve[-1] for curve in runs.curve("val_loss"))


def _published_loss(published: Published) -> float:
    if published.loss is None:
        raise TrainingError("row 15 has no published loss", "correct the recipe")
    return published.loss


def _cells(runs: Runs) -> tuple[str, str, str]:
    digit, its_share = _commonest(runs)
    return share(runs.spread.mean), f"{_loss(runs):.3f}", f"{digit}: {100 * its_share:.0f} %"


def _commonest(runs: Runs) -> tuple[int, float]:
    """Return the digit that seed 0 answers most often, and its share of all answers."""
    counts = np.bincount(runs.answers(), minlength=10)
    return int(counts.argmax()), float(counts.max() / counts.sum())


def _signature(clipped: Points) -> str:
    """Show that a network that was seen to collapse has the loss that the explanation foretells."""
    for point, runs in clipped:
        digit, its_share = _commonest(runs)
        if its_share > _ALWAYS:
            losses, right = runs.curve("val_loss")[0], runs.accuracies[0]
            foretold = f"{1 - right:.4f} · {_COST:.3f} = {(1 - right) * _COST:.3f}"
            return (
                f"Ours at {point.label} answers {digit} always: accuracy {share(right)}, loss {losses[0]:.3f} after the "
                f"first epoch and {losses[-1]:.3f} after the last, where {foretold} was to be expected."
            )
    return "None of ours did."


def _dead(points: Points) -> str:
    dead = [point.label for point, runs in points if _commonest(runs)[1] > _ALWAYS]
    return f"at {', '.join(dead)}" if dead else "nowhere"
