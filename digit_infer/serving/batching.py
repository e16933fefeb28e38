"""Requests -> calls of a model, without waiting: what arrived while a call ran goes into the next one.

A thread for each model calls it, so the doors go on reading meanwhile; a runtime does not hold Python's lock.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
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


class Batcher:
    """Calls one model. ``answer`` belongs to one event loop; the model is called in a thread of its own."""

    def __init__(self, model: Served, metrics: ModelMetrics, most: int, longest_queue: int) -> None:
        """Start the thread.

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
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._work, name=f"calls {model.spec.name}", daemon=True)
        self._thread.start()

    async def answer(self, inputs: Inputs) -> Outputs:
        """Answer a request with the others that wait.

        Raises:
            OverloadedError: too many wait already.
            DigitInferError: what is wrong with this request, or that the runtime failed.
        """
        if self._queue.qsize() >= self._longest_queue:
            raise OverloadedError(
                f"{self._longest_queue} requests to {self._model.spec.name} wait already", "try again later"
            )
        waiting = _Waiting(inputs, self._model.count(inputs), self._loop.create_future(), perf_counter())
        self._queue.put(waiting)
        self._metrics.waiting.inc()
        return await waiting.answer

    def close(self) -> None:
        """Answer what waits, and end the thread."""
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        left: _Waiting | None = None
        while True:
            first = left or self._queue.get()
            if first is None:
                return
            batch, left = self._batch(first)
            began = perf_counter()
            answers = self._call(batch)
            self._count(batch, began, perf_counter())
            self._loop.call_soon_threadsafe(_deliver, batch, answers)

    def _batch(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None]:
        """Return all that waits by now, and the request that was one too many."""
        batch, pictures = [first], first.pictures
        while pictures < self._most:
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                break
            if waiting is None:
                self._queue.put(None)  # to be found again, once the queue is empty
                break
            pictures += waiting.pictures
            if pictures > self._most:
                return batch, waiting
            batch.append(waiting)
        return batch, None

    def _call(self, batch: Sequence[_Waiting]) -> Sequence[Outputs | Exception]:
        try:
            return self._model.answer([waiting.inputs for waiting in batch])
        except (
            Exception
        ) as error:  # a request's fault, a runtime's, or ours: whoever asked is told, and the next is answered
            return [error] * len(batch)

    def _count(self, batch: Sequence[_Waiting], began: float, ended: float) -> None:
        self._metrics.waiting.dec(len(batch))
        for waiting in batch:
            self._metrics.queue_seconds.observe(began - waiting.since)
        self._metrics.call_seconds.observe(ended - began)
        self._metrics.batch_pictures.observe(sum(waiting.pictures for waiting in batch))


def _deliver(batch: Sequence[_Waiting], answers: Sequence[Outputs | Exception]) -> None:
    for waiting, answer in zip(batch, answers, strict=True):
        if waiting.answer.done():  # whoever asked has gone
            continue
        if isinstance(answer, Exception):
            waiting.answer.set_exception(answer)
        else:
            waiting.answer.set_result(answer)
