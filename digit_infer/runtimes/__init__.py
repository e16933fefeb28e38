"""The table of runtimes. A runtime's module is imported when it is first looked up, the library behind it later still."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from digit_infer.errors import UnknownRuntimeError
from digit_infer.runtimes.protocol import RUNTIME_NAMES, Runtime, RuntimeName


class _Table(Mapping[RuntimeName, Runtime]):
    """Finds the runtime ``onnx-cpu`` as ``RUNTIME`` in ``digit_infer.runtimes.onnx_cpu``, and the others likewise."""

    def __getitem__(self, name: RuntimeName) -> Runtime:
        if name not in RUNTIME_NAMES:
            raise KeyError(name)
        runtime: Runtime = import_module(f"{__name__}.{name.replace('-', '_')}").RUNTIME
        return runtime

    def __iter__(self) -> Iterator[RuntimeName]:
        return iter(RUNTIME_NAMES)

    def __len__(self) -> int:
        return len(RUNTIME_NAMES)


RUNTIMES: Mapping[RuntimeName, Runtime] = _Table()


def runtime_named(name: str) -> Runtime:
    """Return a runtime by its name.

    Raises:
        UnknownRuntimeError: there is none of that name.
    """
    for known in RUNTIME_NAMES:
        if known == name:
            return RUNTIMES[known]
    raise UnknownRuntimeError(f"there is no runtime {name!r}", f"choose from {', '.join(RUNTIME_NAMES)} or auto")
