"""Interpreters of LiteRT that answer several threads at once.

An interpreter holds its input and output tensors, so it answers one call at a time; ``invoke`` lets other threads run
meanwhile. So there is one for each call that is under way, as many as there are processors: with one lock around one
interpreter, two threads would wait for each other beside an idle processor.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer.contract import Contract
from digit_infer.cpus import usable_cpus
from digit_infer.errors import InferenceError

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import Answers, Pictures

    Answer = Callable[[Pictures], Answers]


def answering(first: Any, another: Callable[[], Any] | None, package: str, contract: Contract) -> Answer:
    """Return the call that answers what a contract takes by what it gives; threads may share it.

    Args:
        first: an interpreter with allocated tensors.
        another: makes one more of the same model, when a call finds the others busy; None lets the call wait.
        package: who it is, for messages.
        contract: what the model keeps.
    """
    interpreters = [(threading.Lock(), _asking(first, contract))]
    growing = threading.Lock()
    turns = count(1)
    most = 1 if another is None else usable_cpus()

    def when_all_are_busy(pictures: Pictures) -> Answers:
        """Answer by a new interpreter if there may be one, or wait for one."""
        with growing:
            if another is not None and len(interpreters) < most:
                interpreters.append((threading.Lock(), _asking(another(), contract)))
        lock, ask = interpreters[next(turns) % len(interpreters)]
        with lock:
            return ask(pictures)

    def answers(pictures: Pictures) -> Answers:
        try:
            for lock, ask in interpreters:  # the first that is free: its weights were in the cache last
                if lock.acquire(blocking=False):
                    try:
                        return ask(pictures)
                    finally:
                        lock.release()
            return when_all_are_busy(pictures)
        except (ValueError, RuntimeError) as error:
            raise InferenceError(f"{package} failed on {pictures.shape} ({error})", "report this model") from error

    return answers


def _asking(interpreter: Any, contract: Contract) -> Answer:
    """Return the call of one interpreter, which one thread at a time may make.

    It is a closure since it runs with cold caches, where each attribute that it would look up costs as much as a small
    layer.
    """
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor
    given = interpreter.get_input_details()[0]
    source, target = given["index"], interpreter.get_output_details()[0]["index"]
    planned = int(given["shape"][0])

    def ask(pictures: Pictures) -> Answers:
        """Answer pictures. Another N than last time costs a new plan of the tensors."""
        nonlocal planned
        count = len(pictures)
        if count != planned:
            if count == 0:
                return np.empty((0, *contract.gives), contract.dtype)
            interpreter.resize_tensor_input(source, (count, *contract.takes))
            interpreter.allocate_tensors()
            planned = count
        set_tensor(source, pictures)
        invoke()
        answer: Answers = get_tensor(target)
        return answer

    return ask
