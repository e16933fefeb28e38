"""A process that is forked while other threads predict."""

import os
import select
import signal
import threading

import numpy as np
import pytest

from digit_infer import Predictor
from digit_infer.runtimes import RUNTIMES

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]

LONGEST_S = 20


def answer_of_a_fork(work):
    """Fork, and return what ``work`` returns there, in bytes; b"" where it never ends."""
    mine, its = os.pipe()
    number = os.fork()
    if number == 0:
        try:
            os.write(its, work())
        finally:
            os._exit(0)
    os.close(its)
    readable, _, _ = select.select([mine], [], [], LONGEST_S)
    found = os.read(mine, 4_000) if readable else b""
    os.kill(number, signal.SIGKILL)
    os.waitpid(number, 0)
    os.close(mine)
    return found


@pytest.mark.parametrize("name", ["onnx-cpu", "tflite", "tflm"])
def test_a_fork_answers_as_its_parent_while_threads_predict(name, mnist_test, examples):
    if not RUNTIMES[name].availability().available:
        pytest.skip(f"{name} is not installed")
    predictor = Predictor("digitnet_nano", runtime=name)
    images, picture = mnist_test.images[:20], examples / "seven.png"
    wanted = predictor.predict_array(images).tobytes(), predictor.predict(picture).digit
    stopped = threading.Event()

    def keep_predicting():
        while not stopped.is_set():
            predictor.predict_array(images)
            predictor.predict(picture)

    threads = [threading.Thread(target=keep_predicting) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(4):
            assert answer_of_a_fork(lambda: predictor.predict_array(images).tobytes()) == wanted[0]
            assert answer_of_a_fork(lambda: bytes([predictor.predict(picture).digit])) == bytes([wanted[1]])
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def test_what_cannot_work_in_a_fork_says_so(monkeypatch):
    from digit_infer import predictor as module

    monkeypatch.setattr(module, "_WORK_AFTER_FORK", ())
    predictor = Predictor("digitnet_nano", runtime="onnx-cpu")

    def refusal():
        try:
            return predictor.predict_array(np.zeros((1, 28, 28), np.uint8)).tobytes()
        except Exception as error:
            return str(error).encode()

    assert b"this process was forked from one that had loaded digitnet_nano on onnx-cpu" in answer_of_a_fork(refusal)
    assert predictor.predict_array(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


def test_a_closed_predictor_stays_closed_in_a_fork():
    predictor = Predictor("digitnet_nano", runtime="onnx-cpu")
    predictor.close()
    assert answer_of_a_fork(lambda: repr(predictor).encode()) == b"Predictor(closed)"
