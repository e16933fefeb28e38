"""The record of a benchmark: all measurements, without what ``summary`` can compute.

Names of times end in their unit; ``start_s`` counts from the start of the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from digit_infer.benchmark.configuration import Configuration, Scenario
from digit_infer.benchmark.statistics import Histogram
from digit_infer.contract import Format, Precision
from digit_infer.zoo.manifest import Accuracy


@dataclass(frozen=True)
class Settings:
    """The settings of a run, without its configurations; see the options of ``digit-infer bench``."""

    seconds: float
    rounds: int
    seed: int
    scenarios: tuple[Scenario, ...]
    percentile: float
    width: float | None
    pause_ms: float
    interleaved: bool
    rate: float | None
    bound_ms: float | None


@dataclass(frozen=True)
class Machine:
    """The machine's limits, measured in the same run.

    ``clock_step_ns`` is the resolution of the clock and ``clock_read_ns`` the time of reading it; ``matrix_product_gflops``
    has the float32 matrix product by number of threads (as text, for JSON); ``anchor_us`` has every time of the anchor
    workload, in the order of the run.
    """

    clock_step_ns: float
    clock_read_ns: float
    matrix_product_gflops: Mapping[str, float]
    anchor_us: tuple[float, ...]


@dataclass(frozen=True)
class Artefact:
    """What ran: the file, and what the runtime used.

    ``placement`` is the number of nodes by execution provider and operator. It and ``device`` are None where the runtime
    does not report them; ``parameters`` and ``multiply_adds`` (of one image) are None where they are unknown. ``note``
    is what was assumed of a file of the user's own.
    """

    file: str | None
    format: Format | None
    precision: Precision | None
    bytes: int
    sha256: str | None
    parameters: int | None
    multiply_adds: int | None
    provider: str
    device: str | None
    placement: Mapping[str, Mapping[str, int]] | None
    threads: int | None
    note: str = ""


@dataclass(frozen=True)
class WarmUp:
    """The queries and seconds until three medians in a row agreed; not ``stable`` if they never did."""

    queries: int
    seconds: float
    stable: bool


@dataclass(frozen=True)
class Block:
    """A block of queries, and the anchor workload around it, in µs.

    ``p50_us`` is the median of the queries; where only the block was timed (offline), their mean.
    """

    start_s: float
    seconds: float
    queries: int
    images: int
    p50_us: float
    anchor_us: float


@dataclass(frozen=True)
class Stream:
    """Queries one after another, each timed: single-stream or multi-stream."""

    scenario: Scenario
    warm_up: WarmUp
    blocks: tuple[Block, ...]
    latencies: Histogram


@dataclass(frozen=True)
class Offline:
    """All images at once, in batches: only whole blocks are timed, so that no clock is read between two batches."""

    warm_up: WarmUp
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Server:
    """Queries of one image that arrive at random (Poisson) at ``rate`` per second; latencies count from the arrival.

    Where a rate was searched for, ``bound_us`` is the limit of the p99, and ``tried`` has each rate and whether it kept it.
    """

    rate: float
    seconds: float
    latencies: Histogram
    bound_us: float | None
    tried: tuple[tuple[float, bool], ...]


@dataclass(frozen=True)
class Stages:
    """The times from picture files to digits, one at a time: decoding, normalising, inference, and all three."""

    pictures: str
    decode: Histogram
    normalize: Histogram
    infer: Histogram
    total: Histogram


@dataclass(frozen=True)
class Process:
    """One fresh process, with its ``position`` in the shuffled order.

    ``cold_ms`` is the time from its start to its first answer, ``load_ms`` that of opening the model, ``first_us`` that of
    the first answer. ``peak_memory_bytes`` is the peak resident memory, or None where the system does not report it.
    Scenarios that were not measured are None.
    """

    position: int
    start_s: float
    cold_ms: float
    load_ms: float
    first_us: float
    peak_memory_bytes: int | None
    stream: Stream | None
    offline: Offline | None
    server: Server | None
    stages: Stages | None


@dataclass(frozen=True)
class Row:
    """The measurements of one configuration.

    Accuracy is over the 10,000 test images; ``flips`` counts digits that differ from those of the model's float32 file,
    None where no such file runs here.
    """

    configuration: Configuration
    artefact: Artefact
    accuracy: Accuracy | None
    flips: int | None
    processes: tuple[Process, ...]


@dataclass(frozen=True)
class Skipped:
    """A configuration that could not be measured, and why: ``broken`` where it should have worked."""

    configuration: Configuration
    reason: str
    broken: bool


@dataclass(frozen=True)
class Record:
    """One run."""

    environment: Mapping[str, str]
    settings: Settings
    machine: Machine
    rows: tuple[Row, ...]
    skipped: tuple[Skipped, ...]
