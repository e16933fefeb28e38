"""A folder of Parquet files that appear whole or not at all, so that a job that was killed can go on.

A part is closed after as long as all parts before it took, within a second and a minute, or at 64 MB: what a kill costs is
half the time spent at most, and never more than a minute. Daft buffers whole files, so larger ones would take more memory.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from digit_infer.errors import UsageError
from digit_infer.files import UNFINISHED, atomic_write, remove_unfinished

_FACTS = b"digit_infer"
_GROUP_BYTES = 8 << 20
_PART_BYTES = 64 << 20
_SHORTEST_S, _LONGEST_S = 1.0, 60.0


class Parts:
    """Writes tables to the next parts of a folder. Also when it is left by an error, the rows so far become a part."""

    def __init__(self, folder: Path, schema: pa.Schema, facts: dict[str, Any], *, resume: bool) -> None:
        """Take the folder. ``facts`` say how the rows came about, and must be those of the parts that are there.

        Raises:
            UsageError: there is something already, and ``resume`` is false or the facts differ, or another process writes.
        """
        self.folder = folder
        self.done = _done(folder, facts, resume=resume)
        self.rows = 0
        self._schema = schema.with_metadata({_FACTS: json.dumps(facts)})
        self._next = 1 + max((int(path.stem.removeprefix("part-")) for path in self.done), default=-1)
        self._begun = self._opened = monotonic()
        self._part = ExitStack()
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._written = 0

    def add(self, table: pa.Table) -> None:
        """Write rows; they are safe once their part is closed."""
        if self._writer is None:
            self._opened, self._written = monotonic(), 0
            path = self._part.enter_context(atomic_write(self.folder / f"part-{self._next:06}.parquet"))
            self._writer = self._part.enter_context(pq.ParquetWriter(path, self._schema, compression="zstd"))
            self._next += 1
        self.rows += len(table)
        self._waiting.append(table.cast(self._schema))
        if sum(waiting.nbytes for waiting in self._waiting) >= _GROUP_BYTES:
            self._write()
        spent = self._opened - self._begun
        if self._written >= _PART_BYTES or monotonic() - self._opened >= min(max(spent, _SHORTEST_S), _LONGEST_S):
            self._close()

    def _write(self) -> None:
        if self._writer is not None and self._waiting:
            rows = pa.concat_tables(self._waiting)
            self._writer.write_table(rows)
            self._written += rows.nbytes
            self._waiting = []

    def _close(self) -> None:
        self._write()
        self._part.close()
        self._writer = None

    def __enter__(self) -> Parts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()


def _done(folder: Path, facts: dict[str, Any], *, resume: bool) -> list[Path]:
    """Return the parts that are there."""
    if not folder.exists():
        return []
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder", "name one, which the Parquet files are put into")
    remove_unfinished(folder)
    if any(folder.glob(f"{UNFINISHED}*")):
        raise UsageError(f"another process writes to {folder}", "wait for it, or name another folder")
    if not resume and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "go on with --resume, or name another folder")
    done = sorted(folder.glob("part-*.parquet"))
    for path in done:
        before = json.loads((pq.read_schema(path).metadata or {}).get(_FACTS, b"null"))
        if before != facts:
            raise UsageError(f"{path} was made otherwise ({_told(before)}; now {_told(facts)})", "use the same options")
    return done


def _told(facts: dict[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in (facts or {"by": "others"}).items())
