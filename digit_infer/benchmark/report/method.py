"""The method of a run, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from digit_infer.benchmark.configuration import Scenario
from digit_infer.benchmark.record import Record
from digit_infer.benchmark.statistics import SAMPLES_NEEDED, three_digits
from digit_infer.benchmark.summary import STEADY

_SCENARIOS: dict[Scenario, str] = {
    "single-stream": "Single-stream: one image a query, the next query as soon as the last is answered, each one timed.",
    "multi-stream": "Multi-stream: the same with a batch of images a query.",
    "offline": "Offline: batches back to back, where only whole blocks are timed; images/s is the median of the blocks.",
    "server": "Server: queries of one image arrive at random (Poisson); latency counts from when a query was due, so that "
    "a queue cannot hide.",
}


def method(record: Record) -> list[str]:
    """Return how the run measured and what its columns mean, one or two sentences per entry."""
    return [*_order(record), *(_SCENARIOS[scenario] for scenario in record.settings.scenarios), *_meanings(record)]


def clock(record: Record) -> str:
    """Return the resolution of the clock in words."""
    machine = record.machine
    return f"clock: steps of {machine.clock_step_ns:.3g} ns, {machine.clock_read_ns:.3g} ns to read"


def anchor(record: Record) -> str:
    """Return the times of the anchor workload over the run in words."""
    times = sorted(record.machine.anchor_us)
    if not times:
        return "anchor: not run"
    low, middle, high = times[round(0.05 * (len(times) - 1))], median(times), times[round(0.95 * (len(times) - 1))]
    return (
        f"anchor: a fixed workload took {three_digits(middle)} µs; 90 % of its {len(times):,} durations lay between "
        f"{three_digits(low)} and {three_digits(high)} µs"
    )


def _order(record: Record) -> Iterator[str]:
    settings = record.settings
    turns = "took turns" if settings.interleaved else f"came in an order shuffled with the seed {settings.seed}"
    yield (
        f"Every configuration ran in {settings.rounds} fresh process{'' if settings.rounds == 1 else 'es'}, which {turns}. "
        "A warm-up preceded each measurement, until three medians in a row agreed; a row says where they did not."
    )
    if settings.pause_ms:
        yield (
            f"Between queries lay a pause of {settings.pause_ms:g} ms, as in an app that asks now and then: "
            "caches and clocks are colder than in a tight loop."
        )
    if settings.bound_ms is not None:
        yield f"The server's rate is the highest found whose p99 stays under {settings.bound_ms:g} ms."
    elif settings.rate is not None:
        yield f"The server's queries arrived at {settings.rate:g} a second."


def _meanings(record: Record) -> Iterator[str]:
    needed = ", ".join(f"p{percent:g} {count:,}" for percent, count in SAMPLES_NEEDED.items() if percent > 50)
    yield f"A percentile is shown only with enough samples ({needed}); otherwise its cell is empty."
    yield (
        "Accuracy is over the 10,000 MNIST test images, with Wilson's 95 % interval; flips are the answers that differ "
        "from those of the model's float32 file."
    )
    yield "The floor is the median of null, which returns a constant: the overhead of measuring, part of every latency."
    peaks = ", ".join(
        f"{three_digits(gflops)} with {threads} thread{'' if threads == '1' else 's'}"
        for threads, gflops in record.machine.matrix_product_gflops.items()
    )
    yield (
        "GFLOP/s counts two operations for each multiply-add of the network at the measured images/s; the peak is the "
        f"float32 matrix product of numpy, measured in the same run (GFLOP/s: {peaks or 'not measured'}). A runtime whose "
        "kernels suit the processor better, or that computes in int8, passes 100 %."
    )
    yield (
        "Beside every row a fixed workload, the anchor, ran: drift is the range of 90 % of its durations, as a share of "
        f"their median. Over {100 * STEADY:g} % a row counts as measured on a noisy machine."
    )
    yield (
        "Load is opening the model, the first answer comes after it, and a cold process is all from its start to that "
        "answer; memory is the highest resident size of such a process."
    )
    pictures = sorted({process.stages.pictures for row in record.rows for process in row.processes if process.stages})
    if pictures:
        yield f"End to end is from a picture's file ({', '.join(pictures)}) to its digit, one after another, by medians."
    yield clock(record).capitalize() + "."
    yield anchor(record).capitalize() + "."
