import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.benchmark.comparison.disturbance import quiet
from digit_infer.benchmark.comparison.run import Process, Processes

CALM = Process((10.0, 10.1, 9.9, 10.0), (50.0, 50.2, 49.9, 50.1))


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
