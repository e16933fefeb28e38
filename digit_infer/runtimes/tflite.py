"""LiteRT, formerly TensorFlow Lite: ``ai-edge-litert``, or ``tflite-runtime`` where only that is installed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import CLASSES, SIDE, Format, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, RuntimeUnavailableError, UsageError
from digit_infer.runtimes.installed import installed_version
from digit_infer.runtimes.protocol import Availability, ModelFile, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities


class Tflite:
    """Runs ``.tflite`` files, with the XNNPACK delegate that both packages bring."""

    name: RuntimeName = "tflite"
    format: Format | None = "tflite"

    def availability(self) -> Availability:
        """Say which of the two packages works."""
        try:
            package, _ = _interpreter_class()
        except RuntimeUnavailableError as error:
            return Availability(None, error.advice)
        return Availability(package)

    def open(self, file: ModelFile | None, threads: int | None) -> TfliteSession:
        """Load a ``.tflite`` file."""
        if file is None:
            raise UsageError("tflite needs a model file", "name a model")
        package, interpreter_class = _interpreter_class()
        try:  # from bytes, since LiteRT verifies those, and a damaged file by its path can end the process
            interpreter = interpreter_class(model_content=file.path.read_bytes(), num_threads=threads or 1)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise DamagedModelError(
                f"{file.path} is no model that {package} can load ({' '.join(str(error).split())[:160]})",
                "export or install it again",
            ) from error
        return TfliteSession(interpreter, str(file.path), package, threads or 1)


class TfliteSession:
    """A LiteRT interpreter behind the contract. An interpreter holds its input and output tensors, so calls take turns."""

    def __init__(self, interpreter: Any, name: str, package: str, threads: int) -> None:
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        check_signature(
            name,
            *([(np.dtype(end["dtype"]).name, end["shape_signature"]) for end in ends] for ends in (inputs, outputs)),
        )
        self._interpreter = interpreter
        self._set, self._invoke, self._get = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor
        self._input: int = inputs[0]["index"]
        self._output: int = outputs[0]["index"]
        self._batch = int(inputs[0]["shape"][0])
        self._lock = threading.Lock()
        self._package = package
        self._threads = threads

    @property
    def provider(self) -> str:
        """Return the package and its version."""
        return self._package

    @property
    def threads(self) -> int | None:
        """Return the interpreter's threads."""
        return self._threads

    def probabilities(self, images: Images) -> Probabilities:
        """Answer uint8 [N, 28, 28] by float32 [N, 10]. Another N than last time costs a new plan of the tensors."""
        count = len(images)
        with self._lock:
            try:
                if count != self._batch:
                    if count == 0:
                        return np.empty((0, CLASSES), np.float32)
                    self._interpreter.resize_tensor_input(self._input, (count, SIDE, SIDE))
                    self._interpreter.allocate_tensors()
                    self._batch = count
                self._set(self._input, images)
                self._invoke()
                answer: Probabilities = self._get(self._output)
            except (ValueError, RuntimeError) as error:
                raise InferenceError(f"{self._package} failed on {images.shape} ({error})", "report this model") from error
        return answer


def _interpreter_class() -> tuple[str, Any]:
    """Return the package with its version, and its ``Interpreter``.

    Raises:
        RuntimeUnavailableError: neither package works; the advice is the reason.
    """
    reasons = []
    if (version := installed_version("ai-edge-litert")) is not None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            reasons.append(f"ai-edge-litert {version} does not import ({error})")
        else:
            return f"ai-edge-litert {version}", Interpreter
    if (version := installed_version("tflite-runtime")) is not None:
        if int(np.__version__.partition(".")[0]) >= 2:
            reasons.append(f"tflite-runtime {version} needs numpy 1, not {np.__version__}: pip install digit-infer[tflite]")
        else:
            from tflite_runtime.interpreter import Interpreter as LegacyInterpreter

            return f"tflite-runtime {version}", LegacyInterpreter
    advice = "; ".join(reasons) or "not installed: pip install digit-infer[tflite]"
    raise RuntimeUnavailableError("the runtime tflite is not available", advice)


RUNTIME: Runtime = Tflite()
