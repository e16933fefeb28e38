"""Warm-up, and the closed-loop scenarios in blocks: single-stream and multi-stream, and offline."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

from digit_infer.benchmark.histogram import Histogram
from digit_infer.benchmark.measuring.anchor import Anchor
from digit_infer.benchmark.measuring.queries import Queries, median_ns
from digit_infer.benchmark.record import Block, WarmUp

BLOCK_S = 0.05
"""A block takes this long: a few time slices of the system's scheduler, and short beside a drift of the clock."""

_AGREE = 1.03
_AGREEING = 3
"""Warm is what gave three medians in a row within 3 % of one another."""


@dataclass(frozen=True)
class TimedBlock:
    """A block, and the times of its queries where each was timed."""

    block: Block
    latencies: Histogram


def warm_up(queries: Queries, longest_s: float) -> WarmUp:
    """Ask until three medians in a row, of stretches of 20 ms at least, lie within 3 % of one another, or time is up."""
    start = perf_counter()
    medians: list[float] = []
    asked = 0
    while True:
        samples = queries.timed(0.4 * BLOCK_S)
        asked += len(samples)
        medians.append(median_ns(samples))
        last = medians[-_AGREEING:]
        seconds = perf_counter() - start
        stable = len(last) == _AGREEING and max(last) <= _AGREE * min(last)
        if stable or seconds >= longest_s:
            return WarmUp(asked, seconds, stable)


def stream_block(queries: Queries, anchor: Anchor, began: float, pause_s: float) -> TimedBlock:
    """Ask one query after another for a block; ``began`` is the ``perf_counter`` at which the run began."""
    start = perf_counter()
    before = anchor.duration_us()
    samples = queries.timed(BLOCK_S, pause_s=pause_s)
    after = anchor.duration_us()
    block = Block(
        start_s=start - began,
        seconds=sum(samples) / 1e9,
        queries=len(samples),
        images=len(samples) * queries.batch,
        p50_us=median_ns(samples) / 1000,
        anchor_us=(before + after) / 2,
    )
    return TimedBlock(block, Histogram.of(samples))


def offline_block(queries: Queries, anchor: Anchor, began: float, count: int) -> Block:
    """Ask so many queries with nothing between them; the block's p50 is the mean of a query, since none is timed alone."""
    start = perf_counter()
    before = anchor.duration_us()
    seconds = queries.back_to_back(count)
    after = anchor.duration_us()
    return Block(start - began, seconds, count, count * queries.batch, 1e6 * seconds / count, (before + after) / 2)


def queries_a_block(queries: Queries) -> int:
    """Return how many queries fill a block, from a short trial."""
    samples = queries.timed(0.2 * BLOCK_S)
    return max(1, round(1e9 * BLOCK_S / median_ns(samples)))
