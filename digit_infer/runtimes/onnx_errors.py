"""What ONNX Runtime raises, and what of it a user should read."""

from __future__ import annotations


def onnx_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions of ONNX Runtime, which share no base class of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return tuple(value for value in vars(state).values() if isinstance(value, type) and issubclass(value, Exception))


def device_errors() -> tuple[type[Exception], ...]:
    """Return those, and what it raises where a device, its driver or its libraries fail."""
    return (RuntimeError, *onnx_errors())


def first_line(error: BaseException) -> str:
    """Return the part of an error that fits into one of ours."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
