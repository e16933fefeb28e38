"""Checks a ``.keras`` file before Keras, whose start takes seconds, reads it: the archive, its JSON, and the sizes in it.

A few bytes of JSON can ask for gigabytes of weights. Each unit or filter of a layer has a weight of its own, so a file
with fewer bytes of weights than units is damaged. What Keras 2 wrote as HDF5 is brought to the form that Keras 3 reads.
"""

from __future__ import annotations

import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digit_infer.errors import DamagedModelError

_CONFIG = "config.json"
_LARGEST_CONFIG = 16_000_000
_LARGEST_CONTENT = 1_000_000_000
"""Bytes of all that the archive holds."""

_COUNTS = ("units", "filters", "output_dim")
_ERRORS = (OSError, ValueError, KeyError, RecursionError, MemoryError, NotImplementedError, RuntimeError, EOFError)
"""What reading a damaged archive and its JSON raises."""


def check_archive(path: Path) -> None:
    """Check a file that Keras will load.

    Raises:
        DamagedModelError: it is no archive of Keras, or damaged, or asks for more than it holds.
    """
    try:
        problem = _problem(path)
    except (*_ERRORS, zipfile.BadZipFile, zlib.error) as error:
        problem = f"is no Keras model ({' '.join(str(error).split())[:160] or type(error).__name__})"
    if problem is not None:
        raise DamagedModelError(f"{path} {problem}", "train or save it again")


def _problem(path: Path) -> str | None:
    with zipfile.ZipFile(path) as archive:
        content = sum(entry.file_size for entry in archive.infolist())
        if content > _LARGEST_CONTENT:
            return f"unpacks to {content:,} bytes; at most {_LARGEST_CONTENT:,}"
        if archive.getinfo(_CONFIG).file_size > _LARGEST_CONFIG:
            return f"holds a {_CONFIG} of more than {_LARGEST_CONFIG:,} bytes"
        config = json.loads(archive.read(_CONFIG))
    largest = max(_counts(config), default=0)
    if largest > content:
        return f"asks for a layer of {largest:,} units, and holds {content:,} bytes"
    return None


def _counts(config: Any) -> Iterator[int]:
    """Yield the numbers of units and filters, however deep they are."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from (value[name] for name in _COUNTS if isinstance(value.get(name), int))
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def is_hdf5(path: Path) -> bool:
    """Tell whether a file is HDF5, whatever its suffix: TensorFlow 2.0 to 2.11 wrote that under ``.keras``, too."""
    with path.open("rb") as file:
        return file.read(4) == b"\x89HDF"


def version_of(path: Path) -> str:
    """Return the version of Keras that wrote a file, as far as it tells, or an empty text."""
    try:
        if is_hdf5(path):
            import h5py

            with h5py.File(path) as file:
                return str(file.attrs.get("keras_version", ""))
        with zipfile.ZipFile(path) as archive:
            return str(json.loads(archive.read("metadata.json")).get("keras_version", ""))
    except (*_ERRORS, ImportError, AttributeError, zipfile.BadZipFile):
        return ""


@contextmanager
def readable(path: Path) -> Iterator[Path]:
    """Yield a file that Keras 3 reads: the file itself, or a copy with its configuration in today's words."""
    if not is_hdf5(path):
        yield path
        return
    import h5py  # comes with Keras

    with TemporaryDirectory() as folder:
        copy = Path(folder) / "model.h5"
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            if "model_config" in file.attrs:  # else Keras says that it holds weights alone
                held = file.attrs["model_config"]
                config = json.loads(held.decode() if isinstance(held, bytes) else held)
                file.attrs["model_config"] = json.dumps(_in_todays_words(config))
        yield copy


def _in_todays_words(config: Any) -> Any:
    """Return a configuration of Keras 2 without what Keras 3 takes for something else, or refuses.

    The shape of the input, which a first layer had, becomes a layer of its own; initializers have no ``dtype`` any more.
    """
    if isinstance(config, list):
        return [_in_todays_words(value) for value in config]
    if not isinstance(config, dict):
        return config
    config = {key: _in_todays_words(value) for key, value in config.items()}
    for key in ("kernel_initializer", "bias_initializer", "gamma_initializer", "beta_initializer"):
        if isinstance(config.get(key), dict):
            config[key].get("config", {}).pop("dtype", None)
    if config.get("class_name") == "Sequential":
        held = config["config"]
        layers = held if isinstance(held, list) else held["layers"]
        shape = next((layer["config"].get("batch_input_shape") for layer in layers), None)
        for layer in layers:
            if layer["class_name"] not in ("InputLayer", "Sequential", "Model", "Functional"):
                layer["config"].pop("batch_input_shape", None)
        if shape is not None and layers[0]["class_name"] != "InputLayer":
            layers.insert(
                0, {"class_name": "InputLayer", "config": {"batch_shape": shape, "dtype": "float32", "name": "pixels"}}
            )
        config["config"] = {"name": "digits", **({} if isinstance(held, list) else held), "layers": layers}
    return config
