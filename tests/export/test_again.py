"""What is told of a file that is made again."""

import subprocess
import sys
from dataclasses import replace

import pytest

from export.again import verdict
from export.everything import recorded
from export.report import Refusal

BEFORE = recorded()["softmax_regression"][-1]


def after(**changes):
    return replace(BEFORE, file=replace(BEFORE.file, **changes))


def parity(**changes):
    return replace(BEFORE.file.parity, **changes)


def test_a_file_of_the_same_bytes_is_the_same():
    assert verdict(BEFORE, after()) == "the same"


def test_other_bytes_are_told_from_other_answers():
    assert verdict(BEFORE, after(sha256="0" * 64)) == "other bytes, the same answers"
    differs = parity(largest_difference=BEFORE.file.parity.largest_difference * 2)
    assert verdict(BEFORE, after(sha256="0" * 64, parity=differs)) == "other bytes, the same answers"
    flips = parity(flips=(*BEFORE.file.parity.flips, 9999))
    assert verdict(BEFORE, after(sha256="0" * 64, parity=flips)) == "another answer"
    accuracy = parity(accuracy=replace(BEFORE.file.parity.accuracy, correct=1))
    assert verdict(BEFORE, after(sha256="0" * 64, parity=accuracy)) == "another answer"


def test_a_file_that_is_refused_now_is_another_answer():
    refusal = Refusal("softmax_regression", "tflite", "int8", "no", "")
    assert verdict(BEFORE, refusal) == verdict(refusal, BEFORE) == "another answer"
    assert verdict(refusal, replace(refusal, reason="for another reason")) == "the same"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (
            ["softmax_regression", "--precision", "float32"],
            0,
            "2 files: 2 the same; 0 other bytes, the same answers; 0 another answer\n",
        ),
        (["nosuch"], 2, ""),
    ],
)
def test_the_command_makes_files_again_and_counts(words, code, said):
    done = subprocess.run([sys.executable, "-m", "export.again", *words], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, said)
    assert len(done.stderr.splitlines()) == (code != 0)
