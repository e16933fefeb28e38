"""The door of REST: the Open Inference Protocol v2, and ``/metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from digit_infer.errors import DigitInferError, OverloadedError, RequestTimeoutError, RequestTooLargeError
from digit_infer.serving.endpoint import Endpoint, kind_of, told
from digit_infer.serving.log import write_event, write_failure
from digit_infer.serving.metrics import CONTENT_TYPE, Door
from digit_infer.serving.protocol import HEADER_LENGTH, inflated, read_request, write_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from digit_infer.serving.settings import Settings

    Answering = Callable[[Request], Awaitable[Response]]


class Rest:
    """The routes of REST, over an endpoint."""

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._under_way = 0

    def app(self, pages: list[BaseRoute]) -> ASGIApp:
        """Return the application, with further routes."""
        routes: list[BaseRoute] = []
        for model in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}"):
            routes += [
                Route(f"{model}/infer", self._infer, methods=["POST"]),
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
        app = Starlette(routes=[*routes, *pages], exception_handlers=handlers)  # type: ignore[arg-type]  # narrower errors
        return _AccessLog(app) if self._settings.access_log else app

    async def counted(self, request: Request, model: str, door: Door, answer: Answering) -> Response:
        """Answer a request that asks a model, and count it, and how it ended.

        Raises:
            Exception: whatever the answer raises; if the client has gone, nobody is told.
        """
        if self._under_way >= self._settings.max_waiting:
            self._endpoint.metrics.failed(model, door, "overloaded")
            raise OverloadedError(f"{self._under_way} requests are under way already", "try again later")
        self._under_way += 1
        try:
            began = perf_counter()
            response = await answer(request)
            self._endpoint.metrics.answered(model, door, perf_counter() - began)
        except ClientDisconnect:
            self._endpoint.metrics.failed(model, door, "disconnected")
            return Response(status_code=400)  # to nobody
        except Exception as error:
            self._endpoint.metrics.failed(model, door, kind_of(error)[0])
            raise
        else:
            return response
        finally:
            self._under_way -= 1

    async def body(self, request: Request) -> bytes:
        """Return the body of a request.

        Raises:
            RequestTooLargeError: it is longer than the server takes.
            RequestTimeoutError: it does not come in time.
            ClientDisconnect: the client has gone.
        """
        most = self._settings.max_body
        too_large = RequestTooLargeError(f"the body has more than {most} bytes", "send less in a request")
        announced = request.headers.get("content-length", "0")
        if int(announced) > most:  # httptools has seen that it is a number
            raise too_large
        parts, length = [], 0
        try:
            async with asyncio.timeout(self._settings.body_timeout):
                async for part in request.stream():
                    length += len(part)
                    if length > most:
                        raise too_large
                    parts.append(part)
        except TimeoutError as error:
            raise RequestTimeoutError(
                f"the body did not come within {self._settings.body_timeout:g} s", "send it faster, or in parts"
            ) from error
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        encoding = request.headers.get("content-encoding", "identity")
        return body if encoding == "identity" else inflated(body, encoding, most)

    async def _infer(self, request: Request) -> Response:
        name = _asked(request)[0]
        return await self.counted(request, name if name in self._endpoint.models else "", "rest", self._inferred)

    async def _inferred(self, request: Request) -> Response:
        model = self._endpoint.spec(*_asked(request))
        body = await self.body(request)
        asked = read_request(body, request.headers.get(HEADER_LENGTH), model)
        outputs = await self._endpoint.answer(model.name, asked)
        content, json_length = write_response(model, asked, outputs)
        if json_length is None:
            return Response(content, media_type="application/json")
        return Response(content, headers={HEADER_LENGTH: str(json_length)}, media_type="application/octet-stream")

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


def _asked(request: Request) -> tuple[str, str]:
    """Return the name and the version of the model in the path, empty where there is none."""
    return request.path_params.get("model", ""), request.path_params.get("version", "")


def _readiness(named: dict[str, str], *, ready: bool) -> Response:
    return JSONResponse({**named, "ready": ready}, 200 if ready else 503)


def error_response(message: str, status: int) -> Response:
    """Tell an error in the protocol's own form."""
    return JSONResponse({"error": message}, status)


async def _refused(_: Request, error: Exception) -> Response:
    return error_response(told(error), kind_of(error)[1])


async def _told_by_starlette(_: Request, error: HTTPException) -> Response:
    return error_response(f"{error.detail}; this server speaks the Open Inference Protocol v2", error.status_code)


async def _failed(request: Request, error: Exception) -> Response:
    write_failure(f"{request.method} {request.url.path}", error)
    return error_response(told(error), 500)


class _AccessLog:
    """Writes a line for each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
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
