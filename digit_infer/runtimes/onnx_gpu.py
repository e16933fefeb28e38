"""ONNX Runtime on an NVIDIA GPU, by CUDA or TensorRT: what they cannot run is an error, never a silent fallback to the CPU.

ONNX Runtime itself falls back without an exception, and lists CUDA as available where there is no GPU. Here the NVIDIA
driver is asked for devices first, without a CUDA library or a context on a device, and the session's placement is checked.

TensorRT leaves nodes that it does not take to CUDA. It builds an engine for a model and a GPU, which takes seconds; it is
stored in the user's cache. It chooses whether float32 is computed in TensorFloat-32, unless ``NVIDIA_TF32_OVERRIDE=0`` is
set; records have that variable.
"""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import RuntimeUnavailableError, UsageError
from digit_infer.parallel.interrupts import importing
from digit_infer.runtimes.model_file import ModelFile, sha256_of
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


TENSORRT = "TensorrtExecutionProvider"
_LIBRARIES = (
    ("nvinfer_10.dll", "nvonnxparser_10.dll") if sys.platform == "win32" else ("libnvinfer.so.10", "libnvonnxparser.so.10")
)
_TYPICAL_BATCH = 32


class OnnxTensorrt:
    """Runs ``.onnx`` files on TensorRT, with CUDA for nodes that TensorRT does not take."""

    name: RuntimeName = "onnx-tensorrt"
    format: Format | None = "onnx"
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Check the package, the provider, the device, and TensorRT, which is not part of the package."""
        state = gpu_availability(TENSORRT)
        if state.reason is not None:
            return state
        reason = why_no_tensorrt()
        return state if reason is None else Availability(None, reason)

    def open(self, file: ModelFile | None, threads: int | None) -> BoundSession:
        """Load an ``.onnx`` file on the first CUDA device; the first time, build an engine for it.

        Raises:
            RuntimeUnavailableError: no package, no TensorRT, no device, or a provider does not load or run a node that
                matters.
        """
        if file is None:
            raise UsageError(f"{self.name} needs a model file", "name a model")
        device = first_device(self)
        from digit_infer.runtimes.bound_session import open_placed

        folder = engine_folder(file)
        folder.mkdir(parents=True, exist_ok=True)
        providers = [(TENSORRT, tensorrt_options(file, folder)), (CUDA, cuda_options())]
        return open_placed(self.name, file, providers, device, threads)


def why_no_tensorrt() -> str | None:
    """Load TensorRT 10 from its wheel or from the system; return None where that works, else the reason."""
    try:
        for library in _LIBRARIES:
            _load(library)
    except OSError as error:
        return f'TensorRT does not load ({error}): pip install "tensorrt-cu13-libs<11"'
    return None


def _load(library: str) -> None:
    """Load a library into the process, so that the provider finds it by its name."""
    wheel = find_spec("tensorrt_libs")
    folders = [] if wheel is None else wheel.submodule_search_locations or []
    inside = [path for folder in folders if (path := Path(folder, library)).exists()]
    ctypes.CDLL(str(inside[0]) if inside else library)


def tensorrt_options(file: ModelFile, folder: Path) -> dict[str, str]:
    """Return the options of the TensorRT provider for a file: one engine for every N, stored in a folder.

    Half precision is only for a float16 file.

    Raises:
        DamagedModelError: the file is no ONNX model.
        ContractError: it does not have the contract's input and output.
    """
    import onnxruntime

    from digit_infer.runtimes.bound_session import LARGEST_BATCH
    from digit_infer.runtimes.onnx_session import ends, load

    on_cpu = load(file, onnxruntime.SessionOptions(), ["CPUExecutionProvider"], 1)
    source, _ = ends(on_cpu, str(file.path), file.contract)  # TensorRT needs the name before its session exists
    shape = "x".join(map(str, file.contract.takes))
    least, typical, most = (f"{source}:{count}x{shape}" for count in (1, _TYPICAL_BATCH, LARGEST_BATCH))
    return {
        "device_id": "0",
        "trt_fp16_enable": "1" if file.precision == "float16" else "0",
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(folder),
        "trt_profile_min_shapes": least,
        "trt_profile_opt_shapes": typical,
        "trt_profile_max_shapes": most,
    }


def engine_folder(file: ModelFile) -> Path:
    """Return the folder of a file's engines in the user's cache, named by the file's sha256.

    ONNX Runtime names an engine by the model's file name and nodes, the versions and the GPU, but not by the weights: in a
    shared folder, a retrained model would run on the engine of the old weights.
    """
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    cache = Path(base) if base else Path.home() / ".cache"
    return cache / "digit_infer" / "tensorrt" / sha256_of(file.path)


TENSORRT_RUNTIME: Runtime = OnnxTensorrt()
