import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from digit_infer.benchmark.process import PREDICTOR, MeasuringProcess, median_width, shuffled_order
from digit_infer.benchmark.statistics import Histogram
from digit_infer.errors import MeasurementError

NULL = {"model": "lenet", "runtime": "null", "precision": None, "threads": None, "batch": 1, "began": 0, "pause_s": 0}


def test_every_round_has_every_configuration_in_another_order_and_a_seed_repeats_it():
    orders = shuffled_order(12, 4, seed=3)
    assert all(sorted(order) == list(range(12)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert orders == shuffled_order(12, 4, seed=3)
    assert orders != shuffled_order(12, 4, seed=4)


def test_the_median_is_known_better_with_more_samples():
    few, many = (Histogram.of([1000 + index % 100 for index in range(count)]) for count in (100, 10_000))
    assert median_width(few) > 5 * median_width(many) > 0
    assert median_width(Histogram.of([5])) == float("inf")


def test_a_process_that_does_not_answer_is_ended():
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(MeasurementError, match="did not answer within 1 s"):
        MeasuringProcess(command, NULL, longest_s=1)


def test_a_process_that_closes_its_output_and_goes_on_is_ended(monkeypatch):
    monkeypatch.setattr("digit_infer.benchmark.process._TO_END_S", 0.5)
    command = [sys.executable, "-c", "import os, time; os.close(1); time.sleep(600)"]
    with pytest.raises(MeasurementError, match="SIGKILL"):
        MeasuringProcess(command, NULL)


def test_killed_while_it_measures_it_says_by_what():
    with MeasuringProcess(PREDICTOR, NULL) as process:
        process._process.kill()
        process._process.wait()
        with pytest.raises(MeasurementError, match="SIGKILL"):
            process.stream_block()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_no_measuring_process_outlives_a_parent_that_is_killed():
    program = (
        "from digit_infer.benchmark.process import MeasuringProcess, PREDICTOR\n"
        f"process = MeasuringProcess(PREDICTOR, {NULL!r})\n"
        "print(process._process.pid, flush=True)\nprocess.warm_up(600.0)\nprocess.stages(600.0)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    threading.Event().wait(0.2)
    parent.kill()
    parent.communicate()
    end = time.monotonic() + 10
    while Path(f"/proc/{child}/stat").exists() and time.monotonic() < end:
        if Path(f"/proc/{child}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.02)
    assert not Path(f"/proc/{child}").exists() or os.kill(child, signal.SIG_DFL)
