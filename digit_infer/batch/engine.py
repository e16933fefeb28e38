"""Daft, on this machine or on a Ray cluster: where pictures come from, what is left of them, and their answers.

Rows have a ``path``, and ``bytes`` where they are packed or in object storage. Local files are listed and opened by us:
Daft's own search drops files beside a pipe without a word, and tells no reason for one that it cannot read.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

os.environ.setdefault("DAFT_ANALYTICS_ENABLED", "0")  # else Daft tells its makers of each import and run
os.environ.setdefault("DAFT_PROGRESS_BAR", "0")  # ours is drawn

import daft
import pyarrow as pa
import pyarrow.parquet as pq
from daft.exceptions import DaftCoreException

from digit_infer.errors import BatchError, DigitInferError, PictureNotFoundError, UsageError, first_line_of
from digit_infer.parallel import in_batches, usable_cpus

PACKED = pa.schema([("path", pa.string()), ("bytes", pa.binary())])
"""The columns of packed pictures."""

_ROWS = 1024
_ROWS_ON_CLUSTER = 256
_BATCH_BYTES = 1 << 20
"""A batch has so many rows, or fewer if their pictures take more bytes: a worker waits for each, and a kill loses it."""

_SAMPLE = 16
_DOWNLOADED = 64
"""Pictures that tell how large the others are, and pictures that are downloaded at a time."""

_LISTED = 65_536
_PER_TASK = 10_000
"""Pictures of a task on a cluster, whose answers come together."""

_TO_CONNECT_S = 10


class Answers(Protocol):
    """What answers a batch, in another process: it is picklable."""

    @property
    def schema(self) -> pa.Schema:
        """The columns of the answers."""

    def __call__(self, pictures: pa.Array) -> pa.StructArray:
        """Answer pictures, each a path, the content of a file, or null."""


def with_path(schema: pa.Schema) -> pa.Schema:
    """Return the columns of answers beside their paths."""
    return pa.schema([PACKED.field("path"), *schema])


def start(address: str | None, workers: int | None) -> int:
    """Choose where the work runs, a Ray cluster or this machine; return how many workers there are.

    Raises:
        BatchError: there is no such cluster, or Ray is not installed.
        UsageError: the cluster has fewer processors than workers are wanted; Daft would wait for them.
    """
    if address is None:
        daft.set_runner_native()
        daft.set_execution_config(scantask_max_parallel=1)  # each reads a whole file ahead
        return workers or usable_cpus()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise BatchError("Ray is not installed", "pip install 'digit-infer[batch-ray]'") from error
    try:
        if ":" in address:  # else Ray tries for minutes
            host, port = address.removeprefix("ray://").rsplit(":", 1)
            socket.create_connection((host, int(port)), _TO_CONNECT_S).close()
        told = {name: os.environ[name] for name in ("DAFT_ANALYTICS_ENABLED", "DAFT_PROGRESS_BAR")}
        ray.init(address=address, log_to_driver=False, runtime_env={"env_vars": told})
    except (OSError, ValueError, RuntimeError) as error:
        raise BatchError(
            f"there is no Ray cluster at {address} ({first_line_of(error, None)})", "start one: ray start --head"
        ) from error
    processors = int(ray.cluster_resources().get("CPU", 0))
    if workers is not None and workers > processors:
        raise UsageError(f"the cluster has {processors} processors for {workers} workers", "take as many or fewer")
    daft.set_runner_ray(noop_if_initialized=True)
    return workers or processors


def listed(paths: Iterable[str], workers: int) -> daft.DataFrame:
    """Return a row for each local file; on a cluster, in tasks for so many workers."""
    chunks = [daft.Series.from_pylist(list(map(_in_utf8, names))) for names in in_batches(iter(paths), _LISTED)]
    names = daft.Series.concat(chunks)
    rows = daft.from_pydict({"path": names})  # pa.array would import pandas, where it is installed: 0.3 s
    return rows.into_partitions(max(len(names) // _PER_TASK, 2 * workers)) if _on_cluster() else rows


def stored(url: str) -> daft.DataFrame:
    """Return a row for each object that a URL's pattern matches, with what is in it, or null if it cannot be read.

    Raises:
        PictureNotFoundError: it matches nothing.
    """
    rows = daft.from_glob_path(url).select("path")
    if next(rows.limit(1).to_arrow_iter(), None) is None:
        raise PictureNotFoundError(f"{url} matches nothing", "correct the pattern, as in s3://bucket/scans/**/*.png")
    return rows.into_batches(_DOWNLOADED).with_column("bytes", daft.col("path").download(on_error="null"))


def packed(word: str) -> daft.DataFrame:
    """Return the rows of Parquet files: a file, a folder, a pattern or a URL.

    Raises:
        PictureNotFoundError: there is none.
        UsageError: it is no Parquet, or lacks a column.
    """
    try:
        files = sorted(str(path) for path in Path(word).glob("[!.]*.parquet"))  # Daft would read unfinished ones as well
        rows = daft.read_parquet(files or word)
    except (FileNotFoundError, DaftCoreException) as error:
        raise PictureNotFoundError(
            f"{word} holds no Parquet that can be read ({first_line_of(error, None)})", "check it"
        ) from error
    types = {field.name: field.dtype for field in rows.schema()}
    for name, wanted in ("path", daft.DataType.string()), ("bytes", daft.DataType.binary()):
        if types.get(name) != wanted:
            raise UsageError(f"{word} has no column {name} of type {wanted}", "make it with --pack, or rename the columns")
    return rows.select("path", "bytes")


def without(rows: daft.DataFrame, parts: list[Path]) -> daft.DataFrame:
    """Return the rows whose ``path`` is in none of the parts.

    Raises:
        UsageError: rows share a path, so that it does not tell which of them is done.
    """
    if not parts:
        return rows
    paths = rows.select("path")
    if count(paths.distinct()) != count(paths):
        raise UsageError("some pictures share their path", "start anew without --resume, or give them different paths")
    done = pa.concat_tables(pq.read_table(path, columns=["path"]) for path in parts)  # here: a cluster may not see them
    return rows.join(daft.from_arrow(done), on="path", how="anti", strategy="broadcast" if _on_cluster() else None)


def count(rows: daft.DataFrame) -> int:
    """Return the number of rows, for which no picture is read."""
    return rows.select("path").count_rows()


def answered(rows: daft.DataFrame, answers: Answers, workers: int) -> Iterator[pa.Table]:
    """Yield the answers beside their paths as they come."""
    pictures = "bytes" if "bytes" in rows.column_names else "path"
    dtype = daft.DataType.from_arrow_type(pa.struct(list(answers.schema)))
    size = _batch_size(rows)

    class Worker:
        """Daft makes one in each of its worker processes, or in each actor of a Ray cluster."""

        def __init__(self, answers: Answers) -> None:
            self._answers = answers

        @daft.method.batch(return_dtype=dtype, batch_size=size, unnest=True)
        def answer(self, pictures: daft.Series) -> pa.StructArray:
            return self._answers(pictures.to_arrow())

    # Threads in one process would wait for one another. Ray reserves a processor for each actor.
    where: dict[str, Any] = {"cpus": 1} if _on_cluster() else {"use_process": True}
    worker = daft.cls(Worker, max_concurrency=workers, **where)(answers)
    return tables(rows.select("path", worker.answer(rows[pictures])))


def contents(rows: daft.DataFrame) -> Iterator[pa.Table]:
    """Yield paths and bytes for packing; bytes are null where a file cannot be read."""
    if "bytes" in rows.column_names:
        yield from tables(rows)
        return
    for table in tables(rows):
        for chunk in table["path"].chunks:
            for paths in in_batches(iter(chunk.to_pylist()), _DOWNLOADED):
                yield pa.table({"path": paths, "bytes": pa.array(map(_content, paths), pa.binary())})


def tables(rows: daft.DataFrame) -> Iterator[pa.Table]:
    """Yield rows as they come, in Arrow tables."""
    for batch in rows.to_arrow_iter():
        yield pa.Table.from_batches([batch])


@contextmanager
def failures() -> Iterator[None]:
    """Raise in one way what the engine raises in many.

    Raises:
        DigitInferError: what a worker raised; a picture that cannot be answered is no error, but a row that says so.
        BatchError: the engine failed.
    """
    try:
        yield
    except OSError:  # the disk is full, for instance, which the command line tells
        raise
    except Exception as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, DigitInferError):
            cause = cause.__cause__
        raise cause or BatchError(
            f"the engine failed ({first_line_of(error, None)})", "go on with --resume; --debug shows more"
        ) from error


def _batch_size(rows: daft.DataFrame) -> int:
    if _on_cluster() and "bytes" not in rows.column_names:  # a limit on rows that were split never ends there
        return _ROWS_ON_CLUSTER
    first = rows.limit(_SAMPLE).to_pydict()
    sizes = [len(content or b"") for content in first["bytes"]] if "bytes" in first else list(map(_size, first["path"]))
    return max(1, min(_ROWS, _BATCH_BYTES * len(sizes) // max(1, sum(sizes))))


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _content(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _in_utf8(path: str) -> str:
    """Return a path that Parquet can hold; the row of a name in no known encoding says that it does not exist."""
    return path if path.isascii() else path.encode(errors="backslashreplace").decode()


def _on_cluster() -> bool:
    return daft.runners.get_or_infer_runner_type() == "ray"
