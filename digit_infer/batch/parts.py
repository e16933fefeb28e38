"""A folder of Parquet files that appear whole or not at all, so that a job that was killed can go on.

Rows wait in memory until they become a part: after as long as all parts before it took, within a second and a minute, or at
64 MB. So a kill costs half the time spent at most, and never more than a minute. Daft reads whole files ahead, and larger
ones would take more memory there.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from pathlib import Path
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from digit_infer.errors import UsageError
from digit_infer.files import UNFINISHED, atomic_write, remove_unfinished

_FACTS = b"digit_infer"
_PART_BYTES = 64 << 20
_GROUP_BYTES = 1 << 20
"""Daft holds some seventy row groups of what it reads ahead."""

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
        self._begun = self._closed = monotonic()
        self._waiting: list[pa.Table] = []
        self._taken = ExitStack()

    def add(self, table: pa.Table) -> None:
        """Take rows; they are safe once their part is there."""
        if self.rows == 0:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{UNFINISHED}{os.getpid()}-"  # other processes see it, and keep out
            self._taken.enter_context(NamedTemporaryFile(prefix=name, dir=self.folder))  # noqa: SIM115  # closed by __exit__
        self._waiting.append(table.cast(self._schema))
        self.rows += len(table)
        longest = min(max(self._closed - self._begun, _SHORTEST_S), _LONGEST_S)
        if sum(rows.nbytes for rows in self._waiting) >= _PART_BYTES or monotonic() - self._closed >= longest:
            self._close()

    def _close(self) -> None:
        """Write a part. Ctrl-C may fall between any two lines here, after which this is called again."""
        path = self.folder / f"part-{self._next:06}.parquet"
        if self._waiting and not path.exists():
            rows = pa.concat_tables(self._waiting)
            with atomic_write(path) as temporary:
                size = max(1, len(rows) * _GROUP_BYTES // max(1, rows.nbytes))
                pq.write_table(rows, temporary, row_group_size=size, compression="zstd")
        self._waiting = []
        self._next += 1
        self._closed = monotonic()

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, *_: object) -> None:
        with self._taken:
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
