import numpy as np
from PIL import Image

from digit_infer import Prediction, image
from digit_infer.image.explanation import explanation, save_explanation


def test_the_strip_shows_what_the_network_saw(examples):
    seen = image.read(examples / "seven.png")
    probabilities = np.full(10, 0.01, np.float32)
    probabilities[7] = 0.91
    sure, doubtful = (explanation(seen, Prediction.of(probabilities, seen.image, least)) for least in (0, 0.95))
    strip = np.asarray(sure.convert("L"))
    left, top, side = 16 + 2 * 296, 16 + 28, 280
    panel = strip[top : top + side, left : left + side]
    np.testing.assert_array_equal(panel[5::10, 5::10], seen.image)
    changed = np.flatnonzero((strip != np.asarray(doubtful.convert("L"))).any(axis=0))
    assert changed.min() >= 16 + 3 * 296, "only the caption of the bars says that there is no digit"


def test_it_is_written_as_a_png(tmp_path, examples):
    path = tmp_path / "why.png"
    seen = image.read(examples / "four_in_blue_pen.png")
    save_explanation(path, seen, Prediction.of(np.full(10, 0.1, np.float32), seen.image))
    with Image.open(path) as strip:
        assert strip.format == "PNG"
        assert strip.size == (4 * 296 + 16, 280 + 28 + 32)
