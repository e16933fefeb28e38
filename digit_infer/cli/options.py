"""What several commands take: shared options, and the arguments that name pictures."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import click

from digit_infer.contract import PRECISIONS
from digit_infer.errors import PictureNotFoundError, UsageError, printable
from digit_infer.image.picture_file import MAX_BYTES, too_large
from digit_infer.image.source import is_text, shown
from digit_infer.runtimes.adapter import LAYOUTS, Layout
from digit_infer.runtimes.protocol import RUNTIME_NAMES
from digit_infer.zoo import DEFAULT_MODEL, confidence_keeping, models
from digit_infer.zoo.resolve import MAX_THREADS

if TYPE_CHECKING:
    from digit_infer.runtimes.adapter import Adapter
    from digit_infer.runtimes.preprocessing import Preprocessing

F = TypeVar("F", bound=Callable[..., Any])

_PHOTOGRAPHS = ".png", ".jpg", ".jpeg", ".webp", ".avif", ".heic", ".heif", ".jp2", ".j2k"
_OTHERS = ".tif", ".tiff", ".bmp", ".gif", ".ico", ".tga", ".pbm", ".pgm", ".ppm"
SUFFIXES = (*_PHOTOGRAPHS, *_OTHERS)
"""Files with these suffixes are pictures when a folder is searched."""

_LONGEST_RANGE = 9
"""Characters of ``100-109`` and the like; a longer range would fill the memory."""

_MOST_NAMES = 20
"""So many of the files that are left out are named on stderr for each reason."""


def complete_model(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of models that complete a word in the shell."""
    del context, parameter
    return [name for name in models() if name.startswith(incomplete)]


model_option = click.option(
    "--model",
    default=DEFAULT_MODEL,
    show_default=True,
    shell_complete=complete_model,
    help="A model of the zoo, or the path of a classifier of digits: .onnx, .tflite, .keras, .h5, or a SavedModel.",
)
runtime_option = click.option(
    "--runtime",
    type=click.Choice([*(name for name in RUNTIME_NAMES if name != "null"), "auto"]),
    default="auto",
    show_default=True,
    help="Where to run it; auto takes the fastest available one for a single picture, and reports which.",
)
precision_option = click.option(
    "--precision", type=click.Choice(PRECISIONS), help="Which of the zoo's files; the most exact one by default."
)
threads_option = click.option(
    "--threads", type=click.IntRange(1, MAX_THREADS), help="Threads of one inference call. [default: 1]"
)
reject_option = click.option(
    "--reject-below",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="A confidence below this means that there is no digit. [default: the model's own threshold for predict or read]",
)
keep_option = click.option(
    "--keep",
    type=click.FloatRange(0, 1),
    metavar="SHARE",
    help="Instead of --reject-below: keep this share of the right digits, such as 0.99, as measured for the model.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON on stdout, and nothing else there.")


_OF_PIXELS = (
    click.option(
        "--scale",
        type=float,
        help="Of a file of your own: the largest value of a pixel in training, 1 or 255. [default: found]",
    ),
    click.option("--mean", type=float, help="Then subtracted, in units of --scale: --mean 0.1307 --std 0.3081."),
    click.option("--std", type=float, help="Then divided by: (pixel - mean) / std."),
    click.option("--invert", "inverted", is_flag=True, help="It was trained on dark ink on light ground."),
)
_OF_ARRAYS = (
    click.option("--layout", type=click.Choice(LAYOUTS), help="How its pixels lie, where its shape leaves that open."),
    click.option("--classes", metavar="LIST", help="Which of more than ten outputs are the digits 0 to 9: 1-10, or 3,0,…"),
)


def of_own_file(function: F) -> F:
    """Add the options that say what a file of the user's own takes and gives; ``adapter`` reads them."""
    for option in reversed((*_OF_PIXELS, *_OF_ARRAYS)):
        function = option(function)
    return function


def pixels_of(scale: float | None, mean: float | None, std: float | None, *, inverted: bool) -> Preprocessing | None:
    """Return what the options say of pixels, or None where they say nothing.

    Raises:
        UsageError: no pixels can be so.
    """
    if (scale, mean, std, inverted) == (None, None, None, False):
        return None
    from digit_infer.runtimes.preprocessing import Preprocessing

    given = {"scale": scale, "mean": mean, "std": std}
    return Preprocessing(**{name: value for name, value in given.items() if value is not None}, inverted=inverted)


def adapter(
    *,
    scale: float | None,
    mean: float | None,
    std: float | None,
    inverted: bool,
    layout: Layout | None,
    classes: str | None,
) -> Adapter | None:
    """Return what the options of ``of_own_file`` say, or None where they say nothing.

    Raises:
        UsageError: no file can be so.
    """
    pixels = pixels_of(scale, mean, std, inverted=inverted)
    if (pixels, layout, classes) == (None, None, None):
        return None
    from digit_infer.runtimes.adapter import Adapter

    return Adapter(pixels, layout, None if classes is None else positions(classes))


def positions(words: str) -> tuple[int, ...]:
    """Turn ``1-10`` or ``3,0,1`` into whole numbers.

    Raises:
        UsageError: it is no such list.
    """
    found: list[int] = []
    for word in words.split(","):
        first, dash, last = word.partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or len(word) > _LONGEST_RANGE:
            raise UsageError(
                f"--classes {words!r} is no list of outputs", "give ten of them, such as 1-10 or 0,1,2,3,4,5,6,7,8,9"
            )
        found += range(int(first), int(last or first) + 1)
    return tuple(found)


def answering(function: F) -> F:
    """Add the argument ``pictures`` and the options that choose a model, its runtime and its threshold."""
    function = of_own_file(function)
    for option in (keep_option, reject_option, threads_option, precision_option, runtime_option, model_option):
        function = option(function)
    return click.argument("pictures", nargs=-1, required=True, metavar="PICTURE…")(function)


def threshold(model: str, reject_below: float | None, keep: float | None) -> float | None:
    """Return the confidence below which there is no digit, as --reject-below or --keep says; None where neither is given.

    Raises:
        UsageError: both are given, or nothing is measured of the model.
    """
    if keep is None:
        return reject_below
    if reject_below is not None:
        raise UsageError("--keep and --reject-below both set the threshold", "pass one of them")
    return confidence_keeping(model, keep)


def drawing_option(name: str, what: str) -> Callable[[F], F]:
    """Return an option that names a PNG file to write; ``check_drawing`` checks it."""
    return click.option(name, type=click.Path(path_type=Path, dir_okay=False), metavar="OUT.png", help=what)


page_option = click.option(
    "--page",
    type=click.IntRange(min=1),
    help="Which page of a TIFF file, or frame of an animation. [default: the first that is not blank]",
)


@dataclass(frozen=True)
class NamedPicture:
    """A picture and the name that its answer is printed with."""

    name: str
    source: str | bytes


class LeftOut(NamedTuple):
    """A file that was not taken for a picture, and why."""

    path: str
    reason: str


def named_pictures(words: Iterable[str], left_out: list[LeftOut] | None = None) -> list[NamedPicture]:
    """Return the pictures that words on the command line name, in order; those below a folder are sorted by name.

    What is left out is told on stderr, and added to ``left_out``. A word that is none of these counts as the name of a
    file, so that reading it raises the error in its place.

    Raises:
        PictureNotFoundError: a folder without a picture, or a pattern that matches nothing.
    """
    left_out = [] if left_out is None else left_out
    try:
        return [picture for word in words for picture in _named(word, left_out)]
    finally:
        tell_left_out(left_out, ", which --json names")


def check_page(page: int | None, pictures: Sequence[NamedPicture]) -> None:
    """Check that a page is asked of one picture.

    Raises:
        UsageError: it is asked of several.
    """
    if page is not None and len(pictures) != 1:
        raise UsageError("--page takes a page of one picture", "name one picture")


def check_drawing(option: str, path: Path, pictures: Sequence[NamedPicture]) -> None:
    """Check the PNG file that an option names.

    Raises:
        UsageError: there are several pictures, the file does not end in .png, or it is the picture itself.
    """
    if len(pictures) != 1:
        raise UsageError(f"{option} draws one picture", "name one picture")
    if path.suffix.lower() != ".png":
        raise UsageError(f"{path} does not end in .png", "name a PNG file")
    if path.resolve() == Path(pictures[0].name).resolve():
        raise UsageError(f"{path} is the picture itself", "name another file")


def _named(word: str, left_out: list[LeftOut]) -> Iterator[NamedPicture]:
    if is_text(word):
        yield NamedPicture("the text", word)
    elif shown(word) != word:  # too long for a path
        yield NamedPicture(shown(word), word)
    elif word == "-":
        if sys.stdin is None:
            raise UsageError("standard input is closed", "pipe a picture into it, or name a file")
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise too_large("standard input", f"more than {MAX_BYTES // 1_000_000} MB")
        yield NamedPicture(word, content)
    else:
        yield from (NamedPicture(file, file) for file in picture_files(word, left_out))


def picture_files(word: str, left_out: list[LeftOut]) -> Iterator[str]:
    """Yield the files that a word names: those below a folder, those that match a pattern, or the word itself.

    What is not taken is added to ``left_out``.

    Raises:
        PictureNotFoundError: a folder without a picture, or a pattern that matches nothing.
    """
    path = Path(word)
    if os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where a folder above may not be read
        found = _below(str(path), left_out)
        advice = f"pictures end in {', '.join(SUFFIXES)}"
    elif glob.has_magic(word) and not os.path.exists(path):  # noqa: PTH110  # as above
        try:
            matches = sorted(glob.glob(word, recursive=True))  # noqa: PTH207  # Path.glob takes no absolute pattern
        except RecursionError as error:
            raise UsageError(f"{word} leads through too many folders in one another", "name one further down") from error
        found = filterfalse(os.path.isdir, matches)
        left_out += [
            LeftOut(match, "a folder, which a pattern does not search") for match in filter(os.path.isdir, matches)
        ]
        advice = "correct the pattern"
    else:
        found, advice = iter([str(path)]), ""
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
    else:
        raise PictureNotFoundError(f"{word} holds no picture", advice)


def tell_left_out(left_out: Sequence[LeftOut], where: str = "") -> None:
    """Name on stderr the files that are left out, a line for each reason; ``where`` says where all of them are named."""
    for reason in sorted({one.reason for one in left_out}):
        paths = sorted(printable(one.path) for one in left_out if one.reason == reason)
        more = len(paths) - _MOST_NAMES
        names = ", ".join(paths[:_MOST_NAMES]) + (f" and {more:,} more{where}" if more > 0 else "")
        click.echo(f"left out ({reason}): {names}", err=True)


def _below(folder: str, left_out: list[LeftOut]) -> Iterator[str]:
    """Yield the pictures below a folder, and each folder that cannot be searched, so that reading it tells why.

    Links to folders are not followed, since they may form a loop. They and other files are added to ``left_out``.
    """
    waiting = [(folder, True)]
    while waiting:
        path, is_folder = waiting.pop()
        found: list[os.DirEntry[str]] = []
        if is_folder:
            try:
                with os.scandir(path) as entries:
                    found = sorted(entries, key=lambda entry: entry.name, reverse=True)
            except OSError:
                is_folder = False
        if not is_folder:
            yield path
        for entry in found:
            inner = _is_folder(entry)
            if inner or entry.name.lower().endswith(SUFFIXES):
                waiting.append((entry.path, inner))
            else:
                is_link = os.path.isdir(entry.path)  # noqa: PTH112  # as above
                left_out.append(LeftOut(entry.path, "a link to a folder" if is_link else "not the suffix of a picture"))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
