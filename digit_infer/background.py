"""Does one thing while the program goes on with another."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Background(Generic[T]):
    """Runs a call in a thread of its own; ``result`` waits for it and gives what it returned, or raises what it raised.

    ``concurrent.futures`` does the same, after an import that takes longer than this saves.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._value: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._value.append(self._call())
        except BaseException as error:  # raised again by result()
            self._error = error

    def result(self) -> T:
        """Wait, and answer as the call did."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value[0]
