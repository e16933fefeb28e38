import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digit_infer import Prediction, Predictor, Unanswered
from digit_infer.errors import InferenceError, PictureNotFoundError, UnreadablePictureError, UsageError
from digit_infer.parallel.processes import Worker

linux = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


@pytest.fixture(scope="module")
def small():
    with Predictor("softmax_regression") as predictor:
        yield predictor


@pytest.fixture
def pictures(tmp_path, mnist_test):
    paths = [tmp_path / f"{number:02}.png" for number in range(20)]
    for path, image in zip(paths, mnist_test.images, strict=False):
        Image.fromarray(image).save(path)
    return paths


def answering(parent):
    """Return the numbers of the processes that answer pictures for another one."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
        except OSError:  # it has ended
            continue
        if b"digit_infer.parallel.processes" in command and f"PPid:\t{parent}\n" in status:
            found.append(int(folder.name))
    return found


def test_processes_answer_what_threads_answer(small, pictures, bad_pictures):
    asked = [*pictures, bad_pictures["text"], str(pictures[0]), pictures[1].read_bytes(), "nowhere.png", b""]
    by_threads = list(small.predict_many(asked, batch_size=4))
    by_processes = list(small.predict_many(asked, batch_size=4, workers=2, processes=True))
    assert [type(answer) for answer in by_processes] == [type(answer) for answer in by_threads]
    for one, other in zip(by_threads, by_processes, strict=True):
        if isinstance(one, Prediction):
            np.testing.assert_array_equal(one.probabilities, other.probabilities)
            np.testing.assert_array_equal(one.image, other.image)
        else:
            assert (type(one.error), str(one.error)) == (type(other.error), str(other.error))
    errors = [type(answer.error) for answer in by_processes if isinstance(answer, Unanswered)]
    assert errors == [UnreadablePictureError, PictureNotFoundError, UnreadablePictureError]


def test_a_model_of_ones_own_goes_along(pictures, tmp_path):
    with Predictor("softmax_regression") as of_the_zoo:
        own = tmp_path / "own.onnx"
        own.write_bytes(of_the_zoo.chosen.file.path.read_bytes())
        expected = [answer.digit for answer in of_the_zoo.predict_many(pictures)]
    with Predictor(own) as predictor:
        found = [answer.digit for answer in predictor.predict_many(pictures, workers=1, processes=True)]
        assert found == expected
        own.write_bytes(b"no model")
        with pytest.raises(Exception, match=r"own\.onnx is no ONNX model"):
            list(predictor.predict_many(pictures, workers=1, processes=True))


def test_what_cannot_go_to_another_process_is_refused(small, mnist_test):
    with pytest.raises(UsageError, match="a ndarray cannot be sent to another process"):
        list(small.predict_many(iter(mnist_test.images[:3]), processes=True))


def runs(process):
    """Tell whether a process does anything: one that ended stays listed until its new parent has asked how."""
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@linux
def test_no_process_outlives_a_stream_that_is_left(small, pictures):
    stream = small.predict_many(pictures * 20, batch_size=5, workers=2, processes=True)
    next(stream)
    assert len(answering(os.getpid())) == 2
    stream.close()
    assert answering(os.getpid()) == []


@linux
def test_a_process_that_is_killed_is_an_error_of_ours(small, pictures):
    stream = small.predict_many(pictures * 50, batch_size=5, workers=1, processes=True)
    next(stream)
    [process] = answering(os.getpid())
    os.kill(process, signal.SIGKILL)
    with pytest.raises(InferenceError, match="ended with exit code -9"):
        list(stream)


def test_threads_that_share_a_process_hear_their_own_answers(small, pictures):
    heard = {}
    with Worker(type(small).__module__) as process:
        process.load(pickle.dumps(small))

        def ask(number):
            heard[number] = [process.answer([pictures[number]])[0].image.tobytes() for _ in range(20)]

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    expected = [answer.image.tobytes() for answer in small.predict_many(pictures[:6])]
    assert [set(heard[number]) for number in range(6)] == [{image} for image in expected]


@linux
def test_processes_end_with_the_one_that_started_them(pictures):
    program = (
        "from digit_infer import Predictor\n"
        f"pictures = [{str(pictures[0])!r}] * 10**6\n"
        "stream = Predictor('softmax_regression').predict_many(pictures, processes=True, workers=2)\n"
        "next(stream); print('ready', flush=True)\n"
        "for _ in stream: pass\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout.readline() == b"ready\n"
    started = answering(parent.pid)
    assert len(started) == 2
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 30
    while any(map(runs, started)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(runs, started))
