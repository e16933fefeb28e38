"""The ink network on a predictor's runtime; loaded on first use."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from digit_infer import zoo
from digit_infer.runtimes.model_file import verify
from digit_infer.runtimes.protocol import answer_in_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from digit_infer.contract import Precision
    from digit_infer.runtimes.protocol import Runtime, Session


_AT_ONCE = 4
"""Pictures per call: more take longer each, as the activations no longer fit the processor's cache."""


class InkNetwork:
    """Marks handwriting on pictures. Thread-safe."""

    def __init__(self, runtime: Runtime, precision: Precision | None, threads: int | None) -> None:
        """Choose the file; ``precision`` is the classifier's: int8 selects int8, all others float32."""
        self._runtime, self._threads = runtime, threads
        self._precision: Precision = "int8" if precision == "int8" else "float32"
        self._session: Session | None = None
        self._loading = threading.Lock()

    def mark(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the ink of pictures: uint8 [N, 128, 128], 0 = black -> uint8 [N, 128, 128], 255 = full of ink.

        Raises:
            ModelError: the network's file is missing or altered.
            RuntimeUnavailableError: the runtime cannot load it.
            InferenceError: the runtime failed.
        """
        if not len(pictures):  # ONNX Runtime 1.24 cannot reshape an empty batch
            return pictures.copy()
        session = self._session
        if session is None:
            with self._loading:
                session = self._session = self._session or self._opened()
        return answer_in_parts(session.answers, pictures, _AT_ONCE)

    def _opened(self) -> Session:
        file = zoo.ink_file(self._runtime.format, self._precision)
        verify(file)
        return self._runtime.open(file, self._threads)
