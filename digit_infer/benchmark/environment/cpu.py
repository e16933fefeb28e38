"""What the processor is, which part of it this process may use, and how its clock is governed."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from digit_infer.benchmark.environment.system_files import ROOT, facts_of, text_of

FLAGS = (
    *("sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx_vnni_int8"),
    *("avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "amx_fp16"),
    *("asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme", "sme2"),
)
"""Of the instructions that a processor may have, those that kernels of neural networks are written with."""


def cpu_facts(root: Path = ROOT) -> dict[str, str]:
    """Return facts of the processor by name, "" for what cannot be read; ``root`` holds /proc and /sys."""
    info, devices = facts_of(root / "proc/cpuinfo"), root / "sys/devices/system/cpu"
    flags = (info.get("flags") or info.get("Features") or "").split()
    frequency = devices / "cpu0/cpufreq"
    return {
        "cpu": info.get("model name") or info.get("Model") or _sysctl("machdep.cpu.brand_string") or _by_python(),
        "cpu_signature": _signature(info),
        "cpu_flags": " ".join(flag for flag in FLAGS if flag in flags),
        "cores_visible": str(os.cpu_count() or ""),
        "cores_allowed": str(len(allowed)) if (allowed := _affinity()) else "",
        "cpus_allowed": ranges(allowed),
        "smt": {"0": "off", "1": "on"}.get(text_of(devices / "smt/active"), ""),
        "caches": _caches(devices / "cpu0/cache"),
        "governor": text_of(frequency / "scaling_governor"),
        "frequency_driver": text_of(frequency / "scaling_driver"),
        "turbo_off": _turbo_off(devices),
        "frequency_mhz": _frequencies(root),
        "frequency_max_mhz": _mhz(text_of(frequency / "cpuinfo_max_freq")),
    }


def ranges(numbers: Iterable[int]) -> str:
    """Write whole numbers as the kernel does: 0-3,8."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _by_python() -> str:
    return platform.processor() or platform.machine()


def _signature(info: dict[str, str]) -> str:
    """Return what tells processors apart whose name a hypervisor has shortened: vendor, family, model and stepping."""
    x86 = [info.get(name, "") for name in ("vendor_id", "cpu family", "model", "stepping")]
    arm = [info.get(f"CPU {name}", "") for name in ("implementer", "part", "variant", "revision")]
    return next((" ".join(parts) for parts in (x86, arm) if all(parts)), "")


def _caches(folder: Path) -> str:
    found = []
    for index in sorted(folder.glob("index*")):
        level, kind, size, shared = (text_of(index / name) for name in ("level", "type", "size", "shared_cpu_list"))
        if level and size:
            found.append(f"L{level}{'' if kind == 'Unified' else f' {kind.lower()}'} {size} of CPU {shared}")
    return ", ".join(found)


def _turbo_off(devices: Path) -> str:
    """Return 1 where the clock may not rise above its nominal rate, 0 where it may."""
    if off := text_of(devices / "intel_pstate/no_turbo"):
        return off
    return {"0": "1", "1": "0"}.get(text_of(devices / "cpufreq/boost"), "")


def _frequencies(root: Path) -> str:
    """Return what the processors' clocks run at just now, in MHz."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq")
    told = [int(khz) / 1000 for file in files if (khz := text_of(file)).isdecimal()]
    read = told or map(float, re.findall(r"^cpu MHz\s*: ([\d.]+)$", text_of(root / "proc/cpuinfo"), re.MULTILINE))
    clocks = sorted({round(mhz) for mhz in read})
    return " to ".join(str(mhz) for mhz in dict.fromkeys((clocks[0], clocks[-1]))) if clocks else ""


def _mhz(khz: str) -> str:
    return f"{int(khz) / 1000:.0f}" if khz.isdecimal() else ""


def _sysctl(name: str) -> str:
    """Ask macOS."""
    if platform.system() != "Darwin":
        return ""
    try:
        asked = subprocess.run(["/usr/sbin/sysctl", "-n", name], check=True, capture_output=True, text=True)  # noqa: S603  # fixed words
    except (OSError, subprocess.CalledProcessError):
        return ""
    return asked.stdout.strip()
