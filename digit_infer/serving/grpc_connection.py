"""One client's HTTP/2 connection as an asyncio protocol: collects the request of each call, and sends its answer.

zttp implements HTTP/2. Against floods it ends a connection with its 4,096th stream or 256th reset, however slow they come.
So each connection is retired earlier: GOAWAY makes the client open another, and the calls of this one end first. Clients do
so without an error; it is also how a server stops.
"""

from __future__ import annotations

import asyncio
import socket
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import zttp

from digit_infer.errors import DigitInferError, InvalidRequestError, RequestTimeoutError, RequestTooLargeError
from digit_infer.serving.grpc_wire import Code, announced, framed, is_grpc, message_of, seconds_of, trailers
from digit_infer.serving.telemetry import write_event

if TYPE_CHECKING:
    from digit_infer.serving.settings import Settings

_MOST_STREAMS = 2048
_MOST_RESETS = 128
"""Half of what zttp 0.0.35 allows; a client uses the rest until it has read the GOAWAY."""

_LINGER_S = 1.0
"""Seconds after its last call in which the client may close a retired connection, or send what it had begun to."""

_ROOM = 64 << 10
"""Bytes of a message besides its tensors."""

_NO_ERROR = 0
_ANY_STREAM = 2**31 - 1
"""In GOAWAY: streams that the client opens before it reads it are answered as well."""

_HEAD = [(b"content-type", b"application/grpc")]
_OK = trailers(Code.OK)


class Service(Protocol):
    """What answers calls."""

    def begin(self, call: Call) -> None:
        """Count a call that begins.

        Raises:
            OverloadedError: too many are in progress.
        """

    async def answer(self, call: Call) -> None:
        """Answer a call whose request is complete, by ``call.send`` or ``refuse``."""

    def refuse(self, call: Call, error: Exception) -> None:
        """End a call with an error."""

    def gone(self, call: Call) -> None:
        """Count a call whose client does not wait for the answer."""


class Call:
    """A call in progress."""

    def __init__(self, connection: Connection, stream: int, path: str, encoding: bytes) -> None:
        self.path = path
        """``/package.Service/Method``."""
        self.client = connection.client
        self.model = ""
        """The model that it asks; empty until it is known, or if there is none of this name."""
        self.began = perf_counter()
        self.stream = stream
        self.timeout: float | None = None
        self.body = bytearray()
        self.timer: asyncio.TimerHandle | None = None
        self.task: asyncio.Task[None] | None = None
        self._encoding = encoding
        self._connection = connection

    def message(self) -> memoryview | bytes:
        """Return the request's message.

        Raises:
            InvalidRequestError: it is malformed.
            RequestTooLargeError: it decompresses to too many bytes.
        """
        return message_of(self.body, self._encoding, self._connection.most)

    def send(self, message: bytes) -> None:
        """Send the answer."""
        self._connection.send(self, message)

    def fail(self, code: Code, message: str) -> None:
        """Send an error."""
        self._connection.fail(self, code, message)


class Connection(asyncio.Protocol):
    """The connection of one client, until it is closed; ``opened`` holds all that are open."""

    def __init__(self, service: Service, settings: Settings, opened: set[Connection]) -> None:
        self.client = ""
        self.most = settings.max_body + _ROOM
        self._service = service
        self._settings = settings
        self._opened = opened
        self._loop = asyncio.get_running_loop()
        self._http2: zttp.H2Connection = zttp.Connection(zttp.SERVER, zttp.HTTP2)
        self._transport: Any = None
        self._calls: dict[int, Call] = {}
        self._streams = self._resets = 0
        self._retired = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the server's settings."""
        self._transport = transport
        self.client = str((transport.get_extra_info("peername") or ("",))[0])
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._opened.add(self)
        self._http2.initiate_connection()
        self._flush()

    def connection_lost(self, _: Exception | None) -> None:
        """Cancel the calls."""
        self._opened.discard(self)
        for call in list(self._calls.values()):
            self._drop(call)

    def pause_writing(self) -> None:
        """Read no more requests from a client that does not read its answers."""
        self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Read on."""
        self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Take frames from the client."""
        try:
            self._http2.receive_data(data)
            while (event := self._http2.next_event()) is not zttp.NEED_DATA:
                self._take(event)
        except zttp.RemoteProtocolError as error:
            write_event("invalid_frame", door="grpc", message=str(error), client=self.client)
            self._flush()
            self._transport.close()
            return
        self._flush()
        if self._streams >= _MOST_STREAMS or self._resets >= _MOST_RESETS:
            self.retire()

    def retire(self) -> None:
        """Tell the client to open another connection; calls in progress go on."""
        if not self._retired:
            self._retired = True
            self._http2.close(_NO_ERROR, _ANY_STREAM)
            self._flush()
            self._linger()

    def abort(self) -> None:
        """Close it at once."""
        self._transport.abort()

    def send(self, call: Call, message: bytes) -> None:
        """Answer a call."""
        stream = self._http2.stream(call.stream)
        stream.send_response(200, _HEAD)
        stream.send_data(framed(message))
        stream.end_message(_OK)
        self._ended(call)

    def fail(self, call: Call, code: Code, message: str) -> None:
        """Answer a call with an error."""
        if call.task is not None and call.task is not asyncio.current_task():
            call.task.cancel()
        self._reject(call.stream, 200, [*_HEAD, *trailers(code, message)], whole=call.task is not None)
        self._ended(call)

    def _take(self, event: zttp.Event) -> None:
        match event:
            case zttp.Request():
                self._begin(event)
            case zttp.Data():
                if (call := self._calls.get(event.stream_id)) is not None:
                    self._receive(call, event.data)
            case zttp.EndOfMessage():
                if (call := self._calls.get(event.stream_id)) is not None:
                    self._complete(call)
            case zttp.RstStream():
                self._resets += 1
                if (call := self._calls.get(event.stream_id)) is not None:
                    self._drop(call)

    def _begin(self, event: zttp.Request) -> None:
        self._streams += 1
        headers = dict(iter(event.headers))
        if event.method != b"POST" or not is_grpc(headers.get(b"content-type", b"")):
            self._reject(event.stream_id, 415, [], whole=event.end_stream)
            return
        call = Call(self, event.stream_id, event.path.decode("latin-1"), headers.get(b"grpc-encoding", b"identity"))
        self._calls[call.stream] = call
        try:
            self._service.begin(call)
            call.timeout = seconds_of(headers.get(b"grpc-timeout"))
            if event.end_stream:
                raise InvalidRequestError("the request has no message", "send one")
        except DigitInferError as error:
            self._service.refuse(call, error)
            return
        limit = self._settings.body_timeout
        call.timer = self._loop.call_later(limit if call.timeout is None else min(call.timeout, limit), self._late, call)

    def _receive(self, call: Call, data: bytes) -> None:
        call.body += data
        if max(len(call.body), announced(call.body)) > self.most:
            error = RequestTooLargeError(f"the request has more than {self.most} bytes", "send less in a request")
            self._service.refuse(call, error)

    def _complete(self, call: Call) -> None:
        if call.timer is not None:
            call.timer.cancel()
        if call.timeout is not None:
            left = call.began + call.timeout - perf_counter()
            call.timer = self._loop.call_later(left, self._late, call)
        call.task = self._loop.create_task(self._service.answer(call))

    def _late(self, call: Call) -> None:
        limit = self._settings.body_timeout
        if call.timeout is not None and (call.task is not None or call.timeout < limit):
            error = RequestTimeoutError(f"the call did not end within {call.timeout:g} s", "allow it more time")
        else:
            error = RequestTimeoutError(f"the request did not arrive within {limit:g} s", "send it faster, or in parts")
        self._service.refuse(call, error)

    def _drop(self, call: Call) -> None:
        if call.task is not None:
            call.task.cancel()
        self._service.gone(call)
        self._ended(call)

    def _ended(self, call: Call) -> None:
        del self._calls[call.stream]
        if call.timer is not None:
            call.timer.cancel()
        self._flush()
        if self._retired and not self._calls:
            self._linger()

    def _reject(self, number: int, status: int, headers: list[tuple[bytes, bytes]], *, whole: bool) -> None:
        """Answer a stream by headers alone; if its request is not whole yet, the client need not send the rest."""
        stream = self._http2.stream(number)
        stream.send_response(status, headers, end_stream=True)
        if not whole:
            stream.reset(_NO_ERROR)

    def _flush(self) -> None:
        if data := self._http2.data_to_send():
            self._transport.write(data)

    def _linger(self) -> None:
        self._loop.call_later(_LINGER_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self._http2.has_pending_send() and self in self._opened:  # the client has not read an answer yet
            self._linger()
        elif not self._calls:
            self._transport.close()
