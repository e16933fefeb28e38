"""``digit-infer models``: what the zoo holds."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from digit_infer import zoo
from digit_infer.cli import options
from digit_infer.cli.tables import Column, print_table
from digit_infer.zoo.manifest import SCHEMA, ZooModel


@click.command("models")
@options.json_option
def command(as_json: bool) -> None:
    """List the models that travel with digit-infer: what they are, how good, and their files."""
    models = zoo.models().values()
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "models": [asdict(model) for model in models]}))
        return
    print_table(
        [
            Column("model"),
            Column("parameters", number=True),
            Column("accuracy"),
            Column("95 % interval", may_wrap=True),
            Column("published", number=True, may_wrap=True),
            Column("file"),
            Column("kB", number=True),
            Column("flips", number=True),
        ],
        [
            (
                *(_facts(model) if number == 0 else ("",) * 5),
                f"{file.precision} {file.format}",
                f"{file.bytes / 1000:,.0f}",
                str(len(file.parity.flips)),
            )
            for model in models
            for number, file in enumerate(model.files)
        ],
    )
    click.echo(
        "accuracy: the trained model on the 10,000 MNIST test images; flips: answers of the file that differ from it\n"
        f"default: {zoo.DEFAULT_MODEL}",
        err=True,
    )


def _facts(model: ZooModel) -> tuple[str, str, str, str, str]:
    accuracy = model.accuracy
    return (
        model.name,
        f"{model.parameters:,}",
        f"{accuracy.share:.4f}",
        f"{accuracy.low:.4f} to {accuracy.high:.4f}",
        f"{model.published_accuracy:.4f}",
    )
