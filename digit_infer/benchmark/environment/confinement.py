"""What stands between a process and the machine: limits of control groups, a container, a hypervisor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from digit_infer.benchmark.environment.system_files import ROOT, facts_of, text_of

_CONTAINERS = ("docker", "kubepods", "containerd", "libpod", "lxc", "buildkit")
_UNLIMITED_BYTES = 2**60
"""Version 1 writes "no limit" as the largest multiple of a page that fits into 63 bits."""


def confinement_facts(root: Path = ROOT) -> dict[str, str]:
    """Return facts by name, "" for what cannot be read; ``root`` holds /proc and /sys.

    ``cgroup_cpu_max`` is the tightest limit above this process, as version 2 writes it: µs of processor time in each
    period of so many µs, or max; ``cgroup_memory_max`` is in bytes, or max.
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
    """Yield the folders of the groups that confine this process, from its own up to the root of the hierarchy.

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
    """Return the hypervisor by its name, or "yes" where a processor says only that there is one."""
    if "microsoft" in text_of(root / "proc/sys/kernel/osrelease").lower():
        return "wsl"
    if kind := text_of(root / "sys/hypervisor/type"):
        return kind
    return "yes" if "hypervisor" in facts_of(root / "proc/cpuinfo").get("flags", "").split() else ""
