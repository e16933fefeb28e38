"""ONNX Runtime on an NVIDIA GPU, strictly: what CUDA cannot run is an error, never a quiet return to the CPU.

ONNX Runtime itself falls back without an exception, and lists CUDA as available where there is no GPU. Here the driver is
asked first, the session is told to refuse the fallback, and the provider is read from the session that was made.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import RuntimeUnavailableError, UsageError
from digit_infer.runtimes.installed import installed_version
from digit_infer.runtimes.protocol import Availability, ModelFile, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.runtimes.onnx_session import OnnxSession

PROVIDER = "CUDAExecutionProvider"


class OnnxGpu:
    """Runs ``.onnx`` files on CUDA or not at all."""

    name: RuntimeName = "onnx-gpu"
    format: Format | None = "onnx"
    precisions: tuple[Precision, ...] = PRECISIONS

    def availability(self) -> Availability:
        """Ask for the package, for the provider in it, and for a device, in this order: the first lack is the reason."""
        if installed_version("onnxruntime-gpu") is None:
            return Availability(
                None, "not installed: pip install digit-infer[gpu] (without [cpu]: they exclude each other)"
            )
        try:
            import onnxruntime
        except ImportError as error:
            return Availability(None, f"onnxruntime-gpu is installed, but does not import ({error})")
        if PROVIDER not in getattr(onnxruntime, "get_available_providers", list)():
            return Availability(
                None,
                "onnxruntime has overwritten onnxruntime-gpu: pip uninstall onnxruntime onnxruntime-gpu,"
                " then pip install digit-infer[gpu]",
            )
        reason = why_no_cuda_device()
        return Availability(str(onnxruntime.__version__)) if reason is None else Availability(None, reason)

    def open(self, file: ModelFile | None, threads: int | None) -> OnnxSession:
        """Load an ``.onnx`` file on the first CUDA device.

        Raises:
            RuntimeUnavailableError: no package, no device, or the provider refused to load or to run every node.
        """
        if file is None:
            raise UsageError("onnx-gpu needs a model file", "name a model")
        state = self.availability()
        if state.reason is not None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", state.reason)
        import onnxruntime

        from digit_infer.runtimes.onnx_session import create, first_line, onnx_errors

        onnxruntime.preload_dlls()  # the CUDA and cuDNN wheels are not on the loader's path
        options = onnxruntime.SessionOptions()
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        try:
            session = create(file, options, [PROVIDER], threads or 1)
        except onnx_errors() as error:
            raise RuntimeUnavailableError(
                f"the runtime {self.name} is not available: provider refused to load ({first_line(error)})",
                "check that the driver supports CUDA 13 and that digit-infer[gpu] brought its libraries",
            ) from error
        if session.provider != PROVIDER:
            raise RuntimeUnavailableError(
                f"the runtime {self.name} is not available: the session runs on {session.provider}, not on CUDA",
                "use --runtime onnx-cpu if that is what you want",
            )
        return session


def why_no_cuda_device() -> str | None:
    """Ask the NVIDIA driver for devices; return None where there is one, else the reason."""
    library = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    try:
        driver = ctypes.CDLL(library)
    except OSError:
        return f"no CUDA device: the NVIDIA driver is not installed ({library} not found)"
    status = driver.cuInit(0)
    if status != 0:
        return f"no CUDA device: the NVIDIA driver does not start (cuInit answered {status})"
    count = ctypes.c_int(0)
    status = driver.cuDeviceGetCount(ctypes.byref(count))
    if status != 0 or count.value == 0:
        return f"no CUDA device: the NVIDIA driver sees {count.value}"
    return None


RUNTIME: Runtime = OnnxGpu()
