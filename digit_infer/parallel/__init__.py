"""Batches, threads that keep the order of results, and locks after a fork; worker processes are in ``processes``."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar
from weakref import WeakSet

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")


def allowed_cpus() -> list[int]:
    """Return the numbers of the processors that this process may run on, at least one.

    On Linux ``taskset`` and containers limit them; on macOS and Windows it is every processor.
    """
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def usable_cpus() -> int:
    """Return the number of processors that this process may use."""
    return len(allowed_cpus())


def in_batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``; the last list may be shorter."""
    while batch := list(islice(items, size)):
        yield batch


def in_order(work: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    """Call ``work`` on each item in ``workers`` threads, and yield the results in the order of the items.

    Items are taken in the caller's thread, at most ``workers`` + 1 ahead of the next result, so memory does not grow with
    the number of items. An exception of ``items`` or ``work`` is raised in its place, after the results before it. The
    threads end when the iterator is exhausted, closed or fails.
    """
    if workers == 1:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # slow to import, and not needed for one picture

    pending: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(workers, "digit-infer")
    failure: Exception | None = None
    try:
        while True:
            try:
                pending.append(pool.submit(work, next(items)))
            except StopIteration:
                break
            except Exception as error:  # raised below, after the results of the items before it
                failure = error
                break
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(cancel_futures=True)


class Background(Generic[T]):
    """Runs a call in its own thread.

    ``concurrent.futures`` does the same, but importing it takes longer than the thread saves.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # raised again by result()
            self._error = error

    def result(self) -> T:
        """Wait for the call; return its result or raise its exception."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]


class Inherited(Protocol):
    """An object that must be repaired after a fork: only the calling thread goes on, and a lock of another stays locked."""

    def after_fork(self) -> None:
        """Replace locks that other threads may hold."""


_LIVING: WeakSet[Inherited] = WeakSet()


def tell_after_fork(inherited: Inherited) -> None:
    """Call ``after_fork`` in every forked child while the object is alive."""
    _LIVING.add(inherited)


def _tell() -> None:
    for inherited in list(_LIVING):
        inherited.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_tell)
