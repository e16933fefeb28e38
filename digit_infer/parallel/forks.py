"""What a forked process does with what it inherits: threads do not come along, and a lock that one held stays locked."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Inherited(Protocol):
    """What has to know that it is in a forked process."""

    def after_fork(self) -> None:
        """Give up what other threads may have held."""


_LIVING: WeakSet[Inherited] = WeakSet()


def tell_after_fork(inherited: Inherited) -> None:
    """Call ``after_fork`` in every process that is forked from this one, as long as the object lives."""
    _LIVING.add(inherited)


def _tell() -> None:
    for inherited in list(_LIVING):
        inherited.after_fork()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_tell)
