"""``digit-infer predict``: pictures in, digits out."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digit_infer import image
from digit_infer.cli import options
from digit_infer.cli.options import LeftOut, NamedPicture, check_drawing, check_page, named_pictures
from digit_infer.cli.output import (
    OUTPUT_SCHEMA,
    answer_lines,
    answering_facts,
    left_out_entries,
    page_facts,
    print_error,
    ran_on,
    summary_line,
    tell_note,
    unanswered_entry,
)
from digit_infer.cli.reporting import ours_alone, quiet_native_log
from digit_infer.errors import PictureError, printable
from digit_infer.parallel import Background
from digit_infer.parallel.interrupts import raised
from digit_infer.prediction import Prediction, Unanswered
from digit_infer.predictor import MAX_WORKERS, Predictor

if TYPE_CHECKING:
    from digit_infer.contract import Precision
    from digit_infer.parallel.processes import Worker
    from digit_infer.runtimes.protocol import RuntimeName

    Answers = Iterator[tuple[NamedPicture, Prediction | Unanswered]]

_LARGEST_BATCH = 64
"""Pictures that a worker process gets at a time."""


@click.command("predict")
@options.answering
@click.option("--top-k", type=click.IntRange(1, 10), default=3, show_default=True, help="How many digits to show.")
@click.option(
    "--workers",
    type=click.IntRange(1, MAX_WORKERS),
    default=1,
    show_default=True,
    help="Processes that share the pictures; worth it for thousands. Each loads the model.",
)
@options.page_option
@options.json_option
@options.drawing_option(
    "--explain", "Write a PNG with the picture, its ink, the image that the network saw, and the probabilities."
)
def command(
    pictures: tuple[str, ...],
    model: str,
    runtime: RuntimeName,
    precision: Precision | None,
    threads: int | None,
    reject_below: float | None,
    keep: float | None,
    top_k: int,
    workers: int,
    page: int | None,
    as_json: bool,
    explain: Path | None,
    **own: Any,
) -> int:
    """Say which digit is on each PICTURE: files, folders, globs, or - for standard input.

    Exits with 1 if a picture could not be answered or shows no digit, and with 2 if one does not exist; the others are
    answered all the same.
    """
    left_out: list[LeftOut] = []
    named = named_pictures(pictures, left_out)
    check_page(page, named)
    single = len(named) == 1
    least = options.threshold(model, reject_below, keep)
    if explain is not None:
        check_drawing("--explain", explain, named)
    adapter = options.adapter(**own)
    with ExitStack() as stack:
        stack.enter_context(ours_alone())
        looking = Background(lambda: image.seen(named[0].source, page)) if single else None  # while the model is loaded
        processes = [] if single or workers == 1 else stack.enter_context(_started(workers))  # they start meanwhile, too
        with quiet_native_log():
            predictor = Predictor(
                model, runtime=runtime, precision=precision, threads=threads, reject_below=least, adapter=adapter
            )
        stack.enter_context(predictor)
        tell_note(predictor)
        answers = _many(predictor, named, processes) if looking is None else _one(predictor, named[0], looking, explain)
        if as_json:
            return _print_json(predictor, answers, left_out, top_k)
        return _print_text(predictor, answers, top_k, single)


def _started(workers: int) -> AbstractContextManager[list[Worker]]:
    from digit_infer.parallel.processes import started  # not needed for one picture

    return started(workers, Predictor.__module__)


def _many(predictor: Predictor, pictures: list[NamedPicture], processes: list[Worker]) -> Answers:
    sources = [picture.source for picture in pictures]
    if not processes:
        return zip(pictures, predictor.predict_many(sources), strict=True)
    from digit_infer.parallel.processes import answered

    batch_size = min(_LARGEST_BATCH, -(-len(sources) // len(processes)))  # so that each gets some of a few pictures
    return zip(pictures, answered(processes, predictor, iter(sources), batch_size), strict=True)


def _one(predictor: Predictor, picture: NamedPicture, looking: Background[image.Seen], explain: Path | None) -> Answers:
    """Answer one picture, which was decoded while the model was loaded, and draw how it was answered."""
    try:
        explanation = predictor.explain(looking.result())
    except PictureError as error:
        yield picture, Unanswered(error)
        return
    if explain is not None:
        from digit_infer.recognition.drawing import save_explanation  # slow to import, and rarely asked for

        with raised():
            save_explanation(explain, explanation)
        click.echo(f"explained in {printable(str(explain))}", err=True)
    yield picture, explanation.prediction


def _print_text(predictor: Predictor, answers: Answers, top_k: int, single: bool) -> int:
    """Print a line or a drawing for each answer and return the exit code."""
    code = 0
    for picture, answer in answers:
        code = max(code, _exit_code(answer))
        if isinstance(answer, Unanswered):
            print_error(picture, answer.error)
            continue
        page_facts(picture, answer)
        if single:
            click.echo("\n".join(answer_lines(answer, top_k, picture=_draws_pictures())))
        else:
            click.echo(summary_line(picture.name, answer))
    click.echo(ran_on(predictor), err=True)
    return code


def _print_json(predictor: Predictor, answers: Answers, left_out: Sequence[LeftOut], top_k: int) -> int:
    """Print one JSON document, an answer a line as it comes, so that memory does not grow with the number of pictures.

    Returns the exit code.
    """
    head = {"schema": OUTPUT_SCHEMA, **answering_facts(predictor), "left_out": left_out_entries(left_out)}
    click.echo(json.dumps(head)[:-1] + ', "predictions": [')
    code = 0
    encode, write = json.JSONEncoder(allow_nan=False).encode, sys.stdout.write  # not flushed for each picture
    for number, (picture, answer) in enumerate(answers):
        code = max(code, _exit_code(answer))
        if isinstance(answer, Unanswered):
            print_error(picture, answer.error)
        write((",\n" if number else "") + encode(_entry(picture, answer, top_k)))
    click.echo("\n]}")
    return code


def _exit_code(answer: Prediction | Unanswered) -> int:
    return answer.error.exit_code if isinstance(answer, Unanswered) else int(not answer.is_digit)


def _entry(picture: NamedPicture, answer: Prediction | Unanswered, top_k: int) -> dict[str, Any]:
    if isinstance(answer, Unanswered):
        return unanswered_entry(picture, answer.error)
    return {
        "picture": picture.name,
        "digit": answer.digit,
        "is_digit": answer.is_digit,
        "reason": answer.reason,
        "look": answer.look,
        "confidence": answer.confidence,
        "top": [{"digit": digit, "probability": probability} for digit, probability in answer.top(top_k)],
        "probabilities": answer.probabilities.tolist(),
        **page_facts(picture, answer),
    }


def _draws_pictures() -> bool:
    """Tell whether stdout is a terminal that shows colours, and whose user wants them (https://no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
