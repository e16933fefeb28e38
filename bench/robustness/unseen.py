"""``python -m bench unseen``: models on digits and non-digits whose drawing shares no code with any training here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from PIL import Image

from bench import recording
from bench.robustness.corruptions import CORRUPTIONS, STRENGTHS, corrupted
from bench.robustness.digit_shapes import DIGIT_SHAPES, drawn_shape
from bench.robustness.measure import confidence_of, digit_of
from bench.robustness.unseen_non_digits import UNSEEN_NON_DIGITS
from digit_infer import Predictor, dataset, zoo
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from digit_infer.contract import Images

KEPT = ("0.95", "0.99", "0.999")
"""Shares of the right digits that thresholds of confidence keep."""

_SEED = 20_261_130
_SPLITS = {"first 5,000 of train": slice(0, 5_000), "last 10,000 of train": slice(50_000, 60_000)}
_CORRUPTED = 2_000
_SCANS_LEVELS = 16
_NON_DIGITS_FROM = 100
"""First number of the non-digits' random seeds, after those of the digits."""


@dataclass(frozen=True)
class Unseen:
    """Results of a model on kinds that no training contains; all are shares.

    ``right``: of right answers, by kind of digit. Measures of confidence keep a share of the right answers to ``digits`` of
    MNIST, or to the scans and drawn shapes of other hands: ``confidence`` has them by these two and by the share, and
    ``rejected`` the non-digits that they reject, by the same and by kind.
    """

    model: str
    digits: str
    pictures: int
    right: Mapping[str, float]
    confidence: Mapping[str, Mapping[str, float]]
    rejected: Mapping[str, Mapping[str, Mapping[str, float]]]


@click.command("unseen")
@click.argument("models", nargs=-1, required=True, metavar="MODEL…")
@click.option("--pictures", type=click.IntRange(min=10), default=200, show_default=True, help="Of each kind.")
@click.option("--test", is_flag=True, help="Keep shares of the test images, not of the last 10,000 training images.")
@click.option("--record/--no-record", default=True, help="Whether to write unseen.json.")
def unseen(models: tuple[str, ...], pictures: int, test: bool, record: bool) -> None:  # noqa: FBT001  # click's flags
    """Measure MODELs, names of the zoo or files, on digits and non-digits whose drawing shares no code with training.

    The kinds of non-digits are also none that training has. A network has seen the training images that its recipe did not
    hold back, both of ours the last 10,000; choose among networks that have not.
    """
    found = []
    with quiet_native_log():
        for name in models:
            with Predictor(Path(name) if zoo.is_path(name) else name) as predictor:
                found.append(judged(predictor, pictures, test=test))
    shown = [Column("share"), *(Column(Path(each.model).name, number=True) for each in found)]
    rows = [(f"right: {kind}", *(f"{each.right[kind]:.4f}" for each in found)) for kind in found[0].right]
    for hands, share in ((hands, share) for hands in found[0].confidence for share in KEPT):
        rejected = [each.rejected[hands][share] for each in found]
        rows.append((f"{hands}, {share} kept: confidence", *(f"{each.confidence[hands][share]:.3f}" for each in found)))
        rows += [(f"  {kind} rejected", *(f"{kinds[kind]:.3f}" for kinds in rejected)) for kind in rejected[0]]
        rows.append(("  mean rejected", *(f"{np.mean([*kinds.values()]):.3f}" for kinds in rejected)))
    print_table(shown, rows)
    if record:
        recording.record("unseen", {"models": [asdict(each) for each in found]})


def judged(predictor: Predictor, pictures: int, *, test: bool) -> Unseen:
    """Run a model on everything, with ``pictures`` of each drawn kind."""
    train = dataset.load("train")
    known = dataset.load("test") if test else None
    images, labels = (known.images, known.labels) if known else (train.images[50_000:], train.labels[50_000:])
    answers = predictor.predict_array(images)
    right = _on_arrays(predictor, train.images, train.labels, images[:_CORRUPTED], labels[:_CORRUPTED])
    of_hands: list[float] = []
    for kind, (drawn, digits) in _digits(pictures).items():
        seen = list(predictor.predict_many(drawn))
        is_right = [digit_of(answer) == digit for answer, digit in zip(seen, digits, strict=True)]
        right[kind] = float(np.mean(is_right))
        of_hands += [confidence_of(answer) for answer, ok in zip(seen, is_right, strict=True) if ok]
    others = {}
    for number, (kind, drawing) in enumerate(UNSEEN_NON_DIGITS.items()):
        draw = np.random.default_rng((_SEED, _NON_DIGITS_FROM + number))
        drawn = [drawing(draw) for _ in range(pictures)]
        others[kind] = np.array([confidence_of(answer) for answer in predictor.predict_many(drawn)])
    sure = {"MNIST": answers.max(axis=1)[answers.argmax(axis=1) == labels], "other hands": np.array(of_hands)}
    confidence = {
        hands: {share: float(np.quantile(found, 1 - float(share))) for share in KEPT} for hands, found in sure.items()
    }
    return Unseen(
        model=predictor.model,
        digits="test" if test else "last 10,000 of train",
        pictures=pictures,
        right=right,
        confidence=confidence,
        rejected={
            hands: {
                share: {kind: float((found < least).mean()) for kind, found in others.items()}
                for share, least in limits.items()
            }
            for hands, limits in confidence.items()
        },
    )


def _on_arrays(
    predictor: Predictor, images: Images, labels: NDArray[np.uint8], some: Images, some_labels: NDArray[np.uint8]
) -> dict[str, float]:
    """Return the share of right answers on training splits, and on average over damage to ``some`` digits."""
    right = {
        name: float((predictor.predict_array(images[part]).argmax(axis=1) == labels[part]).mean())
        for name, part in _SPLITS.items()
    }
    damaged = [
        float((predictor.predict_array(corrupted(some, kind, strength)).argmax(axis=1) == some_labels).mean())
        for kind in CORRUPTIONS
        for strength in range(len(STRENGTHS))
    ]
    return {**right, "corrupted, mean": float(np.mean(damaged))}


def _digits(pictures: int) -> dict[str, tuple[list[Image.Image], list[int]]]:
    """Return pictures of digits and what they show, by kind."""
    scans, scan_labels = scans_of_8()
    found = {"scikit-learn's 8 x 8": (scans, scan_labels)}
    for number, (kind, (digit, shape)) in enumerate(DIGIT_SHAPES.items()):
        draw = np.random.default_rng((_SEED, number))
        found[kind] = ([drawn_shape(shape, draw) for _ in range(pictures)], [digit] * pictures)
    return found


def scans_of_8() -> tuple[list[Image.Image], list[int]]:
    """Return scikit-learn's 1,797 digits, scaled from 0 to 16 to bytes as a user would, and their labels.

    Raises:
        UsageError: scikit-learn is not installed; nothing else here needs it.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise UsageError("these digits come with scikit-learn", "pip install scikit-learn") from error
    images, labels = load_digits(return_X_y=True)
    grey = np.rint(images.reshape(-1, 8, 8) * (255 / _SCANS_LEVELS)).astype(np.uint8)
    return [Image.fromarray(image) for image in grey], [int(label) for label in labels]
