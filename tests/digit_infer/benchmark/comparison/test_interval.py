"""How often the interval holds the truth, by simulation with fixed seeds."""

import numpy as np
import pytest

from digit_infer.benchmark.comparison.interval import ONE_PROCESS, central_us, log_ratio, student_t
from digit_infer.benchmark.comparison.runs import Process, Processes, Spread, Stretches

TRIALS = 200
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
