"""The environment of a measurement: facts needed to interpret or repeat it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from digit_infer import __version__
from digit_infer.benchmark.hardware import ROOT, confinement_facts, cpu_facts, facts_of, text_of
from digit_infer.runtimes.onnx_gpu import ask_driver
from digit_infer.runtimes.protocol import installed_version

_PACKAGES = (
    "numpy",
    "Pillow",
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
    *("OMP_", "GOMP_", "KMP_", "OPENBLAS_", "MKL_", "BLIS_", "VECLIB_", "GOTO_", "DNNL_", "ONEDNN_"),
    *("ORT_", "TFLITE_", "LITERT_", "XNNPACK_", "XLA_", "KERAS_"),
    *("TF_NUM_", "TF_ENABLE_", "TF_DISABLE_", "TF_XLA_", "TF_GPU_", "TF_FORCE_", "TF_USE_", "TF_ONEDNN_", "TF_MKL_"),
    *("CUDA_", "CUDNN_", "NVIDIA_TF32_OVERRIDE", "NVIDIA_VISIBLE_DEVICES"),
    *("MALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD", "LD_BIND_NOW", "PYTHONMALLOC", "PYTHONOPTIMIZE"),
)
"""Prefixes of variables that change speed. TF_ and NVIDIA_ alone would match Terraform's variables and keys as well."""

_IDENTIFYING_FACTS = (
    *("cpu", "cpu_signature", "cores_visible", "cores_allowed", "cgroup_cpu_max", "gpu"),
    *("container", "virtual_machine", "machine_product"),
)


def environment() -> dict[str, str]:
    """Return facts of the machine by name; those that cannot be read are left out."""
    gpu = ask_driver()
    facts = {
        **cpu_facts(),
        "memory_kb": _memory("MemTotal"),
        "memory_available_kb": _memory("MemAvailable"),
        **confinement_facts(),
        "load_average": " ".join(f"{load:.2f}" for load in os.getloadavg()) if hasattr(os, "getloadavg") else "",
        "clock_source": text_of(ROOT / "sys/devices/system/clocksource/clocksource0/current_clocksource"),
        "gpu": ", ".join(gpu.devices),
        "gpu_driver_cuda": ".".join(map(str, gpu.cuda)) if gpu.devices else "",
        "os": platform.platform(),
        "kernel": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "byte_order": sys.byteorder,
        "digit-infer": __version__,
        "commit": _commit(),
    }
    facts |= {package: installed_version(package) or "" for package in _PACKAGES}
    facts |= {name: value for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)}
    return {name: value for name, value in facts.items() if value}


def machine_identity(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the facts that identify a machine, by name.

    The processor, its visible and allowed cores, memory, GPU, container and hypervisor; memory in whole GiB, since kernels
    reserve a few MB more or less.
    """
    facts = {name: environment[name] for name in _IDENTIFYING_FACTS if name in environment}
    if environment.get("memory_kb", "").isdecimal():
        facts["memory_gib"] = str(round(int(environment["memory_kb"]) / 2**20))
    return facts


def _commit() -> str:
    """Return the commit of the checkout that holds this package, and whether files differ from it; "" in a wheel."""
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


def _memory(name: str) -> str:
    """Return a value of /proc/meminfo in kB; the total memory also where there is no such file."""
    if words := facts_of(ROOT / "proc/meminfo").get(name, "").split():
        return words[0]
    if name == "MemTotal" and "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        return str(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 1024)
    return ""
