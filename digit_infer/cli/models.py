"""``digit-infer models``: what the zoo holds."""

from __future__ import annotations

import json
from dataclasses import asdict

import click

from digit_infer import zoo
from digit_infer.cli import options
from digit_infer.zoo.manifest import SCHEMA, ZooModel


@click.command("models")
@options.json_option
def command(as_json: bool) -> None:
    """List the models that travel with digit-infer: what they are, how good, and their files."""
    models = zoo.models().values()
    if as_json:
        click.echo(json.dumps({"schema": SCHEMA, "models": [asdict(model) for model in models]}))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "parameters", "accuracy (95 %)", "published", "format", "precision", "kB", "flips", box=None)
    for column in table.columns[1:4] + table.columns[6:]:
        column.justify = "right"
    for model in models:
        for number, file in enumerate(model.files):
            table.add_row(
                *(_facts(model) if number == 0 else ("", "", "", "")),
                file.format,
                file.precision,
                f"{file.bytes / 1000:,.0f}",
                str(len(file.parity.flips)),
            )
    Console().print(table)
    click.echo("accuracy: the trained model on the 10,000 MNIST test images; flips: answers that differ from it", err=True)


def _facts(model: ZooModel) -> tuple[str, str, str, str]:
    accuracy = model.accuracy
    default = " (default)" if model.name == zoo.DEFAULT_MODEL else ""
    return (
        model.name + default,
        f"{model.parameters:,}",
        f"{accuracy.share:.4f} ({accuracy.low:.4f} to {accuracy.high:.4f})",
        f"{model.published_accuracy:.4f}",
    )
