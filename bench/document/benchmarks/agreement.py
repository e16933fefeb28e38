"""What our harness and MLPerf LoadGen say of the same sessions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from bench.document.benchmarks.wording import percent, us, verdict
from bench.peers.loadgen.record import BAR, LARGE_US, Agreement, Figure
from bench.peers.stored import read_results
from training.report.page import paragraph, table


def section(path: Path) -> Iterator[str]:
    """Return texts and tables."""
    found = read_results(path, Agreement)
    yield _method(found)
    yield "![LoadGen's p50 and p90 beside ours, by the time of a query](benchmarks/loadgen.png)"
    yield table(
        [
            *("network", "runtime", "queries:", "ours p50:", "LoadGen:", "floor:", "without it:"),
            *("ours p90:", "LoadGen:", "without floor:", "call inside:", "around it, µs:", "ours cooled:"),
        ],
        (_line(entry) for entry in found.values()),
    )
    yield _verdict(found)
    yield _why(found)
    yield _others(found)
    yield table(
        [
            *("network", "runtime", "ours, images/s:", "LoadGen:", "difference:"),
            *("rate:", "ours p50:", "LoadGen:", "a sleep ends late by:", "ours p99:", "LoadGen:"),
        ],
        (_other_line(entry) for entry in found.values()),
    )
    yield _offline_verdict(found)


def _method(found: Mapping[str, Agreement]) -> str:
    rounds = {len(entry.rounds) for entry in found.values()}
    return paragraph(f"""One process opens one `Predictor`, and both ask it for one picture after another, in
        {"/".join(map(str, sorted(rounds)))} rounds of turns in an order drawn anew: our single-stream, and LoadGen's
        SingleStream in performance mode through its Python bindings. LoadGen's clock also runs while it calls Python and is
        called back; that floor is what a system that does nothing takes in the same process, and its median is taken off.
        Times are in µs; the shares are the median over rounds of what LoadGen's figure, without the floor, lies above
        ours. *Call inside* is by how much the median of the same call, timed by our clock within LoadGen's callback, lies
        above ours; *ours cooled* the same for our own loop when it reads 32 KiB of other memory before each query.""")


def _line(entry: Agreement) -> list[str]:
    return [
        entry.model,
        entry.runtime,
        f"{entry.samples:,}",
        us(entry.ours("p50_us")),
        us(entry.loadgen("p50_us")),
        us(entry.floor_us()),
        percent(entry.difference("p50_us")),
        us(entry.ours("p90_us")),
        us(entry.loadgen("p90_us")),
        percent(entry.difference("p90_us")),
        percent(entry.inside_over_ours()),
        us(entry.around_us()),
        percent(entry.cooled_over_ours()),
    ]


def _verdict(found: Mapping[str, Agreement]) -> str:
    figures: dict[str, float] = {}
    for entry in found.values():
        for figure in _FIGURES:
            if entry.is_large:
                figures[f"{entry.model} on {entry.runtime}, {figure[:3]}"] = entry.difference(figure)
    broken = {name: percent(value) for name, value in figures.items() if abs(value) > BAR}
    bar = f"Within {100 * BAR:g} % for every network above {LARGE_US:g} µs, at p50 and at p90"
    return verdict(bar, figures, broken)


_FIGURES: tuple[Figure, ...] = ("p50_us", "p90_us")


def _why(found: Mapping[str, Agreement]) -> str:
    """Explain the small ones by what was measured of them."""
    small = [entry for entry in found.values() if not entry.is_large]
    if not small:
        return ""
    difference, inside, cooled = (
        percent(median(of(entry) for entry in small))
        for of in (lambda entry: entry.difference("p50_us"), Agreement.inside_over_ours, Agreement.cooled_over_ours)
    )
    around, floor = (us(median(of(entry) for entry in small)) for of in (Agreement.around_us, Agreement.floor_us))
    return paragraph(f"""Of the {len(small)} others, LoadGen's median without its floor lies {difference} from ours
        (the median over them). Both parts of that were measured. By our own clock, too, the call takes {inside}
        inside LoadGen's callback: between two queries LoadGen logs, draws a sample and fetches a query that it has
        planned from memory, and then the call finds less of itself in the caches; our own loop shows {cooled} once it
        reads other memory in between. And LoadGen's way through Python takes {around} µs around a call that has
        filled the caches, and {floor} µs around nothing, which is all that the floor takes off. A tight loop flatters
        a small network: `digit-infer bench --pause` shows what an app gets that asks now and then.""")


def _others(found: Mapping[str, Agreement]) -> str:
    batches = "/".join(str(batch) for batch in sorted({entry.offline.batch for entry in found.values()}))
    return paragraph(f"""LoadGen's Offline scenario beside our throughput, at batch {batches} (a sample of LoadGen's
        is a whole batch, so that neither gathers images), and its Server scenario beside ours at the same rate of
        arrivals, latencies counted from when a query was due. LoadGen sleeps until then, and the system wakes it
        late; ours waits awake for the last stretch, so that what it counts is the queue and the network.""")


def _other_line(entry: Agreement) -> list[str]:
    offline, server = entry.offline, entry.server
    return [
        entry.model,
        entry.runtime,
        f"{median(offline.ours):,.0f}",
        f"{median(offline.loadgen):,.0f}",
        percent(entry.offline_difference()),
        f"{server.rate:,.0f}",
        us(server.ours.p50_us),
        us(server.loadgen.p50_us),
        us(server.late_us),
        us(server.ours.p99_us),
        us(server.loadgen.p99_us),
    ]


def _offline_verdict(found: Mapping[str, Agreement]) -> str:
    shares = {f"{entry.model} on {entry.runtime}": entry.offline_difference() for entry in found.values()}
    broken = {name: percent(value) for name, value in shares.items() if abs(value) > BAR}
    return verdict(f"Offline throughput within {100 * BAR:g} %", shares, broken)
