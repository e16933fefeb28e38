"""``docs/reproduction.md``, ``docs/comparison.md`` and their pictures, from the records and MNIST's own images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from digit_infer import dataset
from digit_infer.dataset import Split
from digit_infer.files import write_text
from training.network import build
from training.recipes import RECIPES, SWEEPS
from training.report import collapse, groups, overview, seeds, speed_section, weight_decay
from training.report.comparison import accuracy_against_parameters
from training.report.confusion import confusions
from training.report.curves import loss_and_accuracy, validation_losses
from training.report.diagrams import diagram, layers
from training.report.digits import grid, random_ten
from training.report.page import document, paragraph, picture, share, table
from training.report.style import save, styled
from training.rows import Row, points_of, rows

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = "reproduction"
_SEED = 0
_SAMPLES = 16
_OWN_STORY = {"mlp_500_300_l2": weight_decay.words, "mlp_64_64_collapse": collapse.words}


def write_report(docs: Path = DOCS) -> list[Path]:
    """Write both pages and their pictures from the stored records, and return the pages.

    Raises:
        TrainingError: a row or a sweep has no record.
    """
    table_rows = rows()
    test = dataset.load("test")
    written = pages(table_rows, test)
    with styled():
        _draw_rows(table_rows, test, docs / PICTURES)
        _draw_groups(table_rows, test, docs / PICTURES)
    for name, text in written.items():
        write_text(docs / name, text)
    return [docs / name for name in written]


def pages(table_rows: Sequence[Row], test: Split) -> dict[str, str]:
    """Return the pages by their names in ``docs``."""
    return {
        "reproduction.md": document(_reproduction(table_rows, test)),
        "comparison.md": document(_comparison(table_rows)),
    }


def _reproduction(table_rows: Sequence[Row], test: Split) -> Iterator[str]:
    yield "# The eighteen published networks, reproduced"
    yield overview.introduction(table_rows)
    yield overview.main_table(table_rows)
    yield overview.how_to_read()
    yield "All networks beside one another: [comparison.md](comparison.md)."
    yield "## What several seeds do not support"
    yield seeds.unsupported(table_rows, test)
    yield "## Published numbers outside the spread of the seeds"
    yield seeds.outside(table_rows)
    yield "## Speed of training"
    yield speed_section.section()
    for group, title in groups.TITLES.items():
        yield f"## Group {group}: {title}"
        members = [row for row in table_rows if row.recipe.group == group]
        yield groups.words(group, members)
        for row in members:
            yield from _section(row)


def _section(row: Row) -> Iterator[str]:
    recipe = row.recipe
    yield f'<a id="{row.name}"></a>\n\n### {row.number}. `{row.name}`'
    spread = row.runs.spread
    loss = "none" if recipe.published.loss is None else f"{recipe.published.loss:.4f}"
    yield (
        f"{recipe.parameters:,} parameters ({recipe.parameters - recipe.frozen_parameters:,} trainable), "
        f"{recipe.optimizer.kind}, batches of {recipe.batch_size}, {recipe.epochs} epochs; "
        f"evaluated: {'the epoch of the ' if recipe.keeps.startswith('best') else 'the '}{recipe.keeps}. "
        f"Published accuracy {share(recipe.published.accuracy)}, loss {loss} ({recipe.published.source})."
    )
    yield table(
        ["seed:", "test accuracy:", "95 % interval (Wilson)", "test loss:", "epoch evaluated:"],
        [
            (
                str(record["seed"]),
                share(record["test"]["accuracy"]),
                f"{share(record['test']['interval_95'][0])} to {share(record['test']['interval_95'][1])}",
                f"{record['test']['loss']:.4f}",
                str(record["kept_epoch"]),
            )
            for record in row.runs.records
        ],
    )
    yield f"Verdict: {spread.verdict(recipe.published.accuracy)}. {groups.remark(row)}"
    if row.name in _OWN_STORY:
        yield _OWN_STORY[row.name]()
    for words, kind in (
        ("loss and accuracy by epoch", "curves"),
        ("confusion matrix and surest mistakes", "confusion"),
        ("layers", "diagram"),
    ):
        yield picture(f"{row.name}: {words}", f"{row.name}-{kind}.png")


def _comparison(table_rows: Sequence[Row]) -> Iterator[str]:
    yield "# All published networks: accuracy against parameters"
    yield paragraph("""Each point is the mean of the seeds with the 95 % interval of one more run (with fewer than
        three seeds, marked *, the sampling error of a difference of two runs); the short bar is the published
        accuracy. The lower panel holds what would flatten the upper one. Details of every network:
        [reproduction.md](reproduction.md).""")
    yield picture("test accuracy against parameters, logarithmic", "comparison.png")
    yield overview.parameters_table(table_rows)


def _draw_rows(table_rows: Sequence[Row], test: Split, folder: Path) -> None:
    for row in table_rows:
        save(loss_and_accuracy(row.runs), folder / f"{row.name}-curves.png")
        save(confusions(row.runs, test), folder / f"{row.name}-confusion.png")
        save(diagram(row.name, layers(row.recipe, build(row.recipe))), folder / f"{row.name}-diagram.png")
    save(accuracy_against_parameters(table_rows), folder / "comparison.png")


def _draw_groups(table_rows: Sequence[Row], test: Split, folder: Path) -> None:
    _draw_samples(folder)
    _draw_random_digits([row for row in table_rows if row.recipe.group == "C"], test, folder)
    attempts = {name: points_of(SWEEPS[name]) for name in weight_decay.ATTEMPTS}
    save(weight_decay.draw(points_of(SWEEPS["mlp_500_300_l2"]), attempts), folder / weight_decay.PICTURE)
    save(collapse.draw(*collapse.grids()), folder / collapse.PICTURE)
    save(validation_losses([row.runs for row in table_rows if row.recipe.group == "E"]), folder / "group-e-losses.png")


def _draw_samples(folder: Path) -> None:
    import numpy as np

    from training.augmentation import augmented
    from training.trainer import scaled

    training = dataset.load("train")
    images, labels = training.images[:_SAMPLES], training.labels[:_SAMPLES]
    augmentation = RECIPES["shallow_cnn_aug"].augmentation
    if augmentation is None:  # the recipe is there for it
        raise AssertionError
    changed = augmented(scaled(images), augmentation, np.random.default_rng(_SEED))[..., 0]
    captions = [str(label) for label in labels]
    save(grid(images, captions, 4, "the first 16 training images"), folder / "samples.png")
    save(
        grid((changed * 255).round().astype(np.uint8), captions, 4, "the same, changed at random"),
        folder / "samples-augmented.png",
    )


def _draw_random_digits(group: Sequence[Row], test: Split, folder: Path) -> None:
    for row in group:
        drawn = random_ten(test.labels, _SEED)
        answers = row.runs.answers()
        captions = [f"{test.labels[index]} read as {answers[index]}" for index in drawn]
        title = f"{row.name}, seed 0: ten test digits drawn at random"
        save(grid(test.images[drawn], captions, 5, title), folder / f"{row.name}-digits.png")
