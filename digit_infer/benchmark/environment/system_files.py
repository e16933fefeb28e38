"""What Linux tells in small files of /proc and /sys; elsewhere there are none, and nothing is told."""

from __future__ import annotations

from pathlib import Path

ROOT = Path("/")


def text_of(path: Path) -> str:
    """Return the text of a file without the space around it, or "" where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip("\0 \t\r\n")
    except OSError:
        return ""


def facts_of(path: Path) -> dict[str, str]:
    """Return the ``name: value`` lines of a file; of a name that stands there again, the first."""
    facts: dict[str, str] = {}
    for line in text_of(path).splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    return facts
