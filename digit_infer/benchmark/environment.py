"""Where a measurement was made: what a reader needs in order to judge it or to make it again."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from digit_infer import __version__
from digit_infer.runtimes.installed import installed_version
from digit_infer.runtimes.nvidia_driver import ask_driver

_PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "ai-edge-litert",
    "tflite-runtime",
    "tflite-micro",
    "keras",
    "tensorflow",
    "tensorflow-cpu",
)
_VARIABLES = (
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "TF_NUM_INTRAOP_THREADS",
    "TF_ENABLE_ONEDNN_OPTS",
    "MALLOC_ARENA_MAX",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_TF32_OVERRIDE",
)
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimd", "asimddp", "i8mm")


def environment() -> dict[str, str]:
    """Return facts of the machine by name; what cannot be read here is left out."""
    cpu = _cpu_facts()
    gpu = ask_driver()
    facts = {
        "cpu": cpu.get("model name") or platform.processor() or platform.machine(),
        "cpu_flags": " ".join(flag for flag in _FLAGS if flag in (cpu.get("flags") or cpu.get("Features") or "").split()),
        "cores_visible": str(os.cpu_count()),
        "cores_allowed": str(len(os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else "",
        "cgroup_cpu_max": _read("/sys/fs/cgroup/cpu.max"),
        "governor": _read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "turbo_off": _read("/sys/devices/system/cpu/intel_pstate/no_turbo"),
        "load_average": " ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "",
        "memory_kb": _memory(),
        "gpu": ", ".join(gpu.devices),
        "gpu_driver_cuda": ".".join(map(str, gpu.cuda)) if gpu.devices else "",
        "os": platform.platform(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "byte_order": sys.byteorder,
        "digit-infer": __version__,
        "commit": _commit(),
    }
    facts |= {package: installed_version(package) or "" for package in _PACKAGES}
    facts |= {variable: os.environ.get(variable, "") for variable in _VARIABLES}
    return {name: value for name, value in facts.items() if value}


def _commit() -> str:
    """Return the commit of the checkout that holds this package, with a mark if files differ from it; "" in a wheel."""
    checkout = Path(__file__).parents[2]
    if not (checkout / ".git").exists():
        return ""
    git = ["git", "-C", str(checkout)]
    try:
        found = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603  # fixed words
        dirty = subprocess.run([*git, "status", "--porcelain"], check=True, capture_output=True).stdout  # noqa: S603  # as above
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found + (" with changes" if dirty else "")


def _cpu_facts() -> dict[str, str]:
    facts: dict[str, str] = {}
    for line in _read("/proc/cpuinfo").splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts


def _memory() -> str:
    line = next((line for line in _read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "")
    return line.split()[1] if line else ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
