import time

import numpy as np
import pytest

from digit_infer.benchmark.machine import (
    Anchor,
)
from digit_infer.benchmark.scenarios import (
    Queries,
    digits,
    highest_rate,
    offline_block,
    queries_a_block,
    serve_at,
    stream_block,
    time_stages,
    warm_up,
)
from digit_infer.benchmark.statistics import accuracy_of_digits

CALL_S = 0.002


def sleepy(images):
    """A system that takes 2 ms and not much less."""
    time.sleep(CALL_S)
    return np.full((len(images), 10), 0.1, np.float32)


@pytest.fixture
def queries(mnist_test):
    return Queries(sleepy, mnist_test.images, 4)


def test_each_query_holds_the_next_images_of_the_test_set(mnist_test):
    seen = []
    queries = Queries(lambda images: seen.append(images.copy()), mnist_test.images, 3)
    queries.timed(0, at_least=4)
    assert (np.concatenate(seen) == mnist_test.images[:12]).all()


def test_a_batch_larger_than_the_test_set_repeats_images(mnist_test):
    query = Queries(sleepy, mnist_test.images[:5], 12).next()
    assert query.shape == (12, 28, 28)
    assert (query[5:10] == query[:5]).all()


def test_a_block_times_the_calls_and_nothing_else(queries):
    timed = stream_block(queries, Anchor(), time.perf_counter(), pause_s=0.003)
    assert timed.block.p50_us >= 1e6 * CALL_S
    assert timed.block.images == 4 * timed.block.queries == 4 * timed.latencies.samples
    assert timed.block.anchor_us > 0
    block = offline_block(queries, Anchor(), time.perf_counter(), 5)
    assert block.images == 20
    assert block.seconds >= 5 * CALL_S
    assert 1 <= queries_a_block(queries) <= 25


def test_what_takes_the_same_time_is_warm_and_what_does_not_is_not(mnist_test, queries):
    assert warm_up(queries, 5).stable
    slower = iter(range(1, 1000))
    changing = Queries(lambda _: time.sleep(0.002 * next(slower)), mnist_test.images, 1)
    found = warm_up(changing, 0.2)
    assert not found.stable
    assert found.seconds >= 0.2


def test_latency_counts_from_when_a_query_was_due(mnist_test):
    """A system that can answer 500 a second and is asked 600 times a second gets later and later."""
    single = Queries(sleepy, mnist_test.images, 1)
    overloaded = serve_at(single, rate=600, seconds=0.2, seed=0)
    assert overloaded.latencies.percentile_us(50) > 10 * 1e6 * CALL_S, "half of them waited for ten others"
    assert overloaded.latencies.bins_ns[0] >= 1e9 * CALL_S * (1 - 1 / 1024)


def test_the_highest_rate_keeps_its_bound_and_lies_below_the_capacity(mnist_test):
    quick = Queries(lambda _: None, mnist_test.images, 1)
    found = highest_rate(quick, bound_us=1e7, seconds=0.01, seed=0)  # ten seconds: no neighbour takes as long
    assert 0 < found.rate < 1e9
    assert found.latencies.percentile_us(99) <= 1e7
    assert (found.rate, True) in found.tried
    assert all(rate > found.rate for rate, held in found.tried if not held)
    assert highest_rate(quick, bound_us=1e-6, seconds=0.01, seed=0).rate == 0


def test_arrivals_repeat_with_a_seed(mnist_test):
    counted = []
    single = Queries(lambda _: counted.append(1), mnist_test.images, 1)
    assert serve_at(single, rate=1e6, seconds=0.001, seed=1).latencies.samples == 1000 == len(counted)


def test_stages_add_up(mnist_test):
    stages = time_stages(sleepy, mnist_test.images, 0.01)
    assert stages.infer.percentile_us(50) >= 1e6 * CALL_S
    assert stages.total.percentile_us(50) >= stages.infer.percentile_us(50)
    assert stages.total.samples == stages.decode.samples >= 50


def test_digits_are_the_most_probable_ones(mnist_test):
    answered = digits(lambda images: np.eye(10, dtype=np.float32)[images[:, 0, 0] % 10], mnist_test.images[:600])
    assert (answered == mnist_test.images[:600, 0, 0] % 10).all()
    assert accuracy_of_digits(mnist_test.labels, mnist_test.labels).correct == 10_000
