"""What was left in floats, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from export.records.quantization import Quantized, other_runs, read_record
from export.records.tflite_choices import SHIPPED, Choice, read_choices
from training.report.page import paragraph, table


def section() -> Iterator[str]:
    """Return texts and tables from the records of both formats."""
    yield _of_onnx()
    rows = [list(entries) for _, entries in groupby(read_record(), lambda entry: entry.model)]
    choices = list(dict.fromkeys(entry.choice for entries in rows for entry in entries))
    yield table(["ONNX", *choices], (_onnx_line(entries, choices) for entries in rows))
    yield _of_tflite()
    found = [list(entries) for _, entries in groupby(read_choices(), lambda entry: entry.model)]
    names = list(dict.fromkeys(entry.choice for entry in found[0]))
    yield table(["TFLite", *names], (_tflite_line(entries) for entries in found))


def _of_onnx() -> str:
    return paragraph(f"""int8 ONNX files quantize the first of several choices that changes at most 1 % of the answers on
        the calibration images: training images, never test images. *All but thin convolutions* comes first, since a
        convolution that reads few channels, as the first one does, is faster in floats. A cell has the change of right
        answers among the 10,000 test images, which decided nothing, and the time beside float32's (`python -m bench
        quantization`); the choice that was taken is bold. Weights have seven bits, from -64 to 64: x86 without VNNI adds
        pairs of products in 16 bits, and 2 · 255 · 64 = 32,640 is below 32,767, so nothing saturates on any
        CPU.{other_runs()}""")


def _of_tflite() -> str:
    return paragraph("""Full-integer TFLite files quantize all but the softmax. A cell has the change of right answers, and
        the mean difference of probabilities (`python -m export.records.tflite_choices`). A softmax in eight bits gives
        multiples of 1/256; in floats the same answers come with a smaller error, and rows sum to 1. To leave the first
        or the last layer in floats, too, changes a few answers in either direction, and costs bytes.""")


def _onnx_line(entries: list[Quantized], choices: list[str]) -> list[str]:
    by_choice = {entry.choice: entry for entry in entries}
    return [entries[0].model, *(_onnx_cell(by_choice.get(choice)) for choice in choices)]


def _onnx_cell(entry: Quantized | None) -> str:
    if entry is None:
        return "as another"
    words = f"{entry.correct - entry.float32_correct:+d}, × {entry.ratio:.2f}"
    return f"**{words}**" if entry.chosen else words


def _tflite_line(entries: list[Choice]) -> list[str]:
    return [entries[0].model, *(_tflite_cell(entry) for entry in entries)]


def _tflite_cell(entry: Choice) -> str:
    words = f"{entry.correct - entry.trained_correct:+d}, {entry.mean_difference:.1g}"
    return f"**{words}**" if entry.choice == SHIPPED else words
