"""The body of a request: whole, within its limits, or refused."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from digit_infer.errors import RequestTimeoutError, RequestTooLargeError
from digit_infer.serving.protocol import inflated

if TYPE_CHECKING:
    from starlette.types import Receive

    from digit_infer.serving.settings import Settings

    Headers = Mapping[bytes, bytes]
    """By name, in lower case."""


class GoneError(ConnectionError):
    """The client has gone before its request was whole; there is nobody to be told."""


async def read_body(receive: Receive, headers: Headers, settings: Settings) -> bytes:
    """Return the body of a request.

    Raises:
        RequestTooLargeError: it is longer than the server takes.
        RequestTimeoutError: it does not come in time.
        InvalidRequestError: it is compressed in a way that cannot be read.
        GoneError: the client has gone.
    """
    most = settings.max_body
    if int(headers.get(b"content-length", b"0")) > most:  # the parser has seen that it is a number
        raise _too_large(most)
    try:
        async with asyncio.timeout(settings.body_timeout):
            body = await _whole(receive, most)
    except TimeoutError as error:
        raise RequestTimeoutError(
            f"the body did not come within {settings.body_timeout:g} s", "send it faster, or in parts"
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
