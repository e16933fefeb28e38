"""A model in ONNX Runtime on the CPU, called with as little around it as Python allows.

``InferenceSession.run`` makes tensors of its arguments and arrays of its answers at each call. Up to ``LARGEST_BOUND``
images it is cheaper to copy them into an array that the session reads where it lies, and the answer out of one that it
writes; docs/benchmarks.md has both for one picture. Above, copying the images costs as much as it saves. It is the idea of
``bound_session``, without a device's memory, its one lock and its captured graphs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from digit_infer.contract import UINT8, Contract
from digit_infer.errors import InferenceError
from digit_infer.runtimes.onnx_errors import first_line, onnx_errors

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnxruntime

    from digit_infer.runtimes.protocol import Answers, Pictures

LARGEST_BOUND = 32
"""At twice as many nothing is left of the gain on softmax_regression, where copying weighs most."""


class _Bound(NamedTuple):
    """Arrays that a session reads and writes where they lie."""

    pictures: Pictures
    answers: Answers
    binding: onnxruntime.IOBinding


def answering(
    session: onnxruntime.InferenceSession, source: str, target: str, contract: Contract
) -> Callable[[Pictures], Answers]:
    """Return the call that answers what a contract takes by what it gives, an array of its own; threads may share it.

    Each number of images has a stack of bound arrays, from which a call takes one and lays it back: threads never wait for
    one another, and memory is at most 0.5 MB of images of digits, or 17 MB of pictures with their ink, for each thread that
    ever called at the same time as others.

    The call is a closure since it runs with cold caches, where each attribute that it would look up costs as much as a
    small layer.
    """
    stacks: dict[tuple[int, ...], list[_Bound]] = {(count, *contract.takes): [] for count in range(1, LARGEST_BOUND + 1)}
    run_bound = session.run_with_iobinding
    # What Python's `run` does around this is to check names that were checked when the model was loaded, and a fallback
    # that is switched off: together more than all of ours that is left around a large batch.
    run = getattr(session, "_sess", session).run
    targets = [target]

    def answers(pictures: Pictures) -> Answers:
        try:
            answer: Answers
            stack = None
            if len(pictures) <= LARGEST_BOUND and pictures.dtype == UINT8:  # a copy would cast what `run` refuses
                stack = stacks.get(pictures.shape)
            if stack is None:
                answer = run(targets, {source: pictures}, None)[0]
                return answer
            try:
                bound = stack.pop()
            except IndexError:  # the first call with this number, or other threads have them all
                bound = _bind(session, source, target, len(pictures), contract)
            bound.pictures[...] = pictures
            run_bound(bound.binding)
            answer = bound.answers.copy()
            stack.append(bound)
        except onnx_errors() as error:
            raise InferenceError(
                f"ONNX Runtime failed on {pictures.shape} ({first_line(error)})", "report this model"
            ) from error
        return answer

    return answers


def _bind(session: onnxruntime.InferenceSession, source: str, target: str, count: int, contract: Contract) -> _Bound:
    """Allocate arrays for a number of pictures; on the CPU an ``OrtValue`` of an array shares its memory."""
    import onnxruntime

    value_of = onnxruntime.OrtValue.ortvalue_from_numpy
    pictures, answers = np.empty((count, *contract.takes), np.uint8), np.empty((count, *contract.gives), contract.dtype)
    binding = session.io_binding()
    binding.bind_ortvalue_input(source, value_of(pictures))
    binding.bind_ortvalue_output(target, value_of(answers))
    return _Bound(pictures, answers, binding)
