import numpy as np
import pytest

from digit_infer.benchmark.comparison.disturbance import at_pace, followed
from digit_infer.benchmark.comparison.judgement import Limits, judge
from digit_infer.benchmark.comparison.run import Process, Processes

LIMITS = Limits(share=0.05, absolute_us=0.2)


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
