"""Among the rest, how often the interval holds the truth, by simulation with fixed seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.comparison.estimate import (
    ONE_PROCESS,
    at_pace,
    central_us,
    followed,
    log_ratio,
    quiet,
    student_t,
)
from digit_infer.benchmark.comparison.judgement import Limits, judge
from digit_infer.benchmark.comparison.runs import Process, Processes, Spread, Stretches

CALM = Process((10.0, 10.1, 9.9, 10.0), (50.0, 50.2, 49.9, 50.1))
LIMITS = Limits(share=0.05, absolute_us=0.2)


def test_a_disturbed_block_is_left_out_whatever_it_took():
    odd = Process((10.0, 99.0, 1.0, 10.2), (50.0, 53.0, 50.1, 49.9))
    left = quiet(Processes((CALM, CALM, odd)))
    assert left.kept.processes[2] == Process((10.0, 1.0, 10.2), (50.0, 50.1, 49.9))
    assert (left.disturbed, left.cold) == (0, 0)
    assert left.anchor_us == pytest.approx(50, rel=0.01)


def test_a_process_that_was_mostly_disturbed_or_never_warm_is_left_out():
    disturbed = Process((11.0, 11.0, 11.0, 10.0), (55.0, 55.0, 55.0, 50.0))
    cold = Process((20.0,), (50.0,), warm=False)
    left = quiet(Processes((CALM, disturbed, cold, CALM, CALM)))
    assert left.kept == Processes((CALM, CALM, CALM))
    assert (left.disturbed, left.cold) == (1, 1)


def test_without_an_anchor_nothing_is_left_out():
    sample = Processes((Process((10.0, 20.0)), Process((30.0,))))
    assert quiet(sample).kept == sample
    assert quiet(sample).anchor_us is None


@given(st.lists(st.floats(1, 1000), min_size=4, max_size=4), st.floats(0.5, 2))
def test_a_machine_that_is_slower_all_along_is_as_quiet(times, pace):
    sample = Processes((CALM, Process(tuple(times), CALM.anchors_us)))
    slower = Processes(
        tuple(
            Process(process.times_us, tuple(pace * anchor for anchor in process.anchors_us)) for process in sample.processes
        )
    )
    kept, kept_slower = quiet(sample), quiet(slower)
    assert [process.times_us for process in kept.kept.processes] == [
        process.times_us for process in kept_slower.kept.processes
    ]
    assert kept_slower.anchor_us == pytest.approx(pace * kept.anchor_us)


def sample(seed, middle_us, *, pace=1.0, share=1.0, wandering=0.008, between=0.004, processes=10):
    """Return processes on a machine whose clock wanders, and whose times follow it by a share."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(processes):
        clock = pace * np.exp(rng.normal(0, wandering))
        times = middle_us * clock**share * np.exp(rng.normal(0, between) + rng.normal(0, 0.003, 4))
        made.append(Process(tuple(times), tuple(50 * clock * np.exp(rng.normal(0, 0.002, 4)))))
    return Processes(tuple(made))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_share_is_found_and_is_known_better_the_more_the_clock_wanders(share):
    found = [followed(sample(seed, 9, share=share), sample(500 + seed, 9, share=share)) for seed in range(200)]
    held = sum(interval.low <= share <= interval.high for interval in found)
    assert held >= 0.93 * len(found)
    wide = [followed(sample(s, 9, wandering=0.002), sample(500 + s, 9, wandering=0.002)) for s in range(50)]
    assert np.median([one.high - one.low for one in found]) < 0.7 * np.median([one.high - one.low for one in wide])


def test_an_anchor_that_never_moved_tells_nothing():
    still = Processes(tuple(Process((time,), (50.0,)) for time in (9.0, 9.1, 9.2, 9.3)))
    assert (followed(still, still).low, followed(still, still).high) == (0, 1)


def test_times_are_told_at_another_pace():
    slow = Processes((Process((110.0, 110.0), (55.0, 55.0), False),))
    assert at_pace(slow, 50.0, 1.0).processes[0].times_us == pytest.approx((100, 100))
    assert at_pace(slow, 50.0, 0.5).processes[0].times_us == pytest.approx((104.88, 104.88), abs=0.01)
    assert at_pace(slow, 50.0, 0.0) == slow


def test_a_slowdown_is_found_though_the_clock_became_faster_and_nothing_where_it_became_slower():
    """3 % of pace would hide a good part of a tenth, or make the same thing look nearly as slow as is allowed."""
    slower = [judge("it", "p50", sample(s, 9), sample(500 + s, 9.9, pace=0.97), LIMITS).verdict for s in range(60)]
    assert slower.count("FAIL") >= 0.95 * len(slower)
    same = [judge("it", "p50", sample(s, 9), sample(500 + s, 9, pace=1.03), LIMITS).verdict for s in range(60)]
    assert same.count("FAIL") == 0
    assert same.count("PASS") >= 0.9 * len(same)


def test_the_ratio_is_that_at_one_pace():
    found = judge("it", "p50", sample(1, 9), sample(2, 9.9, pace=0.97), LIMITS)
    assert found.second / found.first == pytest.approx(1.067, abs=0.01)
    assert found.change.ratio == pytest.approx(1.1, abs=0.01)


TRIALS = 100
NOISE = {  # standard deviations of processes and of blocks, how often a process is unlucky, and by how much on average
    "processes differ": (0.01, 0.001, 0.0, 0.0),
    "processes and blocks differ": (0.01, 0.01, 0.0, 0.0),
    "blocks differ": (0.001, 0.02, 0.0, 0.0),
    "one process in ten is slow": (0.003, 0.003, 0.1, 0.08),
}


def drawn(rng, processes, noise, centre_us=100.0, blocks=4):
    between, within, share, size = noise
    middles = rng.normal(0, between, processes) + (rng.random(processes) < share) * rng.exponential(size, processes)
    logarithms = middles[:, None] + rng.normal(0, within, (processes, blocks))
    return Processes(tuple(Process(tuple(row)) for row in centre_us * np.exp(logarithms)))


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (6, 2.4469), (18, 2.1009), (10_000, 1.9602)])
def test_students_t_is_that_of_the_tables(freedom, quantile):
    assert student_t(freedom) == pytest.approx(quantile, rel=1e-3)


@pytest.mark.parametrize("processes", [4, 5, 7, 10])
@pytest.mark.parametrize("noise", NOISE)
def test_the_interval_holds_the_truth_as_often_as_it_says(noise, processes):
    rng = np.random.default_rng(processes)
    held = 0
    for _ in range(TRIALS):
        low, high = log_ratio(drawn(rng, processes, NOISE[noise]), drawn(rng, processes, NOISE[noise], 110))
        held += low <= np.log(1.1) <= high
    assert held >= 0.95 * TRIALS


def test_more_processes_tell_more():
    rng = np.random.default_rng(0)
    noise = NOISE["processes differ"]
    widths = {
        count: np.median([np.ptp(log_ratio(drawn(rng, count, noise), drawn(rng, count, noise))) for _ in range(50)])
        for count in (4, 7, 20)
    }
    assert widths[4] > widths[7] > 1.4 * widths[20]


def test_a_sample_is_like_itself_and_a_slow_one_is_slower_by_its_factor():
    rng = np.random.default_rng(0)
    sample = drawn(rng, 7, NOISE["processes differ"])
    slow = Processes(tuple(Process(tuple(1.1 * time for time in process.times_us)) for process in sample.processes))
    low, high = log_ratio(sample, sample)
    assert low < 0 < high
    assert central_us(slow) / central_us(sample) == pytest.approx(1.1)
    assert log_ratio(sample, slow) == pytest.approx((low + np.log(1.1), high + np.log(1.1)))
    assert log_ratio(sample, slow) == log_ratio(sample, slow), "the seed is fixed"


def test_one_process_leaves_open_what_another_would_have_answered():
    same = Stretches((10.0,) * 10)
    assert log_ratio(same, same) == pytest.approx((-ONE_PROCESS, ONE_PROCESS))
    assert central_us(same) == pytest.approx(10)


def test_a_spread_is_as_sure_as_mcgills_notch():
    spread = Spread(100.0, 4.0, 400)
    error = 1.25 * 0.04 / (1.35 * 20)
    low, high = log_ratio(spread, spread)
    assert high - ONE_PROCESS == pytest.approx(1.96 * np.sqrt(2) * error, rel=0.06)
    assert low == pytest.approx(-high, rel=0.06)
