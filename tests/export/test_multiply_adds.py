import keras
import pytest

from digit_infer import zoo
from export import manifest
from export.errors import ExportError
from export.multiply_adds import multiply_adds
from training.network import build
from training.recipes import RECIPES

BY_HAND = {
    "softmax_regression": 784 * 10,
    "lenet": 28 * 28 * 32 * 25 + 14 * 14 * 64 * (25 * 32) + 7 * 7 * 64 * 1024 + 1024 * 10,
    "shallow_cnn": 26 * 26 * 32 * 9 + 11 * 11 * 64 * (9 * 32) + 3 * 3 * 128 * (9 * 64) + 1152 * 64 + 64 * 10,
    "cnn_arch3": 14 * 14 * 5 * 9 + 4 * 4 * 10 * (9 * 5) + 1 * 1 * 5 * (9 * 10) + 5 * 100 + 100 * 10,
}
"""Each convolution: positions × filters × kernel; strides of 2 and padding are those of the recipes."""


@pytest.mark.parametrize("name", BY_HAND)
def test_they_are_what_a_hand_counts(name):
    assert multiply_adds(build(RECIPES[name])) == BY_HAND[name] == zoo.model_named(name).multiply_adds


def test_a_convolution_in_groups_sums_over_its_own_channels():
    network = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.Conv2D(6, 3, groups=2, padding="same")])
    assert multiply_adds(network) == 8 * 8 * 6 * (3 * 3 * 2)


def test_a_layer_that_nobody_counts_is_refused():
    network = keras.Sequential([keras.Input((8, 8, 4)), keras.layers.DepthwiseConv2D(3)])
    with pytest.raises(ExportError, match="DepthwiseConv2D are unknown"):
        multiply_adds(network)


def test_the_manifest_is_what_the_recorded_exports_say():
    text, written = zoo.MANIFEST.read_text(encoding="utf-8"), zoo.MANIFEST.stat().st_mtime_ns
    manifest.main()
    assert zoo.MANIFEST.read_text(encoding="utf-8") == text
    assert zoo.MANIFEST.stat().st_mtime_ns == written
