"""The ink network on the runtime of a predictor: loaded when a picture first needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from digit_infer import zoo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from digit_infer.contract import Precision
    from digit_infer.runtimes.protocol import Runtime, Session


class InkNetwork:
    """Marks the ink of handwriting on pictures. Safe to use from several threads."""

    def __init__(self, runtime: Runtime, precision: Precision | None, threads: int | None) -> None:
        """Say where it will run; ``precision`` is that of the classifier: int8 takes int8, all others take float32."""
        self._runtime, self._threads = runtime, threads
        self._precision: Precision = "int8" if precision == "int8" else "float32"
        self._session: Session | None = None
        self._loading = threading.Lock()

    def mark(self, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return how much ink each pixel holds: uint8 [N, 128, 128], grey -> the same, 255 = full of ink.

        Raises:
            ModelError: the network's file is missing or altered.
            InferenceError: the runtime failed.
        """
        session = self._session
        if session is None:
            with self._loading:
                session = self._session = self._session or self._opened()
        ink: NDArray[np.uint8] = session.answers(pictures)
        return ink

    def _opened(self) -> Session:
        file = zoo.ink_file(self._runtime.format, self._precision)
        zoo.verify(file)
        return self._runtime.open(file, self._threads)
