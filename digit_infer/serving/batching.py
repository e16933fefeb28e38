"""Dynamic batching without delay: requests that arrive during a call form the next batch.

REST submits from the event loop, gRPC from its threads; whoever finds the model idle makes the call. A quick call runs in
the calling thread, which is faster than a switch to another and back; in the event loop it takes all requests that were
readable in this turn. A longer call runs in the model's own thread: the loop keeps reading, and no two calls of a model
use memory at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING

from digit_infer.errors import OverloadedError

if TYPE_CHECKING:
    from digit_infer.serving.models import Inputs, Served
    from digit_infer.serving.protocol import Outputs
    from digit_infer.serving.telemetry import ModelMetrics


@dataclass(frozen=True, eq=False)
class _Waiting:
    inputs: Inputs
    pictures: int
    answer: asyncio.Future[Outputs] | Future[Outputs]
    since: float


@dataclass(frozen=True, eq=False)
class _Called:
    batch: Sequence[_Waiting]
    answers: Sequence[Outputs | Exception]
    began: float
    seconds: float


class Batcher:
    """Calls one model, for one event loop and any threads."""

    def __init__(self, model: Served, metrics: ModelMetrics, most: int, longest_queue: int) -> None:
        """Create it in the event loop's thread.

        Args:
            model: the model to call.
            metrics: counters for calls, batches and waiting.
            most: pictures per call; a larger request is a call of its own.
            longest_queue: requests that may wait.
        """
        self._model = model
        self._metrics = metrics
        self._most = most
        self._longest_queue = longest_queue
        self._queue: deque[_Waiting] = deque()
        self._lock = Lock()
        self._busy = False
        """Whether a call is running or scheduled; guarded by the lock, like the queue."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"calls {model.spec.name}")

    async def answer(self, inputs: Inputs) -> Outputs:
        """Answer a request, batched with others; for the event loop.

        Raises:
            OverloadedError: the queue is full.
            DigitInferError: the request is invalid, or the runtime failed.
        """
        answer: asyncio.Future[Outputs] = self._loop.create_future()
        if self._begins(inputs, answer):
            self._loop.call_soon(self._next)  # after requests that arrived in the same turn
        return await answer

    def answer_blocking(self, inputs: Inputs) -> Outputs:
        """Answer a request, batched with others; for any thread but the event loop's.

        Raises:
            OverloadedError: the queue is full.
            DigitInferError: the request is invalid, or the runtime failed.
        """
        answer: Future[Outputs] = Future()
        if self._begins(inputs, answer):
            self._make(self._batch(), in_loop=False)
        return answer.result()

    def close(self) -> None:
        """Wait for the running call, and end the thread."""
        self._thread.shutdown()

    def _begins(self, inputs: Inputs, answer: asyncio.Future[Outputs] | Future[Outputs]) -> bool:
        """Queue a request, and return whether the caller must make the next call."""
        waiting = _Waiting(inputs, self._model.count(inputs), answer, perf_counter())
        with self._lock:
            if len(self._queue) >= self._longest_queue:
                raise OverloadedError(f"{self._longest_queue} requests wait already", "try again later")
            self._queue.append(waiting)
            begins, self._busy = not self._busy, True
        self._metrics.waiting.inc()
        return begins

    def _goes_on(self) -> bool:
        """Return whether requests are queued; if not, the next request makes the call."""
        with self._lock:
            self._busy = bool(self._queue)
            return self._busy

    def _next(self) -> None:
        """Make the next call, from the event loop."""
        self._make(self._batch(), in_loop=True)

    def _make(self, batch: Sequence[_Waiting], *, in_loop: bool) -> None:
        """Make a quick call here, a longer one in the model's own thread."""
        if sum(waiting.pictures for waiting in batch) > self._model.quick:
            self._thread.submit(self._run, batch, in_loop=False)
        else:
            self._run(batch, in_loop=in_loop)

    def _run(self, batch: Sequence[_Waiting], *, in_loop: bool) -> None:
        self._deliver(self._call(batch), in_loop=in_loop)
        if self._goes_on():
            (self._loop.call_soon if in_loop else self._loop.call_soon_threadsafe)(self._next)

    def _batch(self) -> list[_Waiting]:
        """Dequeue the requests that fit into one call."""
        batch: list[_Waiting] = []
        pictures = 0
        with self._lock:
            while self._queue and (not batch or pictures + self._queue[0].pictures <= self._most):
                batch.append(self._queue.popleft())
                pictures += batch[-1].pictures
        return batch

    def _call(self, batch: Sequence[_Waiting]) -> _Called:
        began = perf_counter()
        try:
            answers: Sequence[Outputs | Exception] = self._model.answer([waiting.inputs for waiting in batch])
        except Exception as error:  # any error goes to the clients; the next batch is still answered
            answers = [error] * len(batch)
        return _Called(batch, answers, began, perf_counter() - began)

    def _deliver(self, called: _Called, *, in_loop: bool) -> None:
        for waiting, answer in zip(called.batch, called.answers, strict=True):
            if in_loop or isinstance(waiting.answer, Future):
                _settle(waiting.answer, answer)
            else:
                self._loop.call_soon_threadsafe(_settle, waiting.answer, answer)
        waited = [called.began - waiting.since for waiting in called.batch]
        self._metrics.called(waited, sum(waiting.pictures for waiting in called.batch), called.seconds)


def _settle(future: asyncio.Future[Outputs] | Future[Outputs], answer: Outputs | Exception) -> None:
    if future.done():  # the client disconnected
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
