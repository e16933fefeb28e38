"""The whole page."""

from __future__ import annotations

from bench.document import bars, calibration, gpu, lean, matrix, microcontrollers, quantization
from bench.document.times import read_times
from digit_infer.zoo import models
from export.everything import recorded
from training.report.page import document, paragraph


def exports_page() -> str:
    """Return ``docs/exports.md`` from what is recorded.

    Raises:
        ExportError: something is not recorded, or records are of different files.
    """
    networks = recorded()
    times = read_times(networks)
    parameters = {name: model.parameters for name, model in models().items()}
    return document(
        [
            "# Every network in every form",
            _introduction(),
            matrix.overview(networks),
            "## What integers cost",
            bars.introduction(),
            bars.cost_of_integers(networks),
            bars.sizes_introduction(),
            bars.sizes(networks, parameters),
            "## What stays in floats",
            *quantization.section(),
            "## How it depends on the calibration",
            *calibration.section(),
            "## Lean graphs",
            *lean.section(),
            "## On microcontrollers",
            *microcontrollers.section(),
            "## On a GPU",
            gpu.section(),
            "## Every file",
            matrix.how_to_read(times),
            *(matrix.section(name, reports, times.p50_us) for name, reports in networks.items()),
        ]
    )


def _introduction() -> str:
    return paragraph("""`python -m bench.document` writes this page from records: those of `python -m export --all`
        (proofs), of `python -m bench exports` (times) and of `python -m export.records.calibration` (calibration). Each
        file was made from the checkpoint that the [report on the reproduction](reproduction.md) speaks of, and was run
        over the 10,000 test images beside it; what strays beyond the bound of its precision is not written, and its
        cell says so. The table holds the change of accuracy by the export, in percentage points.""")
