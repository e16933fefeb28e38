"""What a run of the benchmark leaves: everything that was measured, and nothing that can be computed from it.

``summary`` computes. Times say their unit in their name; ``_s`` of a start counts from the beginning of the run.
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
    """What the run was asked for, but for the configurations; see the options of ``digit-infer bench``."""

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
    """What this machine could do in the same run.

    ``clock_step_ns`` is the resolution of the clock and ``clock_read_ns`` what reading it costs; ``matrix_product_gflops``
    has the float32 matrix product by number of threads (as text, for JSON); ``anchor_us`` every duration of the anchor
    workload, in the order of the run.
    """

    clock_step_ns: float
    clock_read_ns: float
    matrix_product_gflops: Mapping[str, float]
    anchor_us: tuple[float, ...]


@dataclass(frozen=True)
class Artefact:
    """What really ran: the file, and who ran it.

    ``device``, and ``placement`` with the number of nodes by execution provider and operator, are None where the runtime
    does not say them; ``parameters`` and ``multiply_adds`` (of one image) where nobody has counted them.
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


@dataclass(frozen=True)
class WarmUp:
    """How long it took until three medians in a row agreed; not ``stable`` where the time was up before."""

    queries: int
    seconds: float
    stable: bool


@dataclass(frozen=True)
class Block:
    """A stretch of queries, and the anchor workload beside it, in µs.

    ``p50_us`` is the median of its queries; where only the whole block was timed (offline), their mean.
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
    """Everything at once, in batches: only whole blocks are timed, so that no clock is read between two batches."""

    warm_up: WarmUp
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Server:
    """Queries of one image that arrive at random (Poisson) at ``rate`` a second; latencies count from when each was due.

    ``bound_us`` is what the p99 had to keep, where a rate was searched for, and ``tried`` each rate and whether it held.
    """

    rate: float
    seconds: float
    latencies: Histogram
    bound_us: float | None
    tried: tuple[tuple[float, bool], ...]


@dataclass(frozen=True)
class Stages:
    """From picture files to digits, one at a time: decoding, normalising, inference, and all three."""

    pictures: str
    decode: Histogram
    normalize: Histogram
    infer: Histogram
    total: Histogram


@dataclass(frozen=True)
class Process:
    """One fresh process: ``position`` in the shuffled order, from its start to its first answer ``cold_ms``.

    ``load_ms`` and ``first_us`` are opening the model and its first answer; ``peak_memory_bytes`` is the resident memory at
    its highest, or None where the system does not tell. What a scenario was not asked for, or needs more, is None.
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
    """What one configuration gave.

    Accuracy is over the 10,000 test images; ``flips`` counts answers that differ from those of the model's float32 file,
    None where none runs here.
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
