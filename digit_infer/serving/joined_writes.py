"""uvicorn's HTTP, with each response in one piece: it writes head and body apart, and each is a call of the system."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class JoinedWrites(HttpToolsProtocol):
    """Sends what is written in one turn of the event loop at its end."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Write by way of a transport that joins."""
        super().connection_made(_Joining(transport))  # type: ignore[arg-type]  # it does what a transport does


class _Joining:
    """A transport that gathers what is written until the event loop turns; all else is that of the transport below."""

    def __init__(self, below: Any) -> None:
        self._below = below
        self._held: list[bytes] = []
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._below, name)

    def write(self, data: bytes) -> None:
        """Send it with what follows."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(data)

    def close(self) -> None:
        """Close, after what was written is sent."""
        self._send()
        self._below.close()

    def _send(self) -> None:
        if self._held:
            joined, self._held = b"".join(self._held), []
            self._below.write(joined)
