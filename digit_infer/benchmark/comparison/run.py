"""The measurements of a file in one form for all formats: subjects, each with one sample per metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Metric = Literal["p50", "p90", "throughput"]
"""The median and the 90th percentile of a query's latency, and images per second."""

METRICS: tuple[Metric, ...] = get_args(Metric)

JUDGED: tuple[Metric, ...] = ("p50", "throughput")
"""The default metrics. p90 is not among them, since it mostly shows the load of other users.

On a shared machine it differed by 2 to 13 % between processes of one network whose medians differed by 0.2 to 1 %.
"""


@dataclass(frozen=True)
class Process:
    """One fresh process.

    ``times_us`` has one time per block, of a query, or of an image where the metric is throughput. ``anchors_us`` has the
    time of the anchor workload beside each, and is empty without an anchor. ``warm`` is False if the process did not
    settle.
    """

    times_us: tuple[float, ...]
    anchors_us: tuple[float, ...] = ()
    warm: bool = True


@dataclass(frozen=True)
class Processes:
    """A sample over fresh processes."""

    processes: tuple[Process, ...]


@dataclass(frozen=True)
class Stretches:
    """A sample of one process: the medians of consecutive parts of it, in µs."""

    medians_us: tuple[float, ...]


@dataclass(frozen=True)
class Spread:
    """A sample of which only the median and the interquartile range, in µs, and the number are known."""

    median_us: float
    quartiles_us: float
    samples: int


Sample: TypeAlias = Processes | Stretches | Spread


@dataclass(frozen=True)
class Subject:
    """What was measured; ``facts`` say by name what ran, which may explain a change."""

    samples: Mapping[Metric, Sample]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One file.

    ``machine`` has the facts that identify a machine, ``settings`` those that must be equal in a comparison, and ``facts``
    those that may differ and are reported. ``subjects`` have the names by which they are paired.
    """

    name: str
    writer: str
    machine: Mapping[str, str]
    settings: Mapping[str, str]
    facts: Mapping[str, str]
    subjects: Mapping[str, Subject]
