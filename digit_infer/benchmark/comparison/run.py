"""What a file of measurements holds, whoever wrote it: subjects, and of each a sample a metric."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

Metric = Literal["p50", "p90", "throughput"]
"""The median and the 90th percentile of a query's latency, and images a second."""

METRICS: tuple[Metric, ...] = get_args(Metric)

JUDGED: tuple[Metric, ...] = ("p50", "throughput")
"""What is judged unless asked otherwise: not p90, which is mostly the load of a machine's other users.

On a shared machine it differed by 2 to 13 % between processes of the same network whose medians differed by 0.2 to 1 %.
"""


@dataclass(frozen=True)
class Process:
    """One fresh process.

    ``times_us`` has a figure a block, of a query, or of an image where the metric is throughput; ``anchors_us`` the
    duration of the anchor workload beside each, empty where there was none; ``warm`` is False where it did not settle.
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
    """A sample over stretches of the only process that there was: the median of each, in µs."""

    medians_us: tuple[float, ...]


@dataclass(frozen=True)
class Spread:
    """What is known where the samples are gone: their median and the distance of their quartiles, in µs, and how many."""

    median_us: float
    quartiles_us: float
    samples: int


Sample: TypeAlias = Processes | Stretches | Spread


@dataclass(frozen=True)
class Subject:
    """Something measured; ``facts`` say what really ran, by name, for a reader who wonders at a change."""

    samples: Mapping[Metric, Sample]
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """One file.

    ``machine`` has the facts that make a machine the same, ``settings`` what must be the same for a comparison to mean
    anything, and ``facts`` what may differ and is worth knowing; ``subjects`` are by a name that pairs them.
    """

    name: str
    writer: str
    machine: Mapping[str, str]
    settings: Mapping[str, str]
    facts: Mapping[str, str]
    subjects: Mapping[str, Subject]
