"""What is made of LoadGen's figures, and, where it is installed, LoadGen itself."""

import json

import pytest

from bench.peers.environments import ENVIRONMENTS
from bench.peers.loadgen.record import Agreement, Arrivals, Percentiles, Round, Throughput
from digit_infer.benchmark.record import rebuilt
from digit_infer.benchmark.statistics import SAMPLES_NEEDED


def percentiles(p50: float, p90: float) -> Percentiles:
    return Percentiles(1_000, p50, p90, None)


def a_round(ours: float, loadgen: float) -> Round:
    floor = percentiles(1.0, 5.0)
    return Round(
        percentiles(ours, 2 * ours),
        percentiles(loadgen, 2 * loadgen),
        floor,
        percentiles(ours, ours),
        percentiles(ours, ours),
    )


def agreement(*rounds: Round) -> Agreement:
    nothing = Percentiles(1_000, 1.0, 1.0, None)
    offline = Throughput(256, (100.0, 100.0, 100.0), (90.0, 102.0, 101.0))
    return Agreement("m", "onnx-cpu", "float32", "0", 3_000, rounds, offline, Arrivals(10.0, 50.0, nothing, nothing))


def test_the_floor_is_taken_off_before_figures_are_compared():
    found = agreement(a_round(100, 101), a_round(100, 106), a_round(200, 221))
    assert found.floor_us() == 1.0
    assert found.difference("p50_us") == pytest.approx(0.05)
    assert found.difference("p90_us") == pytest.approx(211 / 200 - 1)
    assert found.offline_difference() == pytest.approx(0.01)


def test_the_bar_is_on_what_takes_more_than_100_us():
    assert agreement(a_round(100.1, 1)).is_large
    assert not agreement(a_round(100, 1)).is_large


@pytest.mark.skipif(not ENVIRONMENTS["loadgen"].folder.exists(), reason="python -m bench peers install loadgen")
@pytest.mark.parametrize("runtime", ["onnx-cpu", "tflite"])
def test_loadgen_and_ours_measure_one_session(runtime):
    words = ("-m", "bench.peers.loadgen.session", "mlp_64_64_sgd", runtime, "1", "0.1", "0")
    found = rebuilt(Agreement, json.loads(ENVIRONMENTS["loadgen"].output_of("python", *words)))
    (only,) = found.rounds
    for measured in (only.ours, only.loadgen, only.floor, only.inside, only.cooled):
        assert measured.samples >= SAMPLES_NEEDED[99]
        assert 0 < measured.p50_us <= measured.p90_us
    assert only.floor.p50_us < only.loadgen.p50_us
    assert found.server.loadgen.samples >= SAMPLES_NEEDED[99]
    assert found.offline.loadgen[0] > 0
