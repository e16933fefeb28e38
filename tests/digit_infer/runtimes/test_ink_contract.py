"""The ink network on every runtime that works here: what goes in, what comes out, and that all agree."""

import numpy as np
import pytest
from PIL import Image

from digit_infer import zoo
from digit_infer.contract import INK, INK_SIDE
from digit_infer.errors import ContractError, DamagedModelError, InvalidArrayError
from digit_infer.image.network_look import INKED
from digit_infer.recognition.ink import InkNetwork
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile

RUNTIMES_HERE = [name for name in ("onnx-cpu", "tflite") if RUNTIMES[name].availability().available]
several_runtimes = pytest.mark.skipif(len(RUNTIMES_HERE) < 2, reason="tflite is not installed")


@pytest.fixture(scope="module")
def pictures(mnist_test):
    """Three pictures: a seven, dark on light and light on dark, and bare paper."""
    grey = np.full((3, INK_SIDE, INK_SIDE), 200, np.uint8)
    digit = np.asarray(Image.fromarray(mnist_test.images[0]).resize((112, 112), Image.Resampling.BICUBIC)) > 127
    grey[0, 8:120, 8:120][digit] = 40
    grey[1] = 255 - grey[0]
    return grey


def marked(name, precision, pictures):
    return InkNetwork(RUNTIMES[name], precision, None).mark(pictures)


@pytest.mark.parametrize("name", RUNTIMES_HERE)
def test_strokes_are_marked_and_bare_paper_is_not(name, pictures):
    ink = marked(name, "int8", pictures)
    assert ink.shape == pictures.shape
    assert ink.dtype == np.uint8
    stroke = pictures[0] == 40
    for number in (0, 1):
        assert (ink[number][stroke] >= INKED).mean() > 0.9
        assert (ink[number][~stroke] < INKED).mean() > 0.98
    assert (ink[2] < INKED).all()


@several_runtimes
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_runtimes_mark_alike(precision, pictures):
    one, other = (marked(name, precision, pictures).astype(int) for name in RUNTIMES_HERE)
    assert (np.abs(one - other) <= (1 if precision == "float32" else 60)).mean() > 0.99


@pytest.mark.parametrize("name", RUNTIMES_HERE)
@pytest.mark.parametrize("count", [0, 1, 2, 5, 40])
def test_any_number_of_pictures_is_marked(name, count, pictures):
    network = InkNetwork(RUNTIMES[name], "float32", None)
    many = np.repeat(pictures, 14, axis=0)[:count]
    ink = network.mark(many)
    assert ink.shape == many.shape
    if count:
        np.testing.assert_array_equal(ink[-1], network.mark(many[-1:])[0])


def test_an_altered_file_is_refused_before_it_is_loaded(monkeypatch, tmp_path, pictures):
    file = zoo.ink_file("onnx", "float32")
    altered = tmp_path / file.path.name
    altered.write_bytes(file.path.read_bytes()[:-1] + b"x")
    monkeypatch.setattr(zoo, "FILES", tmp_path)
    with pytest.raises(DamagedModelError, match="is truncated or altered"):
        marked("onnx-cpu", "float32", pictures)


def test_a_file_of_the_other_contract_is_refused():
    digits = zoo.zoo_file(zoo.model_named("digitnet"), zoo.files_of(zoo.model_named("digitnet"), "onnx", "float32")[0])
    file = ModelFile("digitnet", digits.path, "onnx", "float32", digits.bytes, contract=INK)
    with pytest.raises(ContractError, match="28, 28"):
        RUNTIMES["onnx-cpu"].open(file, None)


def test_pictures_of_another_size_are_refused():
    from digit_infer.contract import check_images

    with pytest.raises(InvalidArrayError, match="not \\(N, 128, 128\\)"):
        check_images(np.zeros((1, 28, 28), np.uint8), INK)
