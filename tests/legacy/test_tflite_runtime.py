"""tflite-runtime 2.14, the last of its name, still runs what today's converter writes; `.ci/run` makes its environment.

``DIGIT_INFER_TFLITE_FILES`` may name a folder with further files of the zoo's networks, ``NAME.PRECISION.tflite``.
"""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from digit_infer import Predictor, zoo
from digit_infer.errors import DamagedModelError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import installed_version

pytestmark = pytest.mark.skipif(
    installed_version("tflite-runtime") is None,
    reason="tflite-runtime wants numpy 1 and an environment of its own: .ci/run",
)

FOLDER = os.environ.get("DIGIT_INFER_TFLITE_FILES")
FURTHER = sorted(Path(FOLDER).glob("*.tflite")) if FOLDER else []
SHIPPED = [(model.name, file) for model in zoo.models().values() for file in zoo.files_of(model, "tflite", None)]

LOST_AT_MOST = {"float32": 1, "float16": 3, "int16x8": 20, "int8": 20}
"""Right answers of 10,000 that a file may lose beside the trained model: the export's bounds, and one tie in float32."""

REFUSED = "Didn't find op for builtin opcode '(FULLY_CONNECTED|CONV_2D)'"
"""What tflite-runtime says of products whose weights alone are integers, as today's converter writes them."""


def right(answers, split):
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=0.03)
    return int((answers.argmax(axis=1) == split.labels).sum())


def test_it_is_what_runs():
    assert np.__version__.startswith("1.")
    assert RUNTIMES["tflite"].availability().version == f"tflite-runtime {installed_version('tflite-runtime')}"


def test_the_folder_that_was_named_holds_files():
    if FOLDER is None:
        pytest.skip("DIGIT_INFER_TFLITE_FILES names no folder of further files")
    assert FURTHER, f"{FOLDER} holds no .tflite file"


@pytest.mark.parametrize(("model", "file"), SHIPPED, ids=[file.file for _, file in SHIPPED])
def test_every_file_that_ships_answers_as_the_manifest_says(model, file, mnist_test):
    if file.precision == "int8-dynamic":
        with pytest.raises(DamagedModelError, match=REFUSED):
            Predictor(model, runtime="tflite", precision=file.precision)
        return
    with Predictor(model, runtime="tflite", precision=file.precision) as predictor:
        found = right(predictor.predict_array(mnist_test.images), mnist_test)
    assert zoo.model_named(model).accuracy.correct - found <= LOST_AT_MOST[file.precision]
    assert abs(found - file.parity.accuracy.correct) <= 5  # today's kernels round some ties another way; 4 is what was seen


@pytest.mark.parametrize("path", FURTHER, ids=[path.name for path in FURTHER])
def test_further_files_answer_as_the_trained_model_does(path, mnist_test):
    name, precision = path.name.removesuffix(".tflite").split(".")
    file = ModelFile(name, path, "tflite", None, path.stat().st_size)
    try:
        session = RUNTIMES["tflite"].open(file, None)
    except DamagedModelError as error:
        assert precision == "int8-dynamic"
        assert re.search(REFUSED, str(error))
        return
    found = np.concatenate([session.answers(part) for part in np.split(mnist_test.images, 10)])
    lost = zoo.model_named(name).accuracy.correct - right(found, mnist_test)
    assert lost <= LOST_AT_MOST.get(precision, 20)
