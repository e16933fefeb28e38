"""A candidate is judged beside the network in use with the measures of confidence that it would have."""

import csv
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from digit_infer import dataset, zoo
from training import checkpoint


@pytest.fixture
def folder(tmp_path):
    """Return a folder of eight digits, a page and a square, with their labels."""
    test = dataset.load("test")
    rows = []
    for number in range(8):
        Image.fromarray(255 - test.images[number]).resize((112, 112)).save(tmp_path / f"{number}.png")
        rows.append((f"{number}.png", str(test.labels[number]), "predict"))
    page = np.hstack([np.pad(test.images[number], 10) for number in range(3)])
    Image.fromarray(255 - page).resize((page.shape[1] * 3, page.shape[0] * 3)).save(tmp_path / "page.png")
    rows.append(("page.png", "".join(str(label) for label in test.labels[:3]), "read"))
    square = np.full((100, 100), 255, np.uint8)
    square[20:80, 20:80] = 0
    Image.fromarray(square).save(tmp_path / "square.png")
    rows.append(("square.png", "none", "predict"))
    with (tmp_path / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file", "label", "ask"), *rows])
    return tmp_path


@pytest.mark.usefixtures("mnist_train")
def test_the_checkpoint_in_use_is_as_good_as_itself(folder):
    """As a candidate it has the thresholds of its operating points, and so the same figures in both columns."""
    file = checkpoint.path_of(zoo.DEFAULT_MODEL)
    command = [sys.executable, "-m", "bench", "candidate", str(file), str(folder), "--count", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    figures = [line for line in done.stdout.splitlines() if re.search(r"\d", line) and not line.startswith(folder.name)]
    assert len(figures) > 20
    for line in figures:
        cells = re.split(r"  +", line.strip())
        assert cells[1] == cells[2], line
    model = zoo.model_named(zoo.DEFAULT_MODEL)
    assert f"less than {model.reject_below:.4f}, read less than {zoo.read_below(model.name):.4f}" in done.stderr


def test_two_folders_of_one_name_are_refused(folder, tmp_path):
    command = [sys.executable, "-m", "bench", "candidate", str(tmp_path / "0.png"), str(folder), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "two folders have the same name" in done.stderr


def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path):
    (tmp_path / "no.keras").write_bytes(b"no network")
    command = [sys.executable, "-m", "bench", "candidate", str(tmp_path / "no.keras"), "--count", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no.keras" in done.stderr
    assert "Traceback" not in done.stderr
