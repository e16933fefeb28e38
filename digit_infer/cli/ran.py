"""What ran, in a line for people and in facts for programs, and what could not be answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from digit_infer.cli.pictures import NamedPicture
    from digit_infer.errors import PictureError
    from digit_infer.predictor import Predictor


def ran_on(predictor: Predictor) -> str:
    """Return the model, the runtime, what really ran below it, the precision and the threads."""
    threads = {None: "threads as the runtime decides", 1: "1 thread"}.get(predictor.threads, f"{predictor.threads} threads")
    precision = predictor.precision or "precision of the file"
    ink = "" if predictor.marks_ink else " · without the ink network"
    return f"{predictor.model} · {predictor.runtime} ({predictor.provider}) · {precision} · {threads}{ink}"


def answering_facts(predictor: Predictor) -> dict[str, str | int | float | None]:
    """Return the same for JSON."""
    return {
        "model": predictor.model,
        "runtime": predictor.runtime,
        "precision": predictor.precision,
        "provider": predictor.provider,
        "threads": predictor.threads,
        "marks_ink": predictor.marks_ink,
        "reject_below": predictor.reject_below,
    }


def print_error(picture: NamedPicture, error: PictureError) -> None:
    """Say in a line on stderr why a picture has no answer, and which it is."""
    prefix = "" if picture.name in str(error) else f"{picture.name}: "
    click.echo(f"error: {prefix}{error}", err=True)


def unanswered_entry(picture: NamedPicture, error: PictureError) -> dict[str, Any]:
    """Return the same for JSON."""
    return {"picture": picture.name, "error": {"kind": type(error).__name__, "message": str(error)}}
