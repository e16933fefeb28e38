"""The ink network's files: converted, proven, and refused where they would mark other pixels."""

import keras
import numpy as np
import onnx
import pytest

from digit_infer.contract import INK_SIDE
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.zoo import FILES, manifest
from export.errors import ParityError
from export.ink import FORMS, InkSource, check, export_ink, reference
from training.checkpoint import path_of


@pytest.fixture(scope="module")
def source():
    """The network that ships, with pictures of random strokes in place of drawn ones, which need training images."""
    draw = np.random.default_rng(0)
    pictures = np.full((24, INK_SIDE, INK_SIDE), 220, np.uint8)
    for picture in pictures:
        for _ in range(4):
            row, column, size = (int(number) for number in (*draw.integers(10, 100, 2), draw.integers(4, 20)))
            picture[row : row + 3 * size, column : column + size // 3 + 2] = draw.integers(0, 120)
    network = keras.saving.load_model(path_of("inknet"), compile=False)
    return InkSource(network, {"model": "inknet"}, pictures[:8], pictures[8:])


@pytest.mark.parametrize(("model_format", "precision"), FORMS)
def test_every_form_is_made_and_proven(source, tmp_path, model_format, precision):
    made = export_ink(source, model_format, precision, tmp_path)
    assert sha256_of(tmp_path / made.file) == made.sha256
    assert made.parity.pictures == len(source.proof)
    assert made.parity.largest_difference <= 1 or precision == "int8"


def test_a_file_that_marks_other_pixels_is_refused(source):
    expected = reference(source.network, source.proof)
    with pytest.raises(ParityError, match="of all pixels otherwise"):
        check("inknet.onnx", "float32", expected, 255 - expected, "a test")


def test_the_manifest_names_the_checkpoint_that_is_there():
    ink = manifest().ink
    assert sha256_of(path_of("inknet")) == ink.checkpoint.sha256
    assert ink.parameters == 89_236


def test_the_onnx_file_has_one_node_a_layer():
    model = onnx.load(FILES / "inknet.float32.onnx")
    kinds = [node.op_type for node in model.graph.node]
    assert kinds.count("Conv") == 15
    assert not {"Shape", "BatchNormalization", "Slice"} & set(kinds)
    assert {end.name for end in (*model.graph.input, *model.graph.output)} == {"grey", "ink"}
