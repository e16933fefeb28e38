"""gRPC's framing over HTTP/2, as pure functions: messages, time limits, status.

A message is a byte that tells whether it is compressed, its length as four bytes, and its content. Trailers hold the status
of a call.
"""

from __future__ import annotations

import re
from enum import IntEnum
from urllib.parse import quote

from digit_infer.errors import InvalidRequestError
from digit_infer.serving.protocol import ENCODINGS, inflated

PREFIX_BYTES = 5

_TIMEOUT = re.compile(rb"(\d{1,8})([HMSmun])")
_SECONDS = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}
_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_MOST_CHARACTERS = 1000
"""Of an error's message: clients accept 8 KiB of headers, and a character takes up to twelve bytes."""


class Code(IntEnum):
    """Status of a call."""

    OK = 0
    CANCELLED = 1
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    RESOURCE_EXHAUSTED = 8
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14


def is_grpc(content_type: bytes) -> bool:
    """Return whether this is the content type of a gRPC request, such as ``application/grpc+proto``."""
    return re.fullmatch(rb"application/grpc([+;].*)?", content_type) is not None


def framed(message: bytes) -> bytes:
    """Return a message with its prefix."""
    return b"\0" + len(message).to_bytes(4, "big") + message


def announced(body: bytes | bytearray) -> int:
    """Return the length that a prefix announces."""
    return int.from_bytes(body[1:PREFIX_BYTES], "big")


def message_of(body: bytearray, encoding: bytes, most: int) -> memoryview | bytes:
    """Return the one message in a request's body, decompressed.

    Raises:
        InvalidRequestError: it is not one whole message, or its compression is damaged.
        UnsupportedError: its compression is unknown.
        RequestTooLargeError: it decompresses to more than ``most`` bytes.
    """
    if len(body) < PREFIX_BYTES or announced(body) != len(body) - PREFIX_BYTES or body[0] > 1:
        raise InvalidRequestError(f"the {len(body)} bytes of the request are not one message", "send one, with its length")
    message = memoryview(body)[PREFIX_BYTES:]
    return inflated(bytes(message), encoding.decode("latin-1"), most) if body[0] else message


def seconds_of(timeout: bytes | None) -> float | None:
    """Return the header ``grpc-timeout`` in seconds, None if it is absent.

    Raises:
        InvalidRequestError: it is malformed.
    """
    if timeout is None:
        return None
    found = _TIMEOUT.fullmatch(timeout)
    if found is None:
        raise InvalidRequestError(f"grpc-timeout is {timeout[:40]!r}", "send up to eight digits and a unit")
    return int(found[1]) * _SECONDS[found[2]]


def trailers(code: Code, message: str = "") -> list[tuple[bytes, bytes]]:
    """Return the trailers of a call."""
    found = [(b"grpc-status", str(code.value).encode())]
    if message:
        found.append((b"grpc-message", quote(message[:_MOST_CHARACTERS], safe=_PLAIN).encode()))
    if code is Code.UNIMPLEMENTED:
        found.append((b"grpc-accept-encoding", ",".join(["identity", *ENCODINGS]).encode()))
    return found
