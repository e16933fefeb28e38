"""ONNX Runtime on NVIDIA TensorRT, as strict as ``onnx-gpu``: nodes that TensorRT does not take run on CUDA.

TensorRT builds an engine for a model and a GPU, which takes seconds; it is stored in the user's cache. TensorRT chooses
whether float32 is computed in TensorFloat-32, unless ``NVIDIA_TF32_OVERRIDE=0`` is set; records have that variable.
"""

from __future__ import annotations

import ctypes
import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from digit_infer.contract import PRECISIONS, Format, Precision
from digit_infer.errors import UsageError
from digit_infer.runtimes.model_file import ModelFile, sha256_of
from digit_infer.runtimes.onnx_gpu import CUDA, cuda_options, first_device, gpu_availability
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName

if TYPE_CHECKING:
    from digit_infer.runtimes.bound_session import BoundSession

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


RUNTIME: Runtime = OnnxTensorrt()
