"""What was left in floats, and why."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from export.records.quantization import Quantized, read_record
from training.report.page import paragraph, table


def section() -> Iterator[str]:
    """Return text and a table from the record of ``python -m bench quantization``."""
    yield paragraph("""int8 ONNX files quantize the first of several choices that changes at most 1 % of the answers
        on the calibration images: training images, never test images. *All but thin convolutions* comes first, since a
        convolution that reads few channels, as the first one does, is faster in floats. A cell has the change of right
        answers among the 10,000 test images, which decided nothing, and the time beside float32's; the choice that was
        taken is bold. Weights have seven bits: without VNNI, x86 adds pairs of 8-bit products in 16 bits, and
        saturates. The softmax stays in floats in both formats: in eight bits its probabilities are multiples of 1/256,
        and it is no faster.""")
    rows = [list(entries) for _, entries in groupby(read_record(), lambda entry: entry.model)]
    choices = list(dict.fromkeys(entry.choice for entries in rows for entry in entries))
    yield table(["network", *choices], (_line(entries, choices) for entries in rows))


def _line(entries: list[Quantized], choices: list[str]) -> list[str]:
    by_choice = {entry.choice: entry for entry in entries}
    return [entries[0].model, *(_cell(by_choice.get(choice)) for choice in choices)]


def _cell(entry: Quantized | None) -> str:
    if entry is None:
        return "the same as another"
    words = f"{entry.correct - entry.float32_correct:+d}, × {entry.ratio:.2f}"
    return f"**{words}**" if entry.chosen else words
