"""Requests -> calls of a model, without waiting: what arrived while a call ran goes into the next one.

REST asks from the event loop, gRPC from threads of its own, and whoever comes to an idle model makes the call. A quick
call is made where it is asked for, which is sooner than the way to another thread and back; in the loop it takes what the
sockets held when it looked. A longer call is made in the model's own thread: the loop reads on meanwhile, and the memory
of no two of them adds up.
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
    from digit_infer.serving.metrics import ModelMetrics
    from digit_infer.serving.models import Inputs, Served
    from digit_infer.serving.protocol import Outputs


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
        """Make it, in the event loop's thread.

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
        self._lock = Lock()
        self._busy = False
        """Whether a call runs, or is about to begin; with the queue under the lock."""
        self._loop = asyncio.get_running_loop()
        self._thread = ThreadPoolExecutor(1, f"calls {model.spec.name}")

    async def answer(self, inputs: Inputs) -> Outputs:
        """Answer a request with the others that wait, in the event loop.

        Raises:
            OverloadedError: too many wait already.
            DigitInferError: what is wrong with this request, or that the runtime failed.
        """
        answer: asyncio.Future[Outputs] = self._loop.create_future()
        if self._begins(inputs, answer):
            self._loop.call_soon(self._next)  # after the others that came with it
        return await answer

    def answer_blocking(self, inputs: Inputs) -> Outputs:
        """Answer a request with the others that wait, in another thread than the event loop's.

        Raises:
            OverloadedError: too many wait already.
            DigitInferError: what is wrong with this request, or that the runtime failed.
        """
        answer: Future[Outputs] = Future()
        if self._begins(inputs, answer):
            self._make(self._batch(), in_loop=False)
        return answer.result()

    def close(self) -> None:
        """End the thread; what it does now is done before."""
        self._thread.shutdown()

    def _begins(self, inputs: Inputs, answer: asyncio.Future[Outputs] | Future[Outputs]) -> bool:
        """Let a request wait, and return whether the caller is to make the next call."""
        waiting = _Waiting(inputs, self._model.count(inputs), answer, perf_counter())
        with self._lock:
            if len(self._queue) >= self._longest_queue:
                raise OverloadedError(f"{self._longest_queue} requests wait already", "try again later")
            self._queue.append(waiting)
            begins, self._busy = not self._busy, True
        self._metrics.waiting.inc()
        return begins

    def _goes_on(self) -> bool:
        """Return whether another call is to be made; if not, the next request begins one."""
        with self._lock:
            self._busy = bool(self._queue)
            return self._busy

    def _next(self) -> None:
        """Make the next call, from the event loop."""
        self._make(self._batch(), in_loop=True)

    def _make(self, batch: Sequence[_Waiting], *, in_loop: bool) -> None:
        """Make a call: a quick one here, another in the model's own thread."""
        if sum(waiting.pictures for waiting in batch) > self._model.quick:
            self._thread.submit(self._run, batch, in_loop=False)
        else:
            self._run(batch, in_loop=in_loop)

    def _run(self, batch: Sequence[_Waiting], *, in_loop: bool) -> None:
        self._deliver(self._call(batch), in_loop=in_loop)
        if self._goes_on():
            (self._loop.call_soon if in_loop else self._loop.call_soon_threadsafe)(self._next)

    def _batch(self) -> list[_Waiting]:
        """Return all that waits by now, as far as it goes into a call."""
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
        except Exception as error:  # a runtime's or ours: whoever asked is told, and the next is answered
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
    if future.done():  # whoever asked has gone
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
