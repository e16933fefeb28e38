"""Keras, the reference that exports are compared with. It needs TensorFlow, JAX or PyTorch."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import DIGITS, Contract, Format, Precision
from digit_infer.errors import (
    ContractError,
    DamagedModelError,
    InferenceError,
    ModelCodeError,
    RuntimeUnavailableError,
    UsageError,
)
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.keras_file import check_archive
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import Answers, Pictures

BACKENDS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}
"""The distributions that each backend of Keras comes in."""


class Keras:
    """Runs ``.keras`` files whose network takes pixels in 0..1, as those of the recipes do."""

    name: RuntimeName = "keras"
    format: Format | None = "keras"
    precisions: tuple[Precision, ...] = ("float32",)
    marks_ink = True

    def availability(self) -> Availability:
        """Return the version of Keras, without importing it and its backend, which takes seconds."""
        keras = installed_version("keras")
        if keras is None:
            return Availability(None, "not installed: pip install digit-infer[train]")
        backend = os.environ.get("KERAS_BACKEND", "tensorflow")
        if installed_version(*BACKENDS.get(backend, ())) is None:
            return Availability(None, f"its backend {backend} is not installed: pip install digit-infer[train]")
        return Availability(keras)

    def open(self, file: ModelFile | None, threads: int | None) -> KerasSession:
        """Load a ``.keras`` file."""
        if file is None:
            raise UsageError("keras needs a model file", "name a model")
        if threads is not None:
            raise UsageError("keras runs on its backend's own threads", "leave the number of threads out")
        state = self.availability()
        if state.reason is not None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", state.reason)
        return KerasSession(load_network(file.path), str(file.path), file.contract)


def load_network(path: Path, code: Mapping[str, object] | None = None) -> Any:
    """Load a ``.keras`` file without compiling it; ``code`` has custom classes and functions by name.

    Raises:
        RuntimeUnavailableError: Keras does not start.
        ModelCodeError: the file needs code that is not in ``code``.
        DamagedModelError: the file is no Keras model.
    """
    check_archive(path)
    try:
        with importing():
            import keras
    except ImportError as error:
        raise RuntimeUnavailableError("the runtime keras is not available", f"Keras does not start ({error})") from error
    try:
        return keras.saving.load_model(path, custom_objects=code, compile=False)
    except Exception as error:  # of Keras, its backend, h5py and zipfile, and of custom code
        raise _refusal(path, str(error) or type(error).__name__) from error


def _refusal(path: Path, reason: str) -> ModelCodeError | DamagedModelError:
    """Return the error for a file that Keras did not load."""
    if missing := re.search(r"Could not locate (class|function) '([^']+)'", reason):
        return ModelCodeError(
            f"{path} needs the {missing[1]} {missing[2]}, whose code is not in a .keras file",
            f"python -m export {path} --import FILE.py, with the file that defines it",
        )
    if "`Lambda`" in reason and "disallowed" in reason:
        return ModelCodeError(
            f"{path} holds a Lambda layer, and code is not run out of a model's file",
            "replace it by a layer of Keras or a custom class, and save it again",
        )
    return DamagedModelError(f"{path} is no Keras model ({' '.join(reason.split())[:160]})", "train or save it again")


class KerasSession:
    """A Keras model; numpy scales pixels to 0..1 and adds the channel axis."""

    def __init__(self, model: Any, name: str, contract: Contract = DIGITS) -> None:
        takes, gives = (_shapes(getattr(model, ends, None)) for ends in ("inputs", "outputs"))
        flat, deep = contract.takes, (*contract.takes, 1)
        if takes not in ([flat], [deep]) or gives != [contract.gives]:
            raise ContractError(
                f"{name} maps {_described(takes)} to {_described(gives)}, not {flat} or {deep} to {contract.gives}",
                f"export it, which finds and wraps what it takes: python -m export {name}",
            )
        self._model = model
        self._shape = takes[0]
        self._contract = contract

    @property
    def provider(self) -> str:
        """Return Keras' version and its backend."""
        import keras

        return f"keras {keras.__version__} on {keras.backend.backend()}"

    @property
    def threads(self) -> int | None:
        """Return None: the backend decides."""
        return None

    def answers(self, pictures: Pictures) -> Answers:
        """Return the outputs of the contract for its inputs."""
        if len(pictures) == 0:
            return np.empty((0, *self._contract.gives), self._contract.dtype)
        pixels = pictures.reshape(-1, *self._shape).astype(np.float32) / np.float32(255)
        try:
            found = np.asarray(self._model.predict_on_batch(pixels), np.float32)
        except Exception as error:  # of Keras, its backend and custom code
            reason = " ".join(str(error).split())[:160] or type(error).__name__
            raise InferenceError(f"Keras failed on {pictures.shape} ({reason})", "report this model") from error
        return found if self._contract.dtype == "float32" else np.rint(found * 255).astype(self._contract.dtype)


def _shapes(ends: Any) -> list[tuple[int | None, ...]]:
    """Return the shapes without the batch; a subclassed model has no list of its inputs and outputs."""
    return [tuple(end.shape[1:]) for end in ends or ()]


def _described(shapes: list[tuple[int | None, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "a shape that it does not say"


RUNTIME: Runtime = Keras()
