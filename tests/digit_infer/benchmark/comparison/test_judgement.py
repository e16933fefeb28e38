import re

import numpy as np
import pytest

from digit_infer.benchmark.comparison.judgement import Limits, judge
from digit_infer.benchmark.comparison.runs import Process, Processes, Spread, Stretches

LIMITS = Limits(share=0.05, absolute_us=0.2)
TRIALS = 100


def sample(seed, middle_us, *, processes=7, between=0.01, anchor_us=50.0, warm=True, slow=()):
    """Return processes that differ as those of small networks do; those in ``slow`` met somebody else's load."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(processes):
        load = 1.1 if number in slow else 1.0
        times = middle_us * load**2 * np.exp(rng.normal(0, between) + rng.normal(0, 0.003, 4))
        anchors = anchor_us * load * np.exp(rng.normal(0, 0.003, 4))
        made.append(Process(tuple(times), tuple(anchors), warm))
    return Processes(tuple(made))


def verdict(first, second, metric="p50", limits=LIMITS):
    return judge("it", metric, first, second, limits)


def test_an_injected_slowdown_of_a_tenth_is_found_and_the_same_again_is_not():
    found = [verdict(sample(seed, 7), sample(1000 + seed, 7.7)).verdict for seed in range(TRIALS)]
    assert found.count("FAIL") >= 0.95 * TRIALS
    same = [verdict(sample(seed, 7), sample(1000 + seed, 7)).verdict for seed in range(TRIALS)]
    assert same.count("FAIL") == 0
    assert same.count("PASS") >= 0.95 * TRIALS


def test_at_the_limit_itself_hardly_anything_fails():
    found = [verdict(sample(seed, 100), sample(1000 + seed, 105)).verdict for seed in range(TRIALS)]
    assert found.count("FAIL") <= 0.025 * TRIALS
    assert found.count("PASS") <= 0.025 * TRIALS


def test_a_finding_says_by_how_much():
    found = verdict(sample(0, 100), sample(1, 110))
    assert found.verdict == "FAIL"
    assert found.change.low < found.change.ratio < found.change.high
    assert found.change.ratio == pytest.approx(1.1, rel=0.02)
    assert (found.first, found.second) == (pytest.approx(100, rel=0.01), pytest.approx(110, rel=0.01))
    assert found.reason == f"slower by {100 * (found.change.low - 1):.1f} % at least"
    faster = verdict(sample(1, 110), sample(0, 100))
    assert faster.verdict == "PASS"
    assert faster.reason.startswith("faster by ")


def test_throughput_is_told_in_images_a_second_and_is_worse_where_it_is_lower():
    found = verdict(sample(0, 100), sample(1, 120), "throughput")
    assert found.verdict == "FAIL"
    assert found.first == pytest.approx(10_000, rel=0.02)
    assert found.second == pytest.approx(8_333, rel=0.02)


def test_a_latency_fails_only_if_it_is_longer_by_the_absolute_limit_too():
    assert verdict(sample(0, 1.0), sample(1, 1.1)).verdict == "PASS"
    assert verdict(sample(0, 1.0), sample(1, 1.1)).allowed == pytest.approx(0.2, rel=0.02)
    assert verdict(sample(0, 1.0), sample(1, 1.1), limits=Limits(0.05, 0.01)).verdict == "FAIL"
    assert verdict(sample(0, 1.0), sample(1, 1.1), "throughput").verdict == "FAIL"


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_few_processes_tell_nothing(processes):
    found = verdict(sample(0, 100, processes=processes), sample(1, 200))
    assert (found.verdict, found.change) == ("INCONCLUSIVE", None)
    assert f"{processes} process" in found.reason
    assert "4 rounds" in found.reason
    assert (found.first, found.second) == (pytest.approx(100, rel=0.03), pytest.approx(200, rel=0.03))


def test_processes_that_were_disturbed_do_not_count():
    calm, disturbed = sample(0, 100), sample(1, 100, slow=(0, 3))
    assert verdict(calm, disturbed).verdict == "PASS"
    assert verdict(disturbed, sample(2, 110)).verdict == "FAIL"


def test_too_much_noise_and_too_little_warmth_are_inconclusive():
    noisy = verdict(sample(0, 100), sample(1, 100, slow=range(4)))
    assert noisy.verdict == "INCONCLUSIVE"
    assert "3 processes left of 7" in noisy.reason
    cold = verdict(sample(0, 100), sample(1, 200, warm=False))
    assert cold.verdict == "INCONCLUSIVE"
    assert "7 did not warm up" in cold.reason


def test_a_machine_that_changed_its_pace_is_given_the_benefit_of_the_doubt():
    """7 % slower with the anchor 3 % slower: 4 % or 7 %."""
    assert verdict(sample(0, 100), sample(1, 107, between=0.001)).verdict == "FAIL"
    doubtful = verdict(sample(0, 100, between=0.001), sample(1, 107, between=0.001, anchor_us=51.5))
    assert doubtful.verdict == "INCONCLUSIVE"
    assert doubtful.change.low < 1.04 < 1.07 < doubtful.change.high
    sure = verdict(sample(0, 100, between=0.001), sample(1, 120, between=0.001, anchor_us=51.5))
    assert sure.verdict == "FAIL"
    moved = verdict(sample(0, 100), sample(1, 120, anchor_us=55))
    assert moved.verdict == "INCONCLUSIVE"
    assert re.match(r"the machine itself was (9\.\d|10\.\d) % slower", moved.reason)


def test_one_process_of_pytest_benchmark_is_judged_with_room_for_another():
    calm, slow = Stretches((10.0,) * 10), Stretches((11.0,) * 10)
    assert verdict(calm, slow).verdict == "FAIL"
    assert verdict(calm, calm).verdict == "PASS"
    assert verdict(calm, Stretches((10.7,) * 10)).verdict == "INCONCLUSIVE"
    few = verdict(Spread(10.0, 0.1, 5), Spread(20.0, 0.1, 5))
    assert few.verdict == "INCONCLUSIVE"
    assert "--benchmark-min-rounds=40" in few.reason
