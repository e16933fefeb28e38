"""MNIST: finds, downloads, verifies and reads its four IDX files.

A file is searched for in this order, and its sha256 is verified before it is read:

1. the folder given by the argument ``folder``, or else by the environment variable ``DIGIT_INFER_DATA``;
2. the package, which bundles the 10,000 test images;
3. the cache, filled by ``pooch`` from the public mirrors.

MNIST is by Yann LeCun, Corinna Cortes and Christopher J. C. Burges, under CC BY-SA 3.0.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from digit_infer.errors import DatasetError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SplitName = Literal["train", "test"]

FOLDER_VARIABLE = "DIGIT_INFER_DATA"

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)

_IMAGES_MAGIC = 2051
_LABELS_MAGIC = 2049


@dataclass(frozen=True)
class IdxFile:
    """One file of MNIST: its name, the sha256 of its compressed bytes, and the shape of its uint8 array."""

    name: str
    sha256: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Split:
    """Images uint8 [N, 28, 28] (0 = background, 255 = ink) and their labels uint8 [N] (0 to 9)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)


IDX_FILES: dict[SplitName, tuple[IdxFile, IdxFile]] = {
    "train": (
        IdxFile(
            "train-images-idx3-ubyte.gz",
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            (60_000, 28, 28),
        ),
        IdxFile(
            "train-labels-idx1-ubyte.gz",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            (60_000,),
        ),
    ),
    "test": (
        IdxFile(
            "t10k-images-idx3-ubyte.gz",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            (10_000, 28, 28),
        ),
        IdxFile(
            "t10k-labels-idx1-ubyte.gz",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            (10_000,),
        ),
    ),
}


def load(split: SplitName, folder: Path | None = None) -> Split:
    """Read one split of MNIST; download it only if no folder is given and the package does not bundle it.

    Raises:
        DatasetError: a file is missing, truncated, swapped or altered (the message names it), or cannot be downloaded.
    """
    images, labels = (_read(file, folder) for file in IDX_FILES[split])
    return Split(images, labels)


def _read(file: IdxFile, folder: Path | None) -> NDArray[np.uint8]:
    path = _locate(file, folder)
    try:
        compressed = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist", f"put the four canonical MNIST files there, or unset {FOLDER_VARIABLE}"
        ) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror})", "check its permissions") from error
    check(file, compressed, path)
    return parse_idx(gzip.decompress(compressed), file.shape, str(path))


def _locate(file: IdxFile, folder: Path | None) -> Path:
    if folder is None and (variable := os.environ.get(FOLDER_VARIABLE)):
        folder = Path(variable)
    if folder is not None:
        return folder / file.name
    bundled = Path(str(resources.files("digit_infer") / "data" / file.name))
    return bundled if bundled.exists() else download(file)


def check(file: IdxFile, compressed: bytes, path: Path) -> None:
    """Verify the sha256 of a file's bytes.

    Raises:
        DatasetError: it differs; the message says whether the file is another one of the four under this name.
    """
    found = hashlib.sha256(compressed).hexdigest()
    if found == file.sha256:
        return
    advice = f"replace it by the canonical {file.name}"
    for other in (file for pair in IDX_FILES.values() for file in pair):
        if found == other.sha256:
            raise DatasetError(f"{path} holds the content of {other.name} (swapped)", advice)
    raise DatasetError(
        f"{path} is truncated or altered: {len(compressed):,} bytes with sha256 {found[:12]}…, not {file.sha256[:12]}…",
        advice,
    )


def parse_idx(content: bytes, shape: tuple[int, ...], name: str) -> NDArray[np.uint8]:
    """Parse an uncompressed IDX file of uint8 with exactly this shape.

    The format (see the MNIST page): a magic number, one 32-bit big-endian size per dimension, then the bytes.

    Raises:
        DatasetError: the header or the length differs.
    """
    header = struct.pack(f">{1 + len(shape)}I", _IMAGES_MAGIC if len(shape) == 3 else _LABELS_MAGIC, *shape)
    expected = len(header) + int(np.prod(shape))
    if not content.startswith(header) or len(content) != expected:
        raise DatasetError(
            f"{name} is no IDX file of shape {shape}: {len(content):,} bytes that start with {content[:8].hex()},"
            f" where {expected:,} that start with {header[:8].hex()} belong",
            "replace it by the canonical file",
        )
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def download(file: IdxFile, cache: Path | None = None, mirrors: Sequence[str] = MIRRORS) -> Path:
    """Return the path of a file in the cache; download it if it is not there.

    ``pooch`` verifies the sha256 and writes atomically.

    Raises:
        DatasetError: ``pooch`` is not installed, or no mirror answered with the canonical bytes.
    """
    try:
        import pooch
    except ImportError as error:
        raise DatasetError(
            f"{file.name} is not installed, and downloading it needs pooch",
            f'pip install "digit-infer[train]", or name a folder that holds it in {FOLDER_VARIABLE}',
        ) from error
    from rich.console import Console

    folder = pooch.os_cache("digit_infer") if cache is None else cache
    failures = []
    for mirror in mirrors:
        try:
            with Console(stderr=True).status(f"downloading {file.name}"):
                return Path(pooch.retrieve(mirror + file.name, f"sha256:{file.sha256}", file.name, folder))
        except (OSError, ValueError) as error:  # requests raises OSErrors, pooch a ValueError for a wrong sha256
            failures.append(f"{mirror}: {type(error).__name__}, {str(error).splitlines()[0][:80]}")
    raise DatasetError(
        f"{file.name} could not be downloaded ({'; '.join(failures)})",
        f"check the network, or name a folder that holds it in {FOLDER_VARIABLE}",
    )
