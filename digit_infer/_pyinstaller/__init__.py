"""Tells PyInstaller, by its entry point ``pyinstaller40``, how an app that uses digit_infer is frozen.

``hook-digit_infer.py`` collects what is imported by name: modules, models and runtimes. ``rthooks.dat`` names a script that
runs in the app before the app does, so that worker processes are what they should be.
"""

from __future__ import annotations

from pathlib import Path


def hook_folders() -> list[str]:
    """Return the folders with hooks."""
    return [str(Path(__file__).parent)]
