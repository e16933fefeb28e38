"""Load on the servers: the Triton client with one picture at a time, and sixteen connections in a closed loop."""

from __future__ import annotations

import asyncio
import importlib
import json
from collections.abc import Callable
from time import perf_counter, perf_counter_ns
from typing import Literal

import numpy as np

from bench.peers.serving.servers import Addresses
from digit_infer.errors import MeasurementError

Protocol = Literal["rest", "grpc"]

_LIBRARIES: dict[Protocol, str] = {"rest": "tritonclient.http", "grpc": "tritonclient.grpc"}
WARM_UP = 200


def latencies(addresses: Addresses, protocol: Protocol, model: str, image: np.ndarray, seconds: float) -> list[int]:
    """Send one picture, uint8 [1, 28, 28], repeatedly with the Triton client; return each latency in ns."""
    client = importlib.import_module(_LIBRARIES[protocol])
    with client.InferenceServerClient(addresses.rest if protocol == "rest" else addresses.grpc) as asking:
        tensor = client.InferInput("images", list(image.shape), "UINT8")
        tensor.set_data_from_numpy(image)
        ask: Callable[[], object] = lambda: asking.infer(model, [tensor])  # noqa: E731  # the timed call
        for _ in range(WARM_UP):
            ask()
        taken, end = [], perf_counter() + seconds
        while perf_counter() < end:
            began = perf_counter_ns()
            ask()
            taken.append(perf_counter_ns() - began)
    return taken


def requests_a_second(addresses: Addresses, model: str, image: np.ndarray, clients: int, seconds: float) -> float:
    """Return the requests per second over REST for ``clients`` connections in a closed loop.

    The bytes are the Triton client's, but sent over plain connections, since that client is slower than the servers.

    Raises:
        MeasurementError: the server rejected a request.
    """
    return asyncio.run(_requests_a_second(addresses, _request(model, image), clients, seconds))


def _request(model: str, image: np.ndarray) -> bytes:
    tensor = {
        "name": "images",
        "shape": list(image.shape),
        "datatype": "UINT8",
        "parameters": {"binary_data_size": image.nbytes},
    }
    document = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    head = (
        f"POST /v2/models/{model}/infer HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        f"Inference-Header-Content-Length: {len(document)}\r\nContent-Length: {len(document) + image.nbytes}\r\n\r\n"
    )
    return head.encode() + document + image.tobytes()


class _Connection(asyncio.Protocol):
    """Sends the next request after each response, and counts responses."""

    def __init__(self, request: bytes) -> None:
        self.answered = 0
        self.refused: bytes | None = None
        self._request = request
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, split, body = self._held.partition(b"\r\n\r\n")
        if not split:
            return
        if not head.startswith(b"HTTP/1.1 200 "):
            self.refused = head.splitlines()[0]
            return
        _, _, rest = head.lower().partition(b"\r\ncontent-length:")
        if len(body) < int(rest.split(b"\r\n")[0]):
            return
        self._held = b""
        self.answered += 1
        assert self._transport is not None
        self._transport.write(self._request)


async def _requests_a_second(addresses: Addresses, request: bytes, clients: int, seconds: float) -> float:
    loop = asyncio.get_running_loop()
    host, port = addresses.rest.split(":")
    opened = [await loop.create_connection(lambda: _Connection(request), host, int(port)) for _ in range(clients)]
    connections = [connection for _, connection in opened]
    await asyncio.sleep(seconds / 4)
    before, began = sum(one.answered for one in connections), perf_counter()
    await asyncio.sleep(seconds)
    answered, taken = sum(one.answered for one in connections) - before, perf_counter() - began
    for transport, _ in opened:
        transport.abort()
    refused = next((one.refused for one in connections if one.refused), None)
    if refused is not None:
        raise MeasurementError(f"a server answered {refused!r}", "run it by hand to see why")
    return answered / taken
