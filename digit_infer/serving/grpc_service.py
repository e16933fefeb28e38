"""gRPC front end: the Open Inference Protocol as defined in ``open_inference.proto``.

Message classes are built at start from the compiled descriptor, so any protobuf from 5 on works; generated Python code
fails with a runtime two major versions newer. Calls run in threads: an event loop has higher latency, since it wakes
several times per call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from digit_infer.errors import InvalidRequestError, ServingError
from digit_infer.serving.endpoint import Endpoint, kind_of, told
from digit_infer.serving.protocol import VERSION, InferRequest, WantedOutput, check_complete
from digit_infer.serving.telemetry import write_event, write_failure
from digit_infer.serving.tensors import ModelSpec, Tensor, TensorSpec, Values, checked_shape, from_raw, from_values, to_raw

if TYPE_CHECKING:
    from digit_infer.serving.protocol import Outputs
    from digit_infer.serving.settings import Settings

SERVICE = "inference.GRPCInferenceService"
_COMPILED = Path(__file__).with_name("open_inference.binpb")
_ROOM = 64 << 10
"""Bytes of a message besides its tensors."""

_THREADS = 32
"""Concurrent calls; more wait for a thread, and beyond ``max_waiting`` are refused."""

_CODES = {
    "unknown_model": grpc.StatusCode.NOT_FOUND,
    "too_large": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "picture": grpc.StatusCode.INVALID_ARGUMENT,
    "invalid": grpc.StatusCode.INVALID_ARGUMENT,
    "overloaded": grpc.StatusCode.UNAVAILABLE,
}
_CONTENTS = {"UINT8": "uint_contents", "BYTES": "bytes_contents"}
"""Field that holds non-raw values, for the datatypes that models take as inputs."""


@asynccontextmanager
async def opened_grpc(endpoint: Endpoint, settings: Settings, *, shared: bool) -> AsyncIterator[int]:
    """Serve gRPC in threads and yield the port; on exit, finish the requests in flight.

    Raises:
        ServingError: the port cannot be bound.
    """
    limits = [("grpc.max_receive_message_length", settings.max_body + _ROOM), ("grpc.max_send_message_length", -1)]
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, "grpc"),
        options=[*limits, ("grpc.so_reuseport", int(shared))],
        maximum_concurrent_rpcs=settings.max_waiting,
    )
    server.add_generic_rpc_handlers((_Service(endpoint, settings).handlers(),))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        port = int(server.add_insecure_port(f"{host}:{settings.grpc_port}"))
    except RuntimeError as error:
        where = f"{host}:{settings.grpc_port}"
        raise ServingError(f"{where} cannot be bound ({error})", "choose another --grpc-port") from error
    server.start()
    try:
        yield port
    finally:
        stopping = server.stop(settings.grace)
        await asyncio.to_thread(stopping.wait)


class _Service:
    """The service's methods over an endpoint."""

    def __init__(self, endpoint: Endpoint, settings: Settings) -> None:
        self._endpoint = endpoint
        self._settings = settings
        pool = descriptor_pool.DescriptorPool()  # a private pool: a client in this process may register the same names
        files = descriptor_pb2.FileDescriptorSet.FromString(_COMPILED.read_bytes())
        for file in files.file:
            pool.Add(file)
        self._methods = pool.FindServiceByName(SERVICE).methods
        self._messages = {
            kind.name: message_factory.GetMessageClass(kind)
            for method in self._methods
            for kind in (method.input_type, method.output_type)
        }

    def handlers(self) -> Any:
        """Return the handlers for ``grpc.Server``."""
        calls: Mapping[str, Callable[[Any], Any]] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server,
            "ModelMetadata": self._model,
            "ModelInfer": self._infer,
            "ModelStatistics": self._statistics,
            "RepositoryIndex": self._index,
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                method.name: grpc.unary_unary_rpc_method_handler(
                    self._answering(method.name, calls[method.name]),
                    request_deserializer=self._messages[method.input_type.name].FromString,
                    response_serializer=self._messages[method.output_type.name].SerializeToString,
                )
                for method in self._methods
            },
        )

    def _answering(self, name: str, call: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
        """Return a handler that maps errors to status codes; it counts and logs a call once its answer is sent."""

        def answering(request: Any, context: Any) -> Any:
            began, code, kind = perf_counter(), grpc.StatusCode.CANCELLED, ""
            try:
                answer = call(request)
                code = grpc.StatusCode.OK
            except Exception as error:  # any error goes to the client; the server continues
                kind, _ = kind_of(error)
                if kind == "internal":
                    write_failure(name, error)
                code = _CODES.get(kind, grpc.StatusCode.INTERNAL)
                context.abort(code, told(error))
                raise  # abort has raised
            else:
                return answer
            finally:
                asked = request.model_name if name == "ModelInfer" else None
                ended = partial(self._ended, name, asked, code, kind, perf_counter() - began, context)
                if not context.add_callback(ended):  # the call has ended already
                    ended()

        return answering

    def _ended(self, name: str, model: str | None, code: grpc.StatusCode, kind: str, seconds: float, context: Any) -> None:
        """Count an inference request, and log the call."""
        if kind and model is not None:
            self._endpoint.metrics.failed(model if model in self._endpoint.models else "", "grpc", kind)
        elif code is grpc.StatusCode.OK and model is not None:
            self._endpoint.metrics.answered(model, "grpc", seconds)
        if self._settings.access_log:
            ms = round(1000 * seconds, 3)
            write_event("request", door="grpc", method=name, status=code.name, ms=ms, client=context.peer())

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

    def _infer(self, request: Any) -> Any:
        model = self._endpoint.spec(request.model_name, request.model_version)
        asked = _read(request, model)
        outputs = self._endpoint.answer_blocking(model.name, asked)
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
