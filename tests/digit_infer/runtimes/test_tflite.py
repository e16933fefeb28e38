import threading

import numpy as np
import pytest

from digit_infer.contract import DIGITS
from digit_infer.parallel import usable_cpus
from digit_infer.runtimes.tflite import answering


class Meeting:
    """What ``answering`` needs of an interpreter; ``invoke`` waits until as many calls are under way as are expected."""

    def __init__(self, meeting):
        self.invoke = meeting.wait

    def get_input_details(self):
        return [{"index": 0, "shape": (1, 28, 28)}]

    def get_output_details(self):
        return [{"index": 1}]

    def set_tensor(self, index, value):
        pass

    def get_tensor(self, index):
        return np.zeros((1, 10), np.float32)


@pytest.mark.parametrize("calls", range(1, usable_cpus() + 1))
def test_as_many_calls_as_there_are_processors_run_at_once(calls, mnist_test):
    meeting = threading.Barrier(calls, timeout=30)
    made = []

    def another():
        made.append(Meeting(meeting))
        return made[-1]

    answer = answering(Meeting(meeting), another, "a fake", DIGITS)
    for _ in range(3):
        threads = [threading.Thread(target=answer, args=(mnist_test.images[:1],)) for _ in range(calls)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not meeting.broken
    assert len(made) == calls - 1
