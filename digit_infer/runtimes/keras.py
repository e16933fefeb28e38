"""Keras, the reference that exports are compared with. It needs TensorFlow, JAX or PyTorch; SavedModels need TensorFlow."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import DIGITS, SAVED_MODEL, Contract, Format, Precision, is_saved_model
from digit_infer.errors import (
    ContractError,
    DamagedModelError,
    InferenceError,
    ModelCodeError,
    RuntimeUnavailableError,
    UsageError,
    reason_of,
)
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.adapter import End
from digit_infer.runtimes.keras_file import check_archive, is_hdf5, readable, version_of
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.runtimes.adapter import Bare
    from digit_infer.runtimes.protocol import Answers, Pictures

BACKENDS = {"tensorflow": ("tensorflow", "tensorflow-cpu"), "jax": ("jax",), "torch": ("torch",)}
"""The distributions that each backend of Keras comes in."""


class Keras:
    """Runs the recipes' ``.keras`` files, whose networks take pixels in 0..1, and what users save with Keras 2 or 3."""

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
        """Load a ``.keras`` file of ours."""
        if file is None:
            raise UsageError("keras needs a model file", "name a model")
        self._check(threads)
        return KerasSession(load_network(file.path), str(file.path), file.contract)

    def bare(self, file: ModelFile, threads: int | None) -> Bare:
        """Load a ``.keras`` or ``.h5`` file or a SavedModel as it is."""
        self._check(threads)
        return BareSavedModel(file.path) if is_saved_model(file.path) else BareKeras(load_network(file.path))

    def _check(self, threads: int | None) -> None:
        if threads is not None:
            raise UsageError("keras runs on its backend's own threads", "leave the number of threads out")
        state = self.availability()
        if state.reason is not None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", state.reason)


def load_network(path: Path, code: Mapping[str, object] | None = None) -> Any:
    """Load a ``.keras`` or ``.h5`` file without compiling it; ``code`` has custom classes and functions by name.

    Raises:
        RuntimeUnavailableError: Keras does not start.
        ModelCodeError: the file needs code that is not in ``code``.
        DamagedModelError: the file is no Keras model.
    """
    if not is_hdf5(path):
        check_archive(path)
    try:
        with importing():
            import keras
    except ImportError as error:
        raise RuntimeUnavailableError("the runtime keras is not available", f"Keras does not start ({error})") from error
    try:
        with readable(path) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # how Keras would have one write a network
            return keras.saving.load_model(file, custom_objects=code, compile=False)
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
    version = version_of(path)
    if version and not version.startswith("3."):
        return DamagedModelError(
            f"{path} was written by Keras {version}, and Keras 3 does not load it ({' '.join(reason.split())[:160]})",
            "load it there, and save it as a SavedModel: model.export('FOLDER'), or tf.saved_model.save(model, 'FOLDER')",
        )
    return DamagedModelError(f"{path} is no Keras model ({' '.join(reason.split())[:160]})", "train or save it again")


class BareKeras:
    """A model of a user's own, called as it is."""

    threads: int | None = None

    def __init__(self, model: Any) -> None:
        import keras

        self.provider = f"keras {keras.__version__} on {keras.backend.backend()}"
        self.inputs, self.outputs = (_ends(getattr(model, side, None)) for side in ("inputs", "outputs"))
        self._model = model

    def run(self, values: NDArray[Any], output: int) -> NDArray[Any]:
        """Return an output."""
        import keras

        return np.asarray(keras.tree.flatten(self._model.predict_on_batch(values))[output])


def _ends(ends: Any) -> list[End]:
    if not ends:  # a subclassed model has no list of its inputs and outputs
        return [End("values", "float32", None)]
    return [End(end.name, str(end.dtype), tuple(end.shape)) for end in ends]


_TOUCHES_FILES = ("ReadFile", "WriteFile", "MatchingFiles", "PyFunc", "EagerPyFunc", "PyFuncStateless")
"""Operators that a classifier has no use for."""


class BareSavedModel:
    """A SavedModel of TensorFlow 1 or 2: the first of its functions that takes one array.

    It is loaded as a graph, since TensorFlow 2 would also restore the optimizer, which Keras 3 does not know any more.
    """

    threads: int | None = None

    def __init__(self, path: Path) -> None:
        """Load it.

        Raises:
            DamagedModelError: TensorFlow does not load it, or it would read or write files.
            ContractError: no function of it takes one array.
            RuntimeUnavailableError: TensorFlow does not start.
        """
        content = (path / SAVED_MODEL).read_bytes()
        if touching := [name for name in _TOUCHES_FILES if name.encode() in content]:
            raise DamagedModelError(
                f"{path} would touch files or run code ({', '.join(touching)})", "export it without that"
            )
        try:
            with importing():
                import tensorflow as tf
        except ImportError as error:
            reason = f"a SavedModel needs TensorFlow ({error})"
            raise RuntimeUnavailableError("the runtime keras is not available", reason) from error
        graph = tf.Graph()
        self._session = tf.compat.v1.Session(graph=graph)
        try:
            with graph.as_default():
                functions = dict(tf.compat.v1.saved_model.load(self._session, ["serve"], str(path)).signature_def)
        except Exception as error:  # TensorFlow raises whatever comes
            reason = " ".join(str(error).split())[:160]
            raise DamagedModelError(f"{path} is no SavedModel ({reason})", "save it again") from error
        name = served(functions)
        if name is None:
            told = ", ".join(sorted(functions)) or "none"
            raise ContractError(f"no function of {path} takes one array (it has {told})", "save the classifier alone")
        ends = [*functions[name].inputs.values()], [functions[name].outputs[key] for key in sorted(functions[name].outputs)]
        self.inputs, self.outputs = ([_graph_end(graph.get_tensor_by_name(end.name)) for end in side] for side in ends)
        self.provider = f"tensorflow {tf.__version__}"

    def run(self, values: NDArray[Any], output: int) -> NDArray[Any]:
        """Return an output."""
        answer: NDArray[Any] = self._session.run(self.outputs[output].name, {self.inputs[0].name: values})
        return answer


def served(functions: Mapping[str, Any]) -> str | None:
    """Return the function of a SavedModel that takes one array, and is most likely meant to answer."""
    usual = ("serving_default", "serve", "predict", "infer", "call")
    ranked = sorted(functions, key=lambda name: (usual.index(name) if name in usual else len(usual), name))
    return next((name for name in ranked if len(functions[name].inputs) == 1), None)


def _graph_end(tensor: Any) -> End:
    return End(tensor.name, tensor.dtype.name, None if tensor.shape.rank is None else tuple(tensor.shape.as_list()))


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
            reason = reason_of(error)
            raise InferenceError(f"Keras failed on {pictures.shape} ({reason})", "report this model") from error
        return found if self._contract.dtype == "float32" else np.rint(found * 255).astype(self._contract.dtype)


def _shapes(ends: Any) -> list[tuple[int | None, ...]]:
    """Return the shapes without the batch; a subclassed model has no list of its inputs and outputs."""
    return [tuple(end.shape[1:]) for end in ends or ()]


def _described(shapes: list[tuple[int | None, ...]]) -> str:
    return ", ".join(map(str, shapes)) or "a shape that it does not say"


RUNTIME: Runtime = Keras()
