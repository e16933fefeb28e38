import threading

import pytest

from digit_infer.parallel import in_batches, in_order


def test_batches_hold_everything_once():
    assert list(in_batches(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(in_batches(iter([]), 3)) == []


def test_the_first_comes_first_though_the_second_is_done_before():
    second_is_done = threading.Event()

    def work(item):
        if item == 0:
            assert second_is_done.wait(30)
        if item == 1:
            second_is_done.set()
        return item

    assert list(in_order(work, iter(range(5)), 2)) == list(range(5))


@pytest.mark.parametrize("workers", [1, 2])
def test_what_the_work_raises_comes_in_its_place(workers):
    answers = in_order(lambda item: 1 / item, iter([1, 2, 0, 4]), workers)
    assert [next(answers), next(answers)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(answers)


def test_an_interrupt_ends_the_threads():
    def items():
        yield from range(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(in_order(lambda item: item, items(), 3))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("digit-infer")]
