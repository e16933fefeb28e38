"""Every file of every network: what it weighs, how it answers, how long a picture takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from digit_infer.benchmark.statistics import three_digits
from export.pairs import FORMATS, NOT_MADE, PRECISIONS_OF
from export.report import Refusal, Report
from training.report.page import paragraph, share, table

if TYPE_CHECKING:
    from bench.document.times import Times
    from digit_infer.contract import Format, Precision

Reports = Sequence[Report | Refusal]

COLUMNS = (
    "format",
    "precision",
    "bytes:",
    "of float32:",
    "largest difference:",
    "mean difference:",
    "flips:",
    "accuracy:",
    "95 % interval",
    "p50 µs:",
    "a wrong pixel moves:",
    "other kernels: largest difference, flips",
)


def overview(networks: Mapping[str, Reports]) -> str:
    """Return the change of accuracy by every export, in percentage points, a network a line."""
    pairs = [(model_format, precision) for model_format in FORMATS for precision in PRECISIONS_OF[model_format]]
    headings = ["network", "trained:", *(f"{model_format} {precision}:" for model_format, precision in pairs)]
    lines = []
    for name, reports in networks.items():
        found = {_pair(report): report for report in reports}
        lines.append([f"[{name}](#{name})", share(trained(reports)), *(_change(found[pair]) for pair in pairs)])
    return table(headings, lines)


def trained(reports: Reports) -> float:
    """Return the accuracy of the network that was exported."""
    return next(report.trained.share for report in reports if isinstance(report, Report))


def loss(report: Report) -> float:
    """Return how many percentage points of accuracy an export costs; negative where it gains."""
    return 100 * (report.trained.share - report.file.parity.accuracy.share)


def _pair(report: Report | Refusal) -> tuple[Format, Precision]:
    if isinstance(report, Refusal):
        return report.format, report.precision
    return report.file.format, report.file.precision


def _change(report: Report | Refusal) -> str:
    if isinstance(report, Refusal):
        return "refused"
    return f"{-loss(report):+.2f}" if report.trained.correct != report.file.parity.accuracy.correct else "0"


def section(name: str, reports: Reports, p50_us: Mapping[str, float]) -> str:
    """Return all that is known of one network's files; a combination that is not there has its reason in its line."""
    proven = [report.file for report in reports if isinstance(report, Report)]
    sizes = {file.format: file.bytes for file in proven if file.precision == "float32"}
    lines = []
    for report in reports:
        if isinstance(report, Refusal):
            lines.append([report.format, report.precision, _refused(report)])
        else:
            lines.append(_line(report, sizes[report.file.format], p50_us))
    lines += [[model_format, precision, f"not made: {reason}"] for (model_format, precision), reason in NOT_MADE.items()]
    filled = [line if len(line) == len(COLUMNS) else _spanning(line) for line in lines]
    return f"### {name}\n\n{table(COLUMNS, filled)}"


def _spanning(line: Sequence[str]) -> list[str]:
    """Put a reason into the first cell of numbers, and point to it from the others."""
    *ends, reason = line
    return [*ends, reason, *["see left"] * (len(COLUMNS) - len(ends) - 1)]


def _line(report: Report, full: int, p50_us: Mapping[str, float]) -> list[str]:
    file, parity = report.file, report.file.parity
    return [
        file.format,
        file.precision,
        f"{file.bytes:,}",
        f"{file.bytes / full:.2f}",
        f"{parity.largest_difference:.2g}",
        f"{parity.mean_difference:.2g}",
        str(len(parity.flips)),
        share(parity.accuracy.share),
        f"{share(parity.accuracy.low)} to {share(parity.accuracy.high)}",
        three_digits(p50_us[file.file]),
        f"{report.noise.mean_change:.2g}",
        "; ".join(f"{other.largest_difference:.1g}, {len(other.flips)}" for other in report.agreements) or "there are none",
    ]


def _refused(report: Refusal) -> str:
    """Return the middle of the message: what the file did."""
    _, _, rest = report.reason.partition(": ")
    return f"refused: {rest.partition('; its answers')[0]}"


def how_to_read(times: Times) -> str:
    """Say what the columns mean, and where the times come from."""
    place = times.environment
    return paragraph(f"""*Differences* are of probabilities, over all 10,000 images; *flips* are answers that changed,
        for better or worse. *p50*: the median time of `Predictor.predict_array` for one picture with one thread, the
        median of {times.rounds} rounds in which all files took turns ({place["cpu"]}, {place["cores_visible"]} cores,
        ONNX Runtime {place["onnxruntime"]}, LiteRT {place["ai-edge-litert"]}).{times.later} *A wrong pixel moves*: one
        random pixel of each of 1,000 images set to a random byte, and by how much the probability that moves most does,
        on average. *Other kernels*: the same file run by ONNX Runtime without any optimization, integers simulated in
        floats, or by LiteRT without XNNPACK: an answer must not depend on the CPU or the delegate.""")
