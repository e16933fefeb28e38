"""What the NVIDIA driver says of the machine's GPUs. It needs no CUDA library, and makes no context on a device."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass

_LIBRARY = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
_NAME_BYTES = 256


@dataclass(frozen=True)
class NvidiaDriver:
    """The names of the CUDA devices in their order, and the newest CUDA that the driver supports, such as (13, 0).

    ``reason`` says why there is no device, and is None where there is one.
    """

    devices: tuple[str, ...] = ()
    cuda: tuple[int, int] = (0, 0)
    reason: str | None = None


def ask_driver() -> NvidiaDriver:
    """Ask the driver for its devices; those that ``CUDA_VISIBLE_DEVICES`` hides do not count."""
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
