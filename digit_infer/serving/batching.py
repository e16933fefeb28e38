"""Dynamic batching without delay: requests that arrive during a call form the next batch.

A quick call runs in the event loop, which is faster than a switch to a thread and back, and takes all requests that were
readable in this turn. A longer call runs in the model's own thread: the loop keeps reading, and no two calls of a model use
memory at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
    answer: asyncio.Future[Outputs]
    since: float


@dataclass(frozen=True, eq=False)
class _Called:
    batch: Sequence[_Waiting]
    answers: Sequence[Outputs | Exception]
    began: float
    seconds: float


class Batcher:
    """Calls one model, for one event loop."""

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
        self._busy = False
        """Whether a call is running or scheduled."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"calls {model.spec.name}")

    async def answer(self, inputs: Inputs) -> Outputs:
        """Answer a request, batched with others.

        Raises:
            OverloadedError: the queue is full.
            DigitInferError: the request is invalid, or the runtime failed.
        """
        if len(self._queue) >= self._longest_queue:
            raise OverloadedError(f"{self._longest_queue} requests wait already", "try again later")
        waiting = _Waiting(inputs, self._model.count(inputs), self._loop.create_future(), perf_counter())
        self._queue.append(waiting)
        self._metrics.waiting.inc()
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._next)  # after requests that arrived in the same turn
        try:
            return await waiting.answer
        except asyncio.CancelledError:  # the client has given up
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._metrics.waiting.dec()
            raise

    def close(self) -> None:
        """Wait for the running call, and end the thread."""
        self._thread.shutdown()

    def _next(self) -> None:
        """Make the next call: a quick one here, a longer one in the model's own thread."""
        batch = self._batch()
        self._busy = bool(batch)
        if not batch:  # all have given up
            return
        if sum(waiting.pictures for waiting in batch) > self._model.quick:
            self._loop.run_in_executor(self._thread, self._call, batch).add_done_callback(
                lambda called: self._deliver(called.result())
            )
        else:
            self._deliver(self._call(batch))

    def _batch(self) -> list[_Waiting]:
        """Dequeue the requests that fit into one call."""
        batch: list[_Waiting] = []
        pictures = 0
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

    def _deliver(self, called: _Called) -> None:
        """Give each request its answer, and schedule the next call if requests wait."""
        for waiting, answer in zip(called.batch, called.answers, strict=True):
            _settle(waiting.answer, answer)
        waited = [called.began - waiting.since for waiting in called.batch]
        self._metrics.called(waited, sum(waiting.pictures for waiting in called.batch), called.seconds)
        self._busy = bool(self._queue)
        if self._busy:
            self._loop.call_soon(self._next)


def _settle(future: asyncio.Future[Outputs], answer: Outputs | Exception) -> None:
    if future.done():  # the client has given up
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
