"""gRPC front end: the Open Inference Protocol as defined in ``open_inference.proto``.

Message classes are built at start from the compiled descriptor, so any protobuf from 5 on works; generated Python code
fails with a runtime two major versions newer. Calls are answered in the event loop, as REST's are.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from digit_infer.errors import InvalidRequestError, OverloadedError, UnsupportedError
from digit_infer.serving.endpoint import Endpoint, kind_of, told
from digit_infer.serving.grpc_connection import Call, Connection
from digit_infer.serving.grpc_wire import Code
from digit_infer.serving.protocol import VERSION, InferRequest, WantedOutput, check_complete
from digit_infer.serving.telemetry import write_event, write_failure
from digit_infer.serving.tensors import ModelSpec, Tensor, TensorSpec, Values, checked_shape, from_raw, from_values, to_raw

if TYPE_CHECKING:
    from digit_infer.serving.protocol import Outputs
    from digit_infer.serving.settings import Settings

SERVICE = "inference.GRPCInferenceService"
_COMPILED = Path(__file__).with_name("open_inference.binpb")
_INFER = f"/{SERVICE}/ModelInfer"

_CODES = {
    "unknown_model": Code.NOT_FOUND,
    "too_large": Code.RESOURCE_EXHAUSTED,
    "picture": Code.INVALID_ARGUMENT,
    "invalid": Code.INVALID_ARGUMENT,
    "unsupported": Code.UNIMPLEMENTED,
    "timeout": Code.DEADLINE_EXCEEDED,
    "overloaded": Code.UNAVAILABLE,
}
_CONTENTS = {"UINT8": "uint_contents", "BYTES": "bytes_contents"}
"""Field that holds non-raw values, for the datatypes that models take as inputs."""

_LOOK_S = 0.02
"""Seconds between checks that all connections are closed."""


@dataclass(frozen=True)
class GrpcServer:
    """Accepts connections until it is stopped."""

    _accepting: asyncio.Server
    _opened: set[Connection]

    @classmethod
    async def opened(cls, endpoint: Endpoint, settings: Settings, listening: socket.socket, backlog: int) -> GrpcServer:
        """Serve gRPC on a bound socket, in the running event loop."""
        service, opened = _Service(endpoint, settings), set[Connection]()
        loop = asyncio.get_running_loop()
        accepting = await loop.create_server(lambda: Connection(service, settings, opened), sock=listening, backlog=backlog)
        return cls(accepting, opened)

    async def stop(self, grace: float) -> None:
        """Accept no more, and give the calls in progress ``grace`` seconds to end."""
        self._accepting.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(grace):
                while self._opened:
                    for connection in self._opened.copy():
                        connection.retire()
                    await asyncio.sleep(_LOOK_S)
        for connection in self._opened.copy():
            connection.abort()


class _Service:
    """The service's methods over an endpoint."""

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        self._under_way = 0
        pool = descriptor_pool.DescriptorPool()  # a private pool: a client in this process may register the same names
        files = descriptor_pb2.FileDescriptorSet.FromString(_COMPILED.read_bytes())
        for file in files.file:
            pool.Add(file)
        methods = pool.FindServiceByName(SERVICE).methods
        self._messages = {
            kind.name: message_factory.GetMessageClass(kind)
            for method in methods
            for kind in (method.input_type, method.output_type)
        }
        self._reads = {f"/{SERVICE}/{method.name}": self._messages[method.input_type.name].FromString for method in methods}
        self._answers: Mapping[str, Callable[[Any], Any]] = {
            f"/{SERVICE}/ServerLive": self._live,
            f"/{SERVICE}/ServerReady": self._ready,
            f"/{SERVICE}/ModelReady": self._model_ready,
            f"/{SERVICE}/ServerMetadata": self._server,
            f"/{SERVICE}/ModelMetadata": self._model,
            f"/{SERVICE}/ModelStatistics": self._statistics,
            f"/{SERVICE}/RepositoryIndex": self._index,
        }

    def begin(self, call: Call) -> None:
        """Count a call that begins.

        Raises:
            OverloadedError: too many are in progress.
            UnsupportedError: there is no such method.
        """
        self._under_way += 1
        if self._under_way > self._settings.max_waiting:
            raise OverloadedError(f"{self._settings.max_waiting} requests are under way already", "try again later")
        if call.path not in self._reads:
            raise UnsupportedError(f"there is no method {call.path[:80]!r}", f"call those of {SERVICE}")

    async def answer(self, call: Call) -> None:
        """Answer a call whose request is complete, or end it with an error."""
        try:
            try:
                request = self._reads[call.path](call.message())
            except DecodeError as error:
                raise InvalidRequestError(f"the message cannot be parsed ({error})", "see the protocol") from error
            if call.path == _INFER:
                call.model = request.model_name if request.model_name in self._endpoint.models else ""
                answer = await self._infer(request)
            else:
                answer = self._answers[call.path](request)
            message = answer.SerializeToString()
        except Exception as error:  # any error goes to the client; the server continues
            self.refuse(call, error)
        else:
            call.send(message)
            self._ended(call, Code.OK)

    def refuse(self, call: Call, error: Exception) -> None:
        """End a call with an error."""
        kind, _ = kind_of(error)
        if kind == "internal":
            write_failure(call.path, error)
        code = _CODES.get(kind, Code.INTERNAL)
        call.fail(code, told(error))
        self._ended(call, code, kind)

    def gone(self, call: Call) -> None:
        """Count a call that its client has given up."""
        self._ended(call, Code.CANCELLED, "disconnected")

    def _ended(self, call: Call, code: Code, kind: str = "") -> None:
        """Count an inference request once its answer is sent, and log the call."""
        self._under_way -= 1
        seconds = perf_counter() - call.began
        if call.path == _INFER and kind:
            self._endpoint.metrics.failed(call.model, "grpc", kind)
        elif call.path == _INFER:
            self._endpoint.metrics.answered(call.model, "grpc", seconds)
        if self._settings.access_log:
            method, ms = call.path.rpartition("/")[2][:80], round(1000 * seconds, 3)
            write_event("request", door="grpc", method=method, status=code.name, ms=ms, client=call.client)

    def _live(self, _: Any) -> Any:
        return self._messages["ServerLiveResponse"](live=True)

    def _ready(self, _: Any) -> Any:
        return self._messages["ServerReadyResponse"](ready=self._endpoint.ready)

    def _model_ready(self, request: Any) -> Any:
        self._endpoint.spec(request.name, request.version)
        return self._messages["ModelReadyResponse"](ready=self._endpoint.ready)

    def _server(self, _: Any) -> Any:
        return self._messages["ServerMetadataResponse"](**self._endpoint.server_metadata())

    def _model(self, request: Any) -> Any:
        return self._messages["ModelMetadataResponse"](**self._endpoint.model_metadata(request.name, request.version))

    def _statistics(self, request: Any) -> Any:
        found = self._endpoint.statistics(request.name, request.version)
        return self._messages["ModelStatisticsResponse"](model_stats=found)

    def _index(self, _: Any) -> Any:
        return self._messages["RepositoryIndexResponse"](models=self._endpoint.index())

    async def _infer(self, request: Any) -> Any:
        model = self._endpoint.spec(request.model_name, request.model_version)
        asked = _read(request, model)
        outputs = await self._endpoint.answer(model.name, asked)
        return _written(self._messages["ModelInferResponse"](), model, asked, outputs)


def _read(request: Any, model: ModelSpec) -> InferRequest:
    """Read and validate a request message.

    Raises:
        InvalidRequestError: it violates the protocol, or does not fit the model.
        RequestTooLargeError: it has more pictures than allowed.
    """
    raw = request.raw_input_contents
    if raw and len(raw) != len(request.inputs):
        raise InvalidRequestError(
            f"the request has {len(request.inputs)} inputs and {len(raw)} raw contents", "send all inputs raw, or none"
        )
    inputs: dict[str, Tensor] = {}
    shared = _parameters(request.parameters)
    for number, entry in enumerate(request.inputs):
        spec = model.input_named(entry.name)
        if entry.name in inputs:
            raise InvalidRequestError(f"{entry.name} appears twice in the request", "send each input once")
        shape = checked_shape(spec, entry.datatype, list(entry.shape), model.most)
        parameters = shared | _parameters(entry.parameters)
        if "shared_memory_region" in parameters:
            raise InvalidRequestError("shared memory is not supported", "send the data")
        values = from_raw(spec, shape, memoryview(raw[number])) if raw else _listed(spec, shape, entry.contents)
        inputs[entry.name] = Tensor(values, parameters)
    check_complete(model, inputs)
    wanted = request.outputs or model.outputs
    names = tuple(WantedOutput(model.output_named(output.name).name, raw=True) for output in wanted)
    return InferRequest(request.id, inputs, names)


def _parameters(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(value, value.WhichOneof("parameter_choice") or "string_param") for name, value in held.items()}


def _listed(spec: TensorSpec, shape: tuple[int, ...], contents: Any) -> Values:
    return from_values(spec, shape, list(getattr(contents, _CONTENTS[spec.datatype])))


def _written(response: Any, model: ModelSpec, asked: InferRequest, outputs: Outputs) -> Any:
    """Fill in and return a response message; all tensors are raw."""
    response.model_name, response.model_version, response.id = model.name, VERSION, asked.id
    for wanted in asked.wanted:
        array = outputs[wanted.name]
        datatype = model.output_named(wanted.name).datatype
        response.outputs.add(name=wanted.name, datatype=datatype, shape=array.shape)
        response.raw_output_contents.append(to_raw(array))
    return response
