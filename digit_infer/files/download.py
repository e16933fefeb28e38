"""Progress bar of downloads, drawn by rich for ``pooch``."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn


class DownloadProgress:
    """The progress bar interface of ``pooch.HTTPDownloader``, drawn on stderr."""

    def __init__(self, name: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            console=Console(stderr=True),
        )
        self._task = self._progress.add_task(f"downloading {name}", total=None)
        self._total: int | None = None

    @property
    def total(self) -> int | None:
        """Size in bytes; pooch sets it from the server's response."""
        return self._total

    @total.setter
    def total(self, size: int) -> None:
        self._total = size
        self._progress.start()
        self._progress.update(self._task, total=size)

    def update(self, size: int) -> None:
        """Advance by ``size`` bytes."""
        self._progress.advance(self._task, size)

    def reset(self) -> None:
        """Return to zero; pooch calls it before ``close``."""
        self._progress.reset(self._task)

    def close(self) -> None:
        """Stop drawing."""
        self._progress.stop()
