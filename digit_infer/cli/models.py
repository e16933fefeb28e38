"""``digit-infer models``: the bundled models, and a card for each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import click

from digit_infer import zoo
from digit_infer.benchmark.statistics import mean_and_deviation
from digit_infer.cli import options
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import ReportingGroup
from digit_infer.zoo.manifest import MANIFEST_SCHEMA, InkModel, ZooFile, ZooModel

_LIMITS = (
    "Reads one digit, 0 to 9, in 28 × 28 pixels of MNIST's form; digit-infer predict and Predictor bring pictures into it.",
    "Trained on MNIST alone: other hands, photographs and other scripts are outside of what these figures say.",
    "It answers a digit for every picture, also where there is none.",
    "Data: MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0.",
)
"""Of the published networks; our own have cards with their own limits."""


@click.group("models", cls=ReportingGroup, invoke_without_command=True)
@options.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the bundled models with their accuracy and files."""
    if context.invoked_subcommand is not None:
        return
    models = zoo.models().values()
    if as_json:
        found = {"models": [asdict(model) for model in models], "ink": asdict(zoo.manifest().ink)}
        click.echo(json.dumps({"schema": MANIFEST_SCHEMA, **found}))
        return
    columns = [
        Column("model"),
        Column("parameters", number=True),
        Column("accuracy"),
        Column("95 % interval", may_wrap=True),
        Column("published", number=True, may_wrap=True),
        Column("reproduced: mean of seeds", may_wrap=True),
        Column("files, kB", may_wrap=True),
    ]
    print_table(columns, map(_line, models))
    click.echo(
        "accuracy: this model on the 10,000 MNIST test images; reproduced: all runs of its recipe\n"
        f"default: {zoo.DEFAULT_MODEL}; a card: digit-infer models show NAME\n"
        f"and {zoo.manifest().ink.name}, which marks the ink on pictures for all of them",
        err=True,
    )


@command.command("show")
@click.argument("name")
@options.json_option
def show(name: str, as_json: bool) -> None:
    """Print the card of one model: its training, accuracy, files, use and limits."""
    ink = zoo.manifest().ink
    if name == ink.name:
        card = zoo.card_of(ink)
        click.echo(
            json.dumps({"schema": MANIFEST_SCHEMA, "model": asdict(ink), "card": card}) if as_json else _ink_card(ink, card)
        )
        return
    model = zoo.model_named(name)
    if as_json:
        click.echo(json.dumps({"schema": MANIFEST_SCHEMA, "model": asdict(model), "card": zoo.card_of(model)}))
        return
    for line in _card(model):
        click.echo(line)


def _ink_card(ink: InkModel, card: str | None) -> str:
    lines = [
        f"{ink.name}: {ink.parameters:,} parameters, {ink.multiply_adds:,} multiply-adds a picture of 128 × 128",
        "",
        f"Checkpoint: seed {ink.checkpoint.seed}, epoch {ink.checkpoint.epoch}: {ink.checkpoint.rule}; recipe {ink.recipe}",
        "",
        "Files, each verified against the trained network",
    ]
    lines += [
        f"  {file.file}: {file.bytes:,} bytes; {file.parity.changed:.3%} of pixels change, on {file.parity.pictures:,}"
        f" drawn pictures ({file.parity.runtime})"
        for file in ink.files
    ]
    return "\n".join([*lines, "", (card or "").partition("## ")[2].rstrip()]).rstrip()


def _line(model: ZooModel) -> tuple[str, ...]:
    accuracy = model.accuracy
    return (
        model.name,
        f"{model.parameters:,}",
        f"{accuracy.share:.4f}",
        f"{accuracy.low:.4f} to {accuracy.high:.4f}",
        "ours" if model.published_accuracy is None else f"{model.published_accuracy:.4f}",
        _reproduced(model),
        ", ".join(f"{file.precision} {file.format} {file.bytes / 1000:,.0f}" for file in model.files),
    )


def _reproduced(model: ZooModel) -> str:
    seeds = model.training.accuracy_by_seed
    return f"{mean_and_deviation(seeds)} ({len(seeds)} seed{'' if len(seeds) == 1 else 's'})"


def _card(model: ZooModel) -> Iterator[str]:
    training, accuracy, checkpoint = model.training, model.accuracy, model.checkpoint
    yield f"{model.name}: {model.family}, {model.parameters:,} parameters, {model.multiply_adds:,} multiply-adds an image"
    yield ""
    yield "Network"
    yield from (f"  {layer}" for layer in training.layers)
    yield ""
    yield "Training"
    yield f"  {training.optimizer}; batches of {training.batch_size}, {training.epochs} epochs; recipe {model.recipe}"
    watched = ", so the test set was watched and its accuracy is optimistic" if training.watched_the_test_set else ""
    yield f"  validation: {training.validation}{watched}"
    yield f"  checkpoint: seed {checkpoint.seed}, epoch {checkpoint.epoch}: {checkpoint.rule}"
    yield f"  sha256 {checkpoint.sha256}"
    yield ""
    yield "Accuracy on the 10,000 MNIST test images"
    yield f"  this model   {accuracy.share:.4f} (95 % interval {accuracy.low:.4f} to {accuracy.high:.4f})"
    if model.published_accuracy is not None:
        yield f"  published    {model.published_accuracy:.4f}"
    yield f"  reproduced   {_reproduced(model)}: {' '.join(f'{seed:.4f}' for seed in training.accuracy_by_seed)}"
    yield ""
    yield "Files, each verified against the trained model"
    for file in model.files:
        yield f"  {_file(file)}"
    if model.exports:
        yield "  also exported by python -m export, and verified alike:"
    for file in model.exports:
        yield f"  {_file(file)}"
    yield ""
    measured = zoo.card_of(model)
    if measured is None:
        yield "Use and limits"
        yield from (f"  {limit}" for limit in _LIMITS)
        return
    _, heading, sections = measured.partition("## ")  # its title and summary stand above
    yield heading + sections.rstrip()


def _file(file: ZooFile) -> str:
    parity = file.parity
    return (
        f"{file.file}: {file.bytes:,} bytes; accuracy {parity.accuracy.share:.4f}, {len(parity.flips)} answers differ, "
        f"largest difference {parity.largest_difference:.2g} ({parity.runtime})"
    )
