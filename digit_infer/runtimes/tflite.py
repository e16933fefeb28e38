"""LiteRT, formerly TensorFlow Lite: ``ai-edge-litert``, or ``tflite-runtime`` where only that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import PRECISIONS, Contract, Format, Precision, check_signature
from digit_infer.errors import DamagedModelError, RuntimeUnavailableError, UsageError
from digit_infer.runtimes.installed import installed_version
from digit_infer.runtimes.interpreters import answering
from digit_infer.runtimes.protocol import Availability, ModelFile, Runtime, RuntimeName

if TYPE_CHECKING:
    from collections.abc import Callable


class Tflite:
    """Runs ``.tflite`` files, with the XNNPACK delegate that both packages bring."""

    name: RuntimeName = "tflite"
    format: Format | None = "tflite"
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

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
        content = file.path.read_bytes()  # since LiteRT verifies bytes, and a damaged file by its path can end the process

        def make() -> Any:
            interpreter = interpreter_class(model_content=content, num_threads=threads or 1)
            interpreter.allocate_tensors()
            return interpreter

        try:
            first = make()
        except (ValueError, RuntimeError) as error:
            raise DamagedModelError(
                f"{file.path} is no model that {package} can load ({' '.join(str(error).split())[:160]})",
                "export or install it again",
            ) from error
        return TfliteSession(first, str(file.path), package, threads or 1, file.contract, make)


class TfliteSession:
    """A model in LiteRT behind the contract: one ``interpreter``, or more by ``another`` where threads ask at once."""

    def __init__(
        self,
        interpreter: Any,
        name: str,
        package: str,
        threads: int,
        contract: Contract,
        another: Callable[[], Any] | None = None,
    ) -> None:
        inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
        check_signature(
            name,
            *([(np.dtype(end["dtype"]).name, end["shape_signature"]) for end in ends] for ends in (inputs, outputs)),
            contract=contract,
        )
        self.interpreter = interpreter
        self.provider = package
        self.threads: int | None = threads
        self.answers = answering(interpreter, another, package, contract)


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
