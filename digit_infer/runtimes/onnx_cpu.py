"""ONNX Runtime on the CPU: the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import DamagedModelError, DigitInferError, RuntimeUnavailableError, UsageError
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from digit_infer.runtimes.onnx_session import OnnxSession


class OnnxCpu:
    """Runs ``.onnx`` files on ONNX Runtime's own CPU provider."""

    name: RuntimeName = "onnx-cpu"
    format: Format | None = "onnx"
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Return the version of ONNX Runtime; the GPU package has the CPU provider, too."""
        try:
            with importing():
                import onnxruntime
        except ImportError as error:
            if installed_version("onnxruntime", "onnxruntime-gpu") is None:
                return Availability(None, "not installed: pip install digit-infer[cpu]")
            return Availability(
                None, f"installed, but it does not import ({error}): pip install --force-reinstall onnxruntime"
            )
        if not hasattr(onnxruntime, "InferenceSession"):
            return Availability(
                None,
                "damaged by uninstalling the other: pip uninstall onnxruntime onnxruntime-gpu, then install one of them",
            )
        return Availability(str(onnxruntime.__version__))

    def open(self, file: ModelFile | None, threads: int | None) -> OnnxSession:
        """Load an ``.onnx`` file."""
        if file is None:
            raise UsageError("onnx-cpu needs a model file", "name a model")
        state = self.availability()
        if state.reason is not None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", state.reason)
        import onnxruntime

        from digit_infer.runtimes.onnx_session import OnnxSession, first_line, load

        try:
            session = load(file, onnxruntime.SessionOptions(), ["CPUExecutionProvider"], threads or 1)
            return OnnxSession(session, str(file.path), threads or 1, file.contract)
        except DigitInferError:
            raise
        except Exception as error:  # a UnicodeDecodeError where a name in the file is damaged
            raise DamagedModelError(
                f"{file.path} cannot be run by onnxruntime {state.version} ({first_line(error)})", "export it again"
            ) from error


RUNTIME: Runtime = OnnxCpu()
