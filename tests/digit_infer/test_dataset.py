import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer import dataset
from digit_infer.errors import DatasetError

CARRIED = Path(dataset.__file__).parent / "data"
IMAGES, LABELS = dataset.IDX_FILES["test"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the two canonical test files, named by the environment."""
    for file in (IMAGES, LABELS):
        shutil.copy(CARRIED / file.name, tmp_path / file.name)
    monkeypatch.setenv(dataset.FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def test_the_test_set_is_the_canonical_one(mnist_test):
    assert mnist_test.images.shape == (10_000, 28, 28)
    assert mnist_test.images.dtype == mnist_test.labels.dtype == np.uint8
    assert np.bincount(mnist_test.labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist_test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


def test_a_named_folder_is_used(folder, mnist_test):
    np.testing.assert_array_equal(dataset.load("test").images, mnist_test.images)


def test_a_missing_file_is_named_and_not_downloaded(folder):
    with pytest.raises(DatasetError, match=f"{dataset.IDX_FILES['train'][0].name} does not exist"):
        dataset.load("train")


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty"])
def test_a_damaged_file_is_named(folder, damage):
    path = folder / IMAGES.name
    content = path.read_bytes()
    changed = {"truncated": content[:-1], "altered": content[:5000] + b"\x00" + content[5001:], "empty": b""}[damage]
    path.write_bytes(changed)
    with pytest.raises(DatasetError, match=f"{IMAGES.name} is truncated or altered"):
        dataset.load("test")


def test_a_swapped_file_is_named_with_what_it_really_is(folder):
    shutil.copy(CARRIED / LABELS.name, folder / IMAGES.name)
    with pytest.raises(DatasetError, match=f"{IMAGES.name} holds the content of {LABELS.name}"):
        dataset.load("test")


def idx(array: np.ndarray) -> bytes:
    magic = 2051 if array.ndim == 3 else 2049
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


@given(st.integers(0, 5), st.integers(1, 4), st.integers(1, 4), st.randoms(use_true_random=False))
def test_parsing_inverts_writing(count, rows, columns, random):
    array = np.array([random.randrange(256) for _ in range(count * rows * columns)], np.uint8).reshape(count, rows, columns)
    np.testing.assert_array_equal(dataset.parse_idx(idx(array), array.shape, "it"), array)


@pytest.mark.parametrize(
    "content", [b"", b"\x00" * 30, idx(np.zeros((2, 3, 3), np.uint8))[:-1], idx(np.zeros(18, np.uint8))]
)
def test_parsing_refuses_what_is_no_such_file(content):
    with pytest.raises(DatasetError, match=r"odd\.idx is no IDX file of shape"):
        dataset.parse_idx(content, (2, 3, 3), "odd.idx")
