"""Facts of the processor, control groups, container and hypervisor, from /proc and /sys; elsewhere few are known."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path("/")

FLAGS = (
    *("sse4_2", "avx", "f16c", "fma", "avx2", "avx_vnni", "avx_vnni_int8"),
    *("avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_tile", "amx_int8", "amx_bf16", "amx_fp16"),
    *("asimd", "asimdhp", "asimddp", "i8mm", "bf16", "sve", "sve2", "sme", "sme2"),
)
"""The instruction sets that kernels of neural networks use."""

_CONTAINERS = ("docker", "kubepods", "containerd", "libpod", "lxc", "buildkit")
_UNLIMITED_BYTES = 2**60
"""Version 1 writes "no limit" as the largest multiple of a page that fits into 63 bits."""


def text_of(path: Path) -> str:
    """Return the stripped text of a file, or "" where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \t\r\n")
    except OSError:
        return ""


def facts_of(path: Path) -> dict[str, str]:
    """Return the ``name: value`` lines of a file; of repeated names, the first."""
    facts: dict[str, str] = {}
    for line in text_of(path).splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts


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
    """Write numbers as ranges, as the kernel does: 0-3,8."""
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
    """Return vendor, family, model and stepping, which identify a processor whose name a hypervisor has shortened."""
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
    """Return 1 where turbo is off, 0 where it is on."""
    if off := text_of(devices / "intel_pstate/no_turbo"):
        return off
    return {"0": "1", "1": "0"}.get(text_of(devices / "cpufreq/boost"), "")


def _frequencies(root: Path) -> str:
    """Return the current clock rates of the processors in MHz."""
    files = (root / "sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq")
    told = [int(khz) / 1000 for file in files if (khz := text_of(file)).isdecimal()]
    read = told or map(float, re.findall(r"^cpu MHz\s*: ([\d.]+)$", text_of(root / "proc/cpuinfo"), re.MULTILINE))
    clocks = sorted({round(mhz) for mhz in read})
    return " to ".join(str(mhz) for mhz in dict.fromkeys((clocks[0], clocks[-1]))) if clocks else ""


def _mhz(khz: str) -> str:
    return f"{int(khz) / 1000:.0f}" if khz.isdecimal() else ""


def _sysctl(name: str) -> str:
    """Return a value of macOS's sysctl."""
    if platform.system() != "Darwin":
        return ""
    try:
        asked = subprocess.run(["/usr/sbin/sysctl", "-n", name], check=True, capture_output=True, text=True)  # noqa: S603  # fixed words
    except (OSError, subprocess.CalledProcessError):
        return ""
    return asked.stdout.strip()


def confinement_facts(root: Path = ROOT) -> dict[str, str]:
    """Return facts by name, "" for what cannot be read; ``root`` holds /proc and /sys.

    ``cgroup_cpu_max`` is the tightest limit of this process, as version 2 writes it: µs of processor time, or max, and the
    period in µs. ``cgroup_memory_max`` is in bytes, or max.
    """
    return {
        "cgroup_cpu_max": _tightest_cpu(root),
        "cgroup_memory_max": _tightest_memory(root),
        "container": _container(root),
        "virtual_machine": _virtual_machine(root),
        "machine_product": " ".join(
            filter(None, (text_of(root / "sys/class/dmi/id" / name) for name in ("sys_vendor", "product_name")))
        )
        or text_of(root / "proc/device-tree/model"),
    }


def _tightest_cpu(root: Path) -> str:
    limits: dict[float, str] = {}
    for folder in _groups(root, "cpu"):
        quota, period = text_of(folder / "cpu.cfs_quota_us"), text_of(folder / "cpu.cfs_period_us")
        limit = text_of(folder / "cpu.max") or (f"{quota} {period}" if quota and period else "")
        if words := re.fullmatch(r"(max|-1|\d+) (\d+)", limit):
            free = words[1] in ("max", "-1")
            share = float("inf") if free else int(words[1]) / int(words[2])
            limits.setdefault(share, f"{'max' if free else words[1]} {words[2]}")
    return limits[min(limits)] if limits else ""


def _tightest_memory(root: Path) -> str:
    texts = [
        text_of(folder / "memory.max") or text_of(folder / "memory.limit_in_bytes") for folder in _groups(root, "memory")
    ]
    found = [int(text) for text in texts if text.isdecimal() and int(text) < _UNLIMITED_BYTES]
    return str(min(found)) if found else "max" if any(texts) else ""


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the folders of the control groups of this process, from its own up to the root of the hierarchy.

    A line of /proc/self/cgroup is number:controllers:path, the controllers empty for version 2 (man 7 cgroups). In a
    container the path may be one of the host that does not exist here; then only the root is there.
    """
    for line in text_of(root / "proc/self/cgroup").splitlines():
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and controller not in controllers.split(","):
            continue
        mounts = ("", "unified") if not controllers else (controllers, controller)
        for mount in dict.fromkeys(root / "sys/fs/cgroup" / name for name in mounts):
            group = mount / path.lstrip("/")
            yield from (folder for folder in (group, *group.parents) if folder.is_relative_to(mount) and folder.is_dir())


def _container(root: Path) -> str:
    if named := text_of(root / "run/systemd/container"):
        return named
    for mark, name in ((".dockerenv", "docker"), ("run/.containerenv", "podman")):
        if (root / mark).exists():
            return name
    groups = text_of(root / "proc/1/cgroup")
    return next((name for name in _CONTAINERS if name in groups), "")


def _virtual_machine(root: Path) -> str:
    """Return the name of the hypervisor, or "yes" where the processor only shows that there is one."""
    if "microsoft" in text_of(root / "proc/sys/kernel/osrelease").lower():
        return "wsl"
    if kind := text_of(root / "sys/hypervisor/type"):
        return kind
    return "yes" if "hypervisor" in facts_of(root / "proc/cpuinfo").get("flags", "").split() else ""
