"""HTTP transport: reads request bodies within limits, and sends each response in one write.

uvicorn alone makes two system calls for head and body.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from digit_infer.errors import RequestTimeoutError, RequestTooLargeError
from digit_infer.serving.protocol import inflated

if TYPE_CHECKING:
    from starlette.types import Receive

    from digit_infer.serving.settings import Settings

    Headers = Mapping[bytes, bytes]
    """Header values by lower-case name."""


class GoneError(ConnectionError):
    """The client disconnected before its request was complete."""


async def read_body(receive: Receive, headers: Headers, settings: Settings) -> bytes:
    """Return the body of a request.

    Raises:
        RequestTooLargeError: it exceeds ``max_body``.
        RequestTimeoutError: it did not arrive within ``body_timeout``.
        InvalidRequestError: its compression is unknown or damaged.
        GoneError: the client disconnected.
    """
    most = settings.max_body
    if int(headers.get(b"content-length", b"0")) > most:  # httptools has checked that it is a number
        raise _too_large(most)
    try:
        async with asyncio.timeout(settings.body_timeout):
            body = await _whole(receive, most)
    except TimeoutError as error:
        raise RequestTimeoutError(
            f"the body did not arrive within {settings.body_timeout:g} s", "send it faster, or in parts"
        ) from error
    encoding = headers.get(b"content-encoding")
    return body if encoding in (None, b"identity") else inflated(body, encoding.decode("latin-1"), most)


async def _whole(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GoneError
        part = message.get("body", b"")
        length += len(part)
        if length > most:
            raise _too_large(most)
        parts.append(part)
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most: int) -> RequestTooLargeError:
    return RequestTooLargeError(f"the body has more than {most} bytes", "send less in a request")


class JoinedWrites(HttpToolsProtocol):
    """Joins what is written in one turn of the event loop into one write."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wrap the transport."""
        super().connection_made(_Joining(transport))  # type: ignore[arg-type]  # duck-typed transport


class _Joining:
    """A transport that buffers writes until the end of the event loop's turn; it delegates all else."""

    def __init__(self, below: Any) -> None:
        self._below = below
        self._held: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)

    def write(self, data: bytes) -> None:
        """Buffer the data."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Flush, then close."""
        self._send()
        self._below.close()

    def _send(self) -> None:
        if self._held:
            joined, self._held = b"".join(self._held), []
            self._below.write(joined)
