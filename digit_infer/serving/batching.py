"""Requests -> calls of a model, without waiting: what arrived while a call ran goes into the next one.

A quick call is made in the event loop itself, which is sooner than the way to a thread and back: what its sockets held when
it looked goes into one. Longer calls go to a thread of the model's own, so that the doors read on meanwhile.
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
    from digit_infer.serving.metrics import ModelMetrics
    from digit_infer.serving.models import Inputs, Served
    from digit_infer.serving.protocol import Outputs


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
    """Calls one model; it belongs to one event loop."""

    def __init__(self, model: Served, metrics: ModelMetrics, most: int, longest_queue: int) -> None:
        """Make it.

        Args:
            model: what is called.
            metrics: where calls, batches and waiting are counted.
            most: pictures in a call; a request that holds more makes a call of its own.
            longest_queue: requests that may wait.
        """
        self._model = model
        self._metrics = metrics
        self._most = most
        self._longest_queue = longest_queue
        self._queue: deque[_Waiting] = deque()
        self._busy = False
        """Whether a call runs, or is about to begin."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"calls {model.spec.name}")

    async def answer(self, inputs: Inputs) -> Outputs:
        """Answer a request with the others that wait.

        Raises:
            OverloadedError: too many wait already.
            DigitInferError: what is wrong with this request, or that the runtime failed.
        """
        if len(self._queue) >= self._longest_queue:
            raise OverloadedError(f"{self._longest_queue} requests wait already", "try again later")
        waiting = _Waiting(inputs, self._model.count(inputs), self._loop.create_future(), perf_counter())
        self._queue.append(waiting)
        self._metrics.waiting.inc()
        if not self._busy:
            self._busy = True
            self._loop.call_soon(self._next)  # after the others that came with it
        return await waiting.answer

    def close(self) -> None:
        """End the thread; what it does now is done before."""
        self._thread.shutdown()

    def _next(self) -> None:
        """Make the next call, of all that waits by now."""
        batch = self._batch()
        if not batch:
            self._busy = False
        elif sum(waiting.pictures for waiting in batch) <= self._model.quick:
            self._deliver(self._call(batch))
            self._loop.call_soon(self._next)
        else:
            self._loop.run_in_executor(self._thread, self._call, batch).add_done_callback(self._return)

    def _return(self, calling: asyncio.Future[_Called]) -> None:
        """Take over what the thread has called."""
        self._deliver(calling.result())
        self._next()

    def _batch(self) -> list[_Waiting]:
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
        except Exception as error:  # a runtime's or ours: whoever asked is told, and the next is answered
            answers = [error] * len(batch)
        return _Called(batch, answers, began, perf_counter() - began)

    def _deliver(self, called: _Called) -> None:
        waited = [called.began - waiting.since for waiting in called.batch]
        self._metrics.called(waited, sum(waiting.pictures for waiting in called.batch), called.seconds)
        for waiting, answer in zip(called.batch, called.answers, strict=True):
            if waiting.answer.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                waiting.answer.set_exception(answer)
            else:
                waiting.answer.set_result(answer)
