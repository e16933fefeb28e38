"""``digit-infer read``: all digits of a picture, line by line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from digit_infer.cli import options
from digit_infer.cli.options import LeftOut, NamedPicture, check_drawing, check_page, named_pictures
from digit_infer.cli.output import (
    OUTPUT_SCHEMA,
    answering_facts,
    left_out_entries,
    nothing_found,
    page_facts,
    print_error,
    ran_on,
    tell_note,
    unanswered_entry,
)
from digit_infer.cli.reporting import ours_alone, quiet_native_log
from digit_infer.errors import PictureError, printable
from digit_infer.parallel.interrupts import raised
from digit_infer.prediction import NO_DIGIT
from digit_infer.predictor import Predictor

if TYPE_CHECKING:
    from digit_infer.contract import Precision
    from digit_infer.image.mnist_form import Box
    from digit_infer.reading import Reading
    from digit_infer.runtimes.protocol import RuntimeName


@click.command("read")
@options.answering
@options.page_option
@options.json_option
@options.drawing_option(
    "--boxes", "Write a PNG with a box around each digit, red for a confidence below 0.9, and around each sign."
)
def command(
    pictures: tuple[str, ...],
    model: str,
    runtime: RuntimeName,
    precision: Precision | None,
    threads: int | None,
    reject_below: float | None,
    page: int | None,
    keep: float | None,
    as_json: bool,
    boxes: Path | None,
    **own: Any,
) -> int:
    """Read all digits on each PICTURE, line by line: of a number, a form or a page, which may lie askew.

    Signs and other writing are left out; --json says where they are, so that 12/05/2026 or 54.17 can be told.

    Takes files, folders, globs, or - for standard input. Exits with 1 if a picture could not be read or shows no digit, and
    with 2 if one does not exist; the others are read all the same.
    """
    left_out: list[LeftOut] = []
    named = named_pictures(pictures, left_out)
    check_page(page, named)
    least = options.threshold(model, reject_below, keep)
    if boxes is not None:
        check_drawing("--boxes", boxes, named)
    adapter = options.adapter(**own)
    with quiet_native_log():
        predictor = Predictor(
            model, runtime=runtime, precision=precision, threads=threads, reject_below=least, adapter=adapter
        )
    tell_note(predictor)
    pages: list[dict[str, Any]] = []
    code = 0
    with predictor, ours_alone():
        for picture in named:
            try:
                reading = predictor.read(picture.source, page=page)
            except PictureError as error:
                print_error(picture, error)
                code = max(code, error.exit_code)
                pages.append(unanswered_entry(picture, error))
                continue
            pages.append(_entry(picture, reading))
            code = max(code, int(not reading.digits))
            if boxes is not None:
                _draw(reading, boxes)
            if not as_json:
                click.echo(_line(picture, reading, alone=len(named) == 1))
        if as_json:
            facts = answering_facts(predictor) | {"reject_below": predictor.read_below}
            head = {"schema": OUTPUT_SCHEMA, **facts, "left_out": left_out_entries(left_out)}
            click.echo(json.dumps({**head, "pages": pages}, allow_nan=False))
        else:
            click.echo(ran_on(predictor), err=True)
    return code


def _line(picture: NamedPicture, reading: Reading, *, alone: bool) -> str:
    if not reading.digits:
        return NO_DIGIT if alone else nothing_found(picture.name)
    return reading.text if alone else f"{' '.join(reading.text.split())}  {printable(picture.name)}"


def _draw(reading: Reading, path: Path) -> None:
    from digit_infer.recognition.drawing import save_boxes

    found: list[tuple[Box, str, float | None]] = [
        (digit.box, str(digit.prediction.digit), digit.prediction.confidence) for digit in reading.digits
    ]
    found += [(sign.box, sign.text, None) for sign in reading.signs if not sign.text.isspace()]
    with raised():
        save_boxes(path, reading.grey, found)
    click.echo(f"drawn in {printable(str(path))}", err=True)


def _entry(picture: NamedPicture, reading: Reading) -> dict[str, Any]:
    height, width = reading.grey.shape
    return {
        "picture": picture.name,
        "text": reading.text,
        "written": reading.written,
        "turned": reading.turned,
        "size": [width, height],
        **page_facts(picture, reading),
        "digits": [
            {
                "digit": digit.prediction.digit,
                "confidence": digit.prediction.confidence,
                "line": digit.line,
                "box": [digit.box.left, digit.box.top, digit.box.right, digit.box.bottom],
            }
            for digit in reading.digits
        ],
        "signs": [
            {
                "sign": sign.text,
                "line": sign.line,
                "box": [sign.box.left, sign.box.top, sign.box.right, sign.box.bottom],
            }
            for sign in reading.signs
        ],
    }
