"""ONNX Runtime on the CPU: the default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import DamagedModelError, DigitInferError, RuntimeUnavailableError, UsageError, first_line_of
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    import onnxruntime

    from digit_infer.runtimes.onnx_session import BareOnnx, OnnxSession


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

        from digit_infer.runtimes.onnx_session import OnnxSession

        return OnnxSession(self._loaded(file, threads), str(file.path), threads or 1, file.contract)

    def bare(self, file: ModelFile, threads: int | None) -> BareOnnx:
        """Load an ``.onnx`` file as it is."""
        from digit_infer.runtimes.onnx_session import BareOnnx

        return BareOnnx(self._loaded(file, threads), threads or 1)

    def _loaded(self, file: ModelFile, threads: int | None) -> onnxruntime.InferenceSession:
        state = self.availability()
        if state.reason is not None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", state.reason)
        import onnxruntime

        from digit_infer.runtimes.onnx_session import load

        try:
            session = load(file, onnxruntime.SessionOptions(), ["CPUExecutionProvider"], threads or 1)
            session.get_inputs(), session.get_outputs()
        except DigitInferError:
            raise
        except Exception as error:  # a UnicodeDecodeError where a name in the file is damaged
            reason, advice = first_line_of(error, None), "export it again"
            if "External data path" in reason:
                reason, advice = "its weights lie in a file beside it, which is not there", "put that .data file beside it"
            raise DamagedModelError(
                f"{file.path} cannot be run by onnxruntime {state.version} ({reason})", advice
            ) from error
        return session


RUNTIME: Runtime = OnnxCpu()
