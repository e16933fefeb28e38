"""ONNX Runtime on an NVIDIA GPU, strictly: what CUDA cannot run is an error, never a silent fallback to the CPU.

ONNX Runtime itself falls back without an exception, and lists CUDA as available where there is no GPU. Here the NVIDIA
driver is asked for devices first, without a CUDA library or a context on a device, and the session's placement is checked.
"""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import RuntimeUnavailableError, UsageError
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, installed_version

if TYPE_CHECKING:
    from digit_infer.runtimes.bound_session import BoundSession, Device

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_NAME_BYTES = 256

CUDA = "CUDAExecutionProvider"
_REINSTALL = "pip uninstall onnxruntime onnxruntime-gpu, then pip install digit-infer[gpu]"


@dataclass(frozen=True)
class NvidiaDriver:
    """The names of the CUDA devices in their order, and the newest CUDA that the driver supports, such as (13, 0).

    ``reason`` says why there is no device, and is None where there is one.
    """

    devices: tuple[str, ...] = ()
    cuda: tuple[int, int] = (0, 0)
    reason: str | None = None


def ask_driver() -> NvidiaDriver:
    """Return the driver's devices, without those that ``CUDA_VISIBLE_DEVICES`` hides."""
    try:
        driver = ctypes.CDLL(_LIBRARY)
    except OSError:
        return NvidiaDriver(reason=f"no CUDA device: the NVIDIA driver is not installed ({_LIBRARY} not found)")
    status = driver.cuInit(0)
    if status != 0:
        return NvidiaDriver(reason=f"no CUDA device: the NVIDIA driver does not start (cuInit answered {status})")
    count, version = ctypes.c_int(0), ctypes.c_int(0)
    driver.cuDeviceGetCount(ctypes.byref(count))
    driver.cuDriverGetVersion(ctypes.byref(version))  # 1000 times the major, 10 times the minor
    if count.value == 0:
        return NvidiaDriver(reason="no CUDA device: the NVIDIA driver sees 0")
    names = tuple(_name(driver, number) for number in range(count.value))
    return NvidiaDriver(names, (version.value // 1000, version.value % 1000 // 10))


def _name(driver: ctypes.CDLL, number: int) -> str:
    device, name = ctypes.c_int(0), ctypes.create_string_buffer(_NAME_BYTES)
    driver.cuDeviceGet(ctypes.byref(device), number)
    driver.cuDeviceGetName(name, _NAME_BYTES, device)
    return name.value.decode(errors="replace")


@dataclass(frozen=True)
class OnnxGpu:
    """Runs ``.onnx`` files on CUDA or not at all.

    ``captures``: each number of images, up to 32 of them, is captured as a CUDA graph by its first call and replayed by
    the next ones, which saves the launch of each kernel. It is a runtime of its own, ``onnx-gpu-graph``, so that it can be
    requested and recorded like others, and compared by ``digit-infer bench --runtime onnx-gpu --runtime onnx-gpu-graph``.
    It has not been measured yet, so ``auto`` does not take it.
    """

    name: RuntimeName = "onnx-gpu"
    captures: bool = False
    format: Format | None = "onnx"
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Check the package, its provider and the device, in this order; the first that is missing is the reason."""
        return gpu_availability(CUDA)

    def open(self, file: ModelFile | None, threads: int | None) -> BoundSession:
        """Load an ``.onnx`` file on the first CUDA device.

        Raises:
            RuntimeUnavailableError: no package, no device, or the provider does not load or run a node that matters.
        """
        if file is None:
            raise UsageError(f"{self.name} needs a model file", "name a model")
        device = first_device(self)
        from digit_infer.runtimes.bound_session import open_placed

        providers = [(CUDA, cuda_options(captures=self.captures))]
        return open_placed(self.name, file, providers, device, threads, captures=self.captures)


def gpu_availability(provider: str) -> Availability:
    """Return whether onnxruntime-gpu is installed with a provider, and whether there is a device for it."""
    if installed_version("onnxruntime-gpu") is None:
        return Availability(None, "not installed: pip install digit-infer[gpu] (without [cpu]: they exclude each other)")
    try:
        with importing():
            import onnxruntime
    except ImportError as error:
        return Availability(None, f"onnxruntime-gpu is installed, but does not import ({error})")
    if CUDA not in getattr(onnxruntime, "get_available_providers", list)():
        return Availability(None, f"onnxruntime has overwritten onnxruntime-gpu: {_REINSTALL}")
    version = str(onnxruntime.__version__)
    if provider not in onnxruntime.get_available_providers():
        return Availability(None, f"onnxruntime-gpu {version} comes without the {provider}")
    if not hasattr(onnxruntime.InferenceSession, "get_provider_graph_assignment_info"):
        return Availability(None, f"onnxruntime-gpu {version} does not report where nodes run: install 1.24 or later")
    reason = why_driver_does_not_do(ask_driver(), str(onnxruntime.cuda_version))
    return Availability(version) if reason is None else Availability(None, reason)


def why_driver_does_not_do(driver: NvidiaDriver, cuda_version: str) -> str | None:
    """Return why there is no device for a version of CUDA, such as "13.0"; None where there is one.

    A driver supports every minor version of its CUDA, and earlier versions.
    """
    if driver.reason is not None:
        return driver.reason
    if driver.cuda[0] < int(cuda_version.partition(".")[0] or 0):
        supported = ".".join(map(str, driver.cuda))
        return f"the NVIDIA driver supports CUDA {supported}, and onnxruntime-gpu was built for {cuda_version}: update it"
    return None


def cuda_options(*, captures: bool = False) -> dict[str, str]:
    """Return the options of the CUDA provider: the first device, and full float32 instead of TensorFloat-32."""
    return {"device_id": "0", "use_tf32": "0"} | ({"enable_cuda_graph": "1"} if captures else {})


def first_device(runtime: Runtime) -> Device:
    """Return the first CUDA device, with the CUDA and cuDNN libraries loaded.

    Raises:
        RuntimeUnavailableError: the runtime does not work here.
    """
    state = runtime.availability()
    if state.reason is not None:
        raise RuntimeUnavailableError(f"the runtime {runtime.name} is not available", state.reason)
    import onnxruntime

    from digit_infer.runtimes.bound_session import Device

    onnxruntime.preload_dlls()  # libraries of pip's wheels are not on the loader's path
    return Device("cuda", ask_driver().devices[0])


RUNTIME: Runtime = OnnxGpu()
GRAPH_RUNTIME: Runtime = OnnxGpu("onnx-gpu-graph", captures=True)
