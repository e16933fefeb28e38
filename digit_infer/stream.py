"""Works on a stream in threads, and gives what they return in the order of the stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")


def in_batches(items: Iterator[T], size: int) -> Iterator[list[T]]:
    """Return the items ``size`` at a time; the last batch may be smaller."""
    while batch := list(islice(items, size)):
        yield batch


def in_order(work: Callable[[T], R], items: Iterator[T], workers: int) -> Iterator[R]:
    """Call ``work`` on each item in ``workers`` threads, and return what it returned in the order of the items.

    Items are taken in the thread that asks for answers, at most ``workers`` + 1 ahead of the answer that is next, so memory
    does not grow with the stream. What the items or the work raise is raised in its place, after the answers before it;
    whatever ends the stream early, the threads end with it.
    """
    if workers == 1:
        yield from map(work, items)
        return
    from concurrent.futures import ThreadPoolExecutor  # an import that one picture can do without

    under_way: deque[Future[R]] = deque()
    pool = ThreadPoolExecutor(workers, "digit-infer")
    failure: Exception | None = None
    try:
        while True:
            try:
                under_way.append(pool.submit(work, next(items)))
            except StopIteration:
                break
            except Exception as error:  # whatever the stream raises, after the answers to what came before it
                failure = error
                break
            if len(under_way) > workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
        if failure is not None:
            raise failure
    finally:
        pool.shutdown(cancel_futures=True)
