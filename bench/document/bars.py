"""What integers cost, over all networks that are good enough for it to matter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from bench.document.matrix import Reports, loss, trained
from export.report import Refusal, Report
from training.report.page import paragraph, table

GOOD = 0.97
"""The bar is on networks above this accuracy; below it a flip is as likely to gain as to lose."""

LARGE = 50_000
"""Parameters above which eight bits must bring a file to three tenths of its size."""


def cost_of_integers(networks: Mapping[str, Reports]) -> str:
    """Return, for each kind of integers, the median and the largest loss of accuracy over the good networks."""
    good = [reports for reports in networks.values() if trained(reports) > GOOD]
    kinds = sorted({_kind(report) for report in _integers(networks)})
    lines = []
    for kind in kinds:
        losses = {report.model: loss(report) for reports in good for report in _proven(reports) if _kind(report) == kind}
        worst = max(losses, key=lambda name: losses[name])
        lines.append(
            [
                *kind,
                str(len(losses)),
                f"{median(losses.values()):+.3f}",
                f"{losses[worst]:+.2f} ({worst})",
                ", ".join(_refused(good, kind)) or "none",
            ]
        )
    headings = ["format", "precision", "networks:", "median loss:", "largest loss:", "refused"]
    return table(headings, lines)


def sizes(networks: Mapping[str, Reports], parameters: Mapping[str, int]) -> str:
    """Return what full-integer files weigh beside float32, over the large networks."""
    lines = []
    for model_format in ("onnx", "tflite"):
        shares = {}
        for name, reports in networks.items():
            files = {_kind(report): report.file.bytes for report in _proven(reports)}
            if parameters[name] > LARGE and (model_format, "int8") in files:
                shares[name] = files[model_format, "int8"] / files[model_format, "float32"]
        worst = max(shares, key=lambda name: shares[name])
        lines.append([model_format, str(len(shares)), f"{median(shares.values()):.3f}", f"{shares[worst]:.3f} ({worst})"])
    return table(["format", "networks:", "median share of float32:", "largest:"], lines)


def introduction() -> str:
    """Say what the bars are."""
    return paragraph(f"""Loss is in percentage points of accuracy on the 10,000 test images, over the networks above
        {100 * GOOD:.0f} %; below 0 is a gain. One image is 0.01 points, and the standard error of a difference of a few
        flips is of the order of the flips' square root: medians around zero say that integers cost nothing that this
        test set could show. A file that costs more than 0.20 points is not written.""")


def _proven(reports: Reports) -> Iterator[Report]:
    return (report for report in reports if isinstance(report, Report))


def _integers(networks: Mapping[str, Reports]) -> Iterator[Report]:
    return (report for reports in networks.values() for report in _proven(reports) if "int" in report.file.precision)


def _kind(report: Report) -> tuple[str, str]:
    return report.file.format, report.file.precision


def _refused(networks: Sequence[Reports], kind: tuple[str, str]) -> list[str]:
    refusals = (report for reports in networks for report in reports if isinstance(report, Refusal))
    return [refusal.model for refusal in refusals if (refusal.format, refusal.precision) == kind]


def sizes_introduction() -> str:
    """Say what is compared."""
    return paragraph(f"""Bytes of the int8 file beside those of the float32 file of the same format, over the networks
        of more than {LARGE:,} parameters:""")
