"""How long a run takes and how sure it is: the presets of ``digit-infer bench``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Seconds for each timing of a configuration in all, spread over so many fresh processes.

    ``percentile`` is the one that is to have samples enough, which may take longer.
    """

    seconds: float
    rounds: int
    percentile: float
    batches: tuple[int, ...]
    with_keras: bool


QUICK = Effort(0.3, 1, 90, (1, 32), with_keras=False)
"""One model in under half a minute: one process each, so that nothing says how processes differ."""

NORMAL = Effort(2.0, 10, 99, (1, 32, 256), with_keras=True)
"""Ten processes are what ``bench compare`` needs to find a slowdown of 10 %: of small networks seven missed one in four."""

THOROUGH = Effort(10.0, 10, 99.9, (1, 32, 256), with_keras=True)
"""What is recorded, or compared to a few per cent."""
