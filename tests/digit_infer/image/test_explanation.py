import numpy as np
from PIL import Image

from digit_infer import image
from digit_infer.image.explanation import explanation, save_explanation


def test_the_strip_shows_what_the_network_saw(examples):
    seen = image.read(examples / "seven.png")
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    strip = np.asarray(explanation(seen, probabilities).convert("L"))
    left, top, side = 16 + 2 * 296, 16 + 28, 280
    panel = strip[top : top + side, left : left + side]
    np.testing.assert_array_equal(panel[5::10, 5::10], seen.image)


def test_it_is_written_as_a_png(tmp_path, examples):
    path = tmp_path / "why.png"
    save_explanation(path, image.read(examples / "four_in_blue_pen.png"), np.full(10, 0.1, np.float32))
    with Image.open(path) as strip:
        assert strip.format == "PNG"
        assert strip.size == (4 * 296 + 16, 280 + 28 + 32)
