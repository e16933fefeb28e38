import numpy as np
import pytest
from PIL import Image

from bench.folder import measure, write_pictures
from digit_infer.image import seen


@pytest.mark.parametrize("side", [28, 280])
def test_the_pictures_show_the_test_images(tmp_path, side, mnist_test):
    folder = tmp_path / "pictures"
    write_pictures(folder, 3, side)
    paths = sorted(folder.iterdir())
    assert [path.name for path in paths] == ["00000.png", "00001.png", "00002.png"]
    with Image.open(paths[0]) as image:
        assert image.size == (side, side)
    difference = np.abs(seen(paths[0]).plain.whole.image.astype(float) - mnist_test.images[0])
    assert difference.mean() < 12


def test_every_command_is_run_as_often_and_says_its_share(tmp_path):
    folder = tmp_path / "pictures"
    write_pictures(folder, 5, 28)
    found = measure(folder, 5, 28, ["softmax_regression"], rounds=2)
    assert len(found) == 3
    for entry in found.values():
        assert (entry.pictures, entry.side, entry.samples) == (5, 28, 2)
        assert entry.pictures_per_second == pytest.approx(5 / entry.seconds)
        assert entry.peak_mib > 10
    assert max(entry.share for name, entry in found.items() if name.startswith("decoding")) == 1
