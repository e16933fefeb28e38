"""REST front end: the Open Inference Protocol v2, and ``/metrics``.

``POST …/infer`` bypasses Starlette, whose routing takes longer than a small network. Starlette handles all other routes.
Request bodies are read within limits, and each response is sent in one write: uvicorn alone makes two system calls for head
and body.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from digit_infer.errors import DigitInferError, OverloadedError, RequestTimeoutError, RequestTooLargeError
from digit_infer.serving.endpoint import Endpoint, kind_of, told
from digit_infer.serving.protocol import HEADER_LENGTH, inflated, read_request, write_response
from digit_infer.serving.telemetry import CONTENT_TYPE, Door, write_event, write_failure

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digit_infer.serving.settings import Settings

    Headers = Mapping[bytes, bytes]
    """Header values by lower-case name."""

T = TypeVar("T")

_HEADER_LENGTH = HEADER_LENGTH.lower().encode()
_JSON = (b"content-type", b"application/json")
_RAW = (b"content-type", b"application/octet-stream")


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


class Rest:
    """The ASGI application: REST routes over an endpoint."""

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._under_way = 0

    def app(self, pages: list[BaseRoute]) -> ASGIApp:
        """Return the application, with the given routes added."""
        routes: list[BaseRoute] = []
        for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes += [
                Route(f"{model}/infer", _only_post, methods=["POST"]),
                Route(f"{model}/ready", self._model_ready),
                Route(f"{model}/stats", self._statistics),
            ]
        routes += [
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._ready),
            Route("/v2", self._server),
            Route("/v2/models/stats", self._statistics),
            Route("/v2/models/{model}", self._model),
            Route("/v2/models/{model}/versions/{version}", self._model),
            Route("/v2/repository/index", self._index, methods=["POST"]),
            Route("/metrics", self._metrics),
        ]
        handlers = {HTTPException: _told_by_starlette, DigitInferError: _refused, Exception: _failed}
        others = Starlette(routes=[*routes, *pages], exception_handlers=handlers)  # type: ignore[arg-type]  # narrower errors

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            asked = _inferring(scope)
            if asked is None:
                await others(scope, receive, send)
            else:
                await self._infer(*asked, scope, receive, send)

        return _AccessLog(app) if self._settings.access_log else app

    async def counted(self, model: str, door: Door, answer: Callable[[], Awaitable[T]]) -> T:
        """Await an answer, and count the request and its outcome.

        Raises:
            OverloadedError: too many requests are in progress.
            Exception: any error of ``answer``.
        """
        metrics = self._endpoint.metrics
        if self._under_way >= self._settings.max_waiting:
            metrics.failed(model, door, "overloaded")
            raise OverloadedError(f"{self._under_way} requests are under way already", "try again later")
        self._under_way += 1
        began = perf_counter()
        try:
            found = await answer()
        except GoneError:
            metrics.failed(model, door, "disconnected")
            raise
        except Exception as error:
            metrics.failed(model, door, kind_of(error)[0])
            raise
        finally:
            self._under_way -= 1
        metrics.answered(model, door, perf_counter() - began)
        return found

    async def _infer(self, name: str, version: str, scope: Scope, receive: Receive, send: Send) -> None:
        async def inferred() -> tuple[bytes, int | None]:
            model = self._endpoint.spec(name, version)
            headers = dict(scope["headers"])
            body = await read_body(receive, headers, self._settings)
            length = headers.get(_HEADER_LENGTH)
            asked = read_request(body, None if length is None else length.decode("latin-1"), model)
            return write_response(model, asked, await self._endpoint.answer(model.name, asked))

        known = name if name in self._endpoint.models else ""
        try:
            content, json_length = await self.counted(known, "rest", inferred)
        except GoneError:
            return
        except DigitInferError as error:
            content, status = json.dumps({"error": told(error)}).encode(), kind_of(error)[1].value
            headers = [_JSON]
        except Exception as error:  # an internal error goes to the log and the client; the server continues
            write_failure(f"POST {scope['path']}", error)
            content, status = json.dumps({"error": told(error)}).encode(), 500
            headers = [_JSON]
        else:
            status = 200
            headers = [_JSON] if json_length is None else [_RAW, (_HEADER_LENGTH, str(json_length).encode())]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, _: Request) -> Response:
        return _readiness({}, ready=self._endpoint.ready)

    async def _model_ready(self, request: Request) -> Response:
        return _readiness({"name": self._endpoint.spec(*_asked(request)).name}, ready=self._endpoint.ready)

    async def _server(self, _: Request) -> Response:
        return JSONResponse(self._endpoint.server_metadata())

    async def _model(self, request: Request) -> Response:
        return JSONResponse(self._endpoint.model_metadata(*_asked(request)))

    async def _statistics(self, request: Request) -> Response:
        return JSONResponse({"model_stats": self._endpoint.statistics(*_asked(request))})

    async def _index(self, _: Request) -> Response:
        return JSONResponse(self._endpoint.index())

    async def _metrics(self, _: Request) -> Response:
        return Response(self._endpoint.metrics.exposition(), headers={"content-type": CONTENT_TYPE})


def _inferring(scope: Scope) -> tuple[str, str] | None:
    """Return the model and version of an inference request, None for any other request."""
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].endswith("/infer"):
        return None
    match scope["path"].split("/"):
        case ["", "v2", "models", str(name), "infer"]:
            return name, ""
        case ["", "v2", "models", str(name), "versions", str(version), "infer"]:
            return name, version
    return None


def _asked(request: Request) -> tuple[str, str]:
    """Return the model's name and version from the path, empty if absent."""
    return request.path_params.get("model", ""), request.path_params.get("version", "")


def _readiness(named: dict[str, str], *, ready: bool) -> Response:
    return JSONResponse({**named, "ready": ready}, 200 if ready else 503)


async def _only_post(_: Request) -> Response:
    """Never called: the route makes Starlette answer 405 to other methods."""
    raise AssertionError("POST …/infer does not come here")


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": told(error)}, kind_of(error)[1])


async def _told_by_starlette(_: Request, error: HTTPException) -> Response:
    message = f"{error.detail}; this server speaks the Open Inference Protocol v2"
    return JSONResponse({"error": message}, error.status_code)


async def _failed(request: Request, error: Exception) -> Response:
    write_failure(f"{request.method} {request.url.path}", error)
    return JSONResponse({"error": told(error)}, 500)


class _AccessLog:
    """Logs each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, status = perf_counter(), 0

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            client: Any = scope.get("client") or ("",)
            write_event(
                "request",
                door="rest",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * (perf_counter() - began), 3),
                client=client[0],
            )
