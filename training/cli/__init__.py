"""``python -m training``: reproduce the published networks; one file a group of commands."""

from __future__ import annotations

import os

import click

from digit_infer.cli.reporting import ReportingGroup
from training.cli.records import evaluate, list_rows, operating_points, record, select
from training.cli.run import run, sweep
from training.cli.search import search
from training.cli.speed import speed


@click.group(cls=ReportingGroup)
def main() -> None:
    """Reproduce the published networks: train them, and compare their accuracy with the published one."""
    # before Keras loads its backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # says nothing about errors
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # faster, also on processors where TensorFlow leaves it off


for command in (list_rows, run, sweep, search, record, evaluate, select, operating_points, speed):
    main.add_command(command)
