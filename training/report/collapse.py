"""Row 15: what a learning rate of 1e-4 really gives, which one makes the network collapse, and why the loss was 14.68."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from matplotlib.figure import Figure

from training.recipes import RECIPES, SWEEPS
from training.report.page import paragraph, picture, share, table
from training.report.style import PUBLISHED, TRAINING, VALIDATION, figure
from training.rows import Runs, points_of, runs_of
from training.spread import mean_and_deviation
from training.sweep import Point

PICTURE = "collapse.png"

_DEAD = 0.2
"""An accuracy that a network has which answers one class always, or nearly so."""

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
    lines = [
        (point.label, share(one.spread.mean), f"{_loss(one):.3f}", share(two.spread.mean), f"{_loss(two):.3f}")
        for (point, one), (_, two) in zip(from_logits, clipped, strict=True)
    ]
    return "\n\n".join(
        (
            paragraph(f"""Published at a learning rate of 1e-4: accuracy {share(published.accuracy)}, loss
                {published.loss} from the first epoch on. At 1e-4 the network learns:
                {mean_and_deviation(at_published.accuracies)} over {len(at_published.records)} seeds. So the rate
                was another one. The grid, with two ways to take the loss: from the logits, as Keras 3 does behind a
                softmax, and from probabilities cut off at 1e-7, as the notebook's Keras did (here: the same network
                with a layer behind its softmax that multiplies by 1)."""),
            table(["learning rate:", "accuracy, logits:", "loss, logits:", "accuracy, clipped:", "loss, clipped:"], lines),
            picture("accuracy and loss against the learning rate", PICTURE),
            paragraph(f"""**Explanation.** Steps far too long saturate the softmax: one class gets probability 1,
                whatever the image. With a clipped loss each wrong answer then costs −ln 1e-7 = 16.12 and has no
                gradient, so nothing ever changes again. A network that always answers 5 is right on the 892 fives
                and has the loss 0.9108 · 16.12 = 14.68: the published figures, both of them. On this grid it
                happens {_first_dead(clipped)}. Taken from the logits, the loss keeps its gradient: the network is
                as useless {_first_dead(from_logits)}, but it falls back to answering the most frequent class with
                the loss of a guess, about ln 10 = 2.30."""),
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
        rates = [float(point.value) for point, _ in points]
        left.plot(rates, [runs.spread.mean for _, runs in points], color=colour, marker="o", markersize=4, label=label)
        right.plot(rates, [_loss(runs) for _, runs in points], color=colour, marker="o", markersize=4)
    left.axhline(published.accuracy, color=PUBLISHED, linewidth=0.8, linestyle="--", label="published, said to be at 1e-4")
    right.axhline(published.loss or 0, color=PUBLISHED, linewidth=0.8, linestyle="--")
    for axes, what in ((left, "test accuracy"), (right, "test loss after the last epoch")):
        axes.set_xscale("log")
        axes.set_xlabel("learning rate of RMSprop")
        axes.set_ylabel(what)
    left.legend(fontsize=8)
    return drawn


def _loss(runs: Runs) -> float:
    """Return the validation loss as it was trained on; the validation data of this row are the test images."""
    return statistics.fmean(curve[-1] for curve in runs.curve("val_loss"))


def _first_dead(points: Points) -> str:
    dead = [point.label for point, runs in points if runs.spread.mean < _DEAD]
    return f"from {dead[0]} on" if dead else "nowhere"
