"""The environment of a measurement: facts needed to interpret or repeat it.

Those of the processor, control groups, container and hypervisor are in /proc and /sys; elsewhere few are known.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from digit_infer import __version__
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
    frequency, python_knows = devices / "cpu0/cpufreq", platform.processor() or platform.machine()
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ()
    return {
        "cpu": info.get("model name") or info.get("Model") or _sysctl("machdep.cpu.brand_string") or python_knows,
        "cpu_signature": _signature(info),
        "cpu_flags": " ".join(flag for flag in FLAGS if flag in flags),
        "cores_visible": str(os.cpu_count() or ""),
        "cores_allowed": str(len(allowed) or ""),
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
