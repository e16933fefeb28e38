"""HTTP/2 beneath gRPC: long-lived connections, calls that are given up, time limits, and frames that no client sends."""

import asyncio
import gzip
import socket
import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer.errors import DigitInferError

from .conftest import BODY_TIMEOUT, MAX_BODY
from .test_faults import sample

zttp = pytest.importorskip("zttp", reason="pip install 'digit-infer[grpc]'")
grpc = pytest.importorskip("grpc", reason="pip install 'digit-infer[clients]'")
messages = pytest.importorskip("tritonclient.grpc.service_pb2", reason="pip install 'digit-infer[clients]'")
stubs = pytest.importorskip("tritonclient.grpc.service_pb2_grpc", reason="pip install 'digit-infer[clients]'")

from digit_infer.serving.grpc_connection import Connection  # noqa: E402  # needs the extra
from digit_infer.serving.grpc_wire import Code  # noqa: E402  # needs the extra

INFER = b"/inference.GRPCInferenceService/ModelInfer"
FREE = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
STREAMS, RESETS = 4096, 256
"""With so many, zttp ends a connection; the server must have retired it before."""


def request(count: int = 1, **more):
    tensor = messages.ModelInferRequest.InferInputTensor(name="images", datatype="UINT8", shape=[count, 28, 28])
    raw = [bytes(784 * count)]
    return messages.ModelInferRequest(model_name="digitnet", inputs=[tensor], raw_input_contents=raw, **more)


def with_service(server, ask):
    """Run ``ask(service)``, a coroutine, over one channel."""

    async def run():
        async with grpc.aio.insecure_channel(server.grpc, FREE) as channel:
            return await ask(stubs.GRPCInferenceServiceStub(channel))

    return asyncio.run(run())


def test_one_channel_asks_more_often_than_a_connection_may(server):
    async def ask(service):
        async def some(count: int) -> None:
            for _ in range(STREAMS // 32 + 10):
                assert len((await service.ModelInfer(request(count))).raw_output_contents[0]) == 40 * count

        await asyncio.gather(*(some(1 + number % 3) for number in range(32)))

    with_service(server, ask)


def test_calls_that_are_given_up_disturb_no_other_and_leave_the_queue(server):
    async def ask(service):
        async def give_up(number: int) -> None:
            call = service.ModelInfer(request(100))
            await asyncio.sleep(0.001 * (number % 5))
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
                raise asyncio.CancelledError  # it was answered before

        async def go_on() -> None:
            while not done.is_set():
                assert (await service.ModelInfer(request())).model_name == "digitnet"

        done = asyncio.Event()
        going_on = asyncio.create_task(go_on())
        for _ in range(RESETS // 4):
            await asyncio.gather(*map(give_up, range(8)))
        done.set()
        await going_on

    with_service(server, ask)
    deadline = time.monotonic() + 20
    while sample(server.request("GET", "/metrics")[1].decode(), 'digit_infer_waiting_requests{model="digitnet"}'):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("size", [0, 60_000, 65_536, 1 << 20, MAX_BODY - 2_000])
def test_messages_of_any_size_pass_both_ways(server, size):
    with grpc.insecure_channel(server.grpc, FREE) as channel:
        answer = stubs.GRPCInferenceServiceStub(channel).ModelInfer(request(id="x" * size), timeout=60)
    assert len(answer.id) == size


def test_too_large_a_message_is_refused_and_the_channel_goes_on(server):
    with grpc.insecure_channel(server.grpc, FREE) as channel:
        service = stubs.GRPCInferenceServiceStub(channel)
        for _ in range(20):
            with pytest.raises(grpc.RpcError) as told:
                service.ModelInfer(request(id="x" * (MAX_BODY + (1 << 20))))
            assert told.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert service.ModelInfer(request()).model_name == "digitnet"


@pytest.mark.parametrize("compression", [grpc.Compression.Gzip, grpc.Compression.Deflate])
def test_a_compressed_message_is_read(server, compression):
    with grpc.insecure_channel(server.grpc, compression=compression) as channel:
        assert stubs.GRPCInferenceServiceStub(channel).ModelInfer(request(40)).model_name == "digitnet"


class Raw:
    """Frames as they are written, and what comes back as zttp's events."""

    def __init__(self, server) -> None:
        host, port = server.grpc.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.http2 = zttp.Connection(zttp.CLIENT, protocol=zttp.HTTP2)
        self.http2.initiate_connection()

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def begin(self, path: bytes = INFER, kind: bytes = b"application/grpc", **headers: str):
        more = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        fixed = [(b"host", b"x"), (b"content-type", kind), (b"te", b"trailers")]
        stream = self.http2.send_request(b"POST", path, b"2", [*fixed, *more])
        self.flush()
        return stream

    def ask(self, body: bytes, **headers: str) -> dict[bytes, bytes]:
        stream = self.begin(**headers)
        stream.send_data(body)
        stream.end_message()
        self.flush()
        return self.answer()

    def flush(self) -> None:
        self.socket.sendall(self.http2.data_to_send())

    def answer(self) -> dict[bytes, bytes]:
        """Return status, headers and trailers of the next call that ends."""
        found: dict[bytes, bytes] = {}
        while data := self.socket.recv(1 << 16):
            self.http2.receive_data(data)
            while (event := self.http2.next_event()) is not zttp.NEED_DATA:
                if isinstance(event, zttp.Response):
                    found |= dict(iter(event.headers)) | {b":status": str(event.status_code).encode()}
                elif isinstance(event, zttp.EndOfMessage):
                    return found | dict(event.trailers)
            self.flush()
        raise AssertionError("the server closed the connection")


def framed(message: bytes, flag: int = 0, length: int | None = None) -> bytes:
    return bytes([flag]) + (len(message) if length is None else length).to_bytes(4, "big") + message


WHOLE = request().SerializeToString()
COMPRESSED = gzip.compress(WHOLE, mtime=0)
"""With no time in it: it is part of the names of tests, and pytest-xdist asks for the same names in each process."""


@pytest.mark.parametrize(
    ("body", "headers", "status", "told"),
    [
        (framed(WHOLE), {}, b"0", b""),
        (framed(COMPRESSED, 1), {"grpc_encoding": "gzip"}, b"0", b""),
        (framed(COMPRESSED[:-9], 1), {"grpc_encoding": "gzip"}, b"3", b"ends early"),
        (framed(gzip.compress(bytes(2 * MAX_BODY), mtime=0), 1), {"grpc_encoding": "gzip"}, b"8", b"more than"),
        (framed(WHOLE, 1), {"grpc_encoding": "br"}, b"12", b"'br'"),
        (framed(WHOLE, 1), {}, b"12", b"'identity'"),
        (framed(WHOLE, 2), {}, b"3", b"not one message"),
        (framed(WHOLE, length=len(WHOLE) + 1), {}, b"3", b"not one message"),
        (framed(WHOLE, length=len(WHOLE) - 1), {}, b"3", b"not one message"),
        (framed(WHOLE, length=2**32 - 1), {}, b"8", b"more than"),
        (framed(WHOLE) * 2, {}, b"3", b"not one message"),
        (b"\0\0", {}, b"3", b"not one message"),
        (framed(b"\xff" * 9), {}, b"3", b"cannot be parsed"),
        (framed(WHOLE), {"grpc_timeout": "soon"}, b"3", b"grpc-timeout"),
        (framed(WHOLE), {"grpc_timeout": "0n"}, b"4", b"did not end within"),
    ],
)
def test_what_is_not_one_message_is_refused_with_the_reason(server, body, headers, status, told):
    with Raw(server) as raw:
        found = raw.ask(body, **headers)
        assert (found[b":status"], found[b"grpc-status"]) == (b"200", status)
        assert told in found.get(b"grpc-message", b"")
        if status == b"12":
            assert found[b"grpc-accept-encoding"] == b"identity,gzip,deflate"
        assert raw.ask(framed(WHOLE))[b"grpc-status"] == b"0", "the connection goes on"


def test_a_slow_request_is_told_so_and_others_are_answered_meanwhile(server):
    with Raw(server) as slow, Raw(server) as other:
        slow.begin().send_data(framed(WHOLE)[:100])
        slow.flush()
        assert other.ask(framed(WHOLE))[b"grpc-status"] == b"0"
        found = slow.answer()
        assert found[b"grpc-status"] == b"4"
        assert f"within {BODY_TIMEOUT:g} s".encode() in found[b"grpc-message"]


def test_what_is_no_grpc_is_told_so(server):
    with Raw(server) as raw:
        raw.begin(kind=b"application/json").end_message()
        raw.flush()
        assert raw.answer()[b":status"] == b"415"
        raw.begin(path=b"/inference.GRPCInferenceService/ModelConfig").end_message()
        raw.flush()
        assert raw.answer()[b"grpc-status"] == b"12"
    host, port = server.grpc.split(":")
    for content in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", bytes(range(256))):
        with socket.create_connection((host, int(port)), timeout=30) as odd:
            odd.sendall(content)
            while odd.recv(4096):
                pass


def test_clients_that_go_away_leave_nothing_behind(server):
    name = 'digit_infer_errors_total{door="grpc",kind="disconnected",model=""}'
    before = sample(server.request("GET", "/metrics")[1].decode(), name)
    for part in (None, b"", framed(WHOLE)[:50]):
        for _ in range(5):
            with Raw(server) as raw:
                if part is not None:
                    raw.begin().send_data(part)
                raw.flush()
    deadline = time.monotonic() + 10
    while sample(server.request("GET", "/metrics")[1].decode(), name) < before + 10:
        assert time.monotonic() < deadline, "ten began a call that never came"
        time.sleep(0.05)
    with Raw(server) as raw:
        assert raw.ask(framed(WHOLE))[b"grpc-status"] == b"0"


class Answering:
    """A service that answers every message with its beginning, and counts what is in progress."""

    under_way = 0

    def begin(self, _: object) -> None:
        self.under_way += 1

    async def answer(self, call) -> None:
        await asyncio.sleep(0)
        try:
            message = bytes(call.message()[:3])
        except DigitInferError as error:
            self.refuse(call, error)
        else:
            self.under_way -= 1
            call.send(message)

    def refuse(self, call, error: Exception) -> None:
        self.under_way -= 1
        call.fail(Code.INTERNAL, str(error))

    def gone(self, _: object) -> None:
        self.under_way -= 1


class Memory(asyncio.Transport):
    """A transport that keeps nothing; its connection is lost when it is closed."""

    def __init__(self, protocol) -> None:
        super().__init__()
        self.protocol = protocol
        self.socket = socket.socket()
        protocol.connection_made(self)

    def get_extra_info(self, name: str, default: object = None):
        return self.socket if name == "socket" else default

    def write(self, _: bytes) -> None:
        assert self.socket is not None

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
            self.protocol.connection_lost(None)


@dataclass
class Limits:
    max_body: int = 1000
    body_timeout: float = 0.01


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body


def literal(name: bytes, value: bytes) -> bytes:
    """A header as HPACK writes it without compression."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


HEADERS = b"".join(
    literal(*header)
    for header in (
        (b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/a/b"), (b":authority", b"x"),
        (b"content-type", b"application/grpc"), (b"grpc-timeout", b"5m"),
    )
)  # fmt: skip
streams = st.sampled_from([1, 3, 5, 7])
frames = st.one_of(
    st.builds(frame, st.just(1), st.sampled_from([4, 4, 5, 0]), streams, st.just(HEADERS)),
    st.builds(frame, st.just(0), st.sampled_from([0, 1]), streams, st.sampled_from([framed(b"abc"), b"", b"\0", bytes(9)])),
    st.builds(frame, st.just(0), st.sampled_from([0, 1]), streams, st.binary(max_size=20)),
    st.builds(frame, st.just(3), st.just(0), streams, st.just(bytes(4))),
    st.builds(frame, st.integers(2, 12), st.integers(0, 255), st.integers(0, 9), st.binary(max_size=12)),
    st.binary(max_size=12),
)


@given(st.lists(frames, max_size=25), st.integers(1, 60), st.floats(0, 0.02))
def test_any_frames_leave_nothing_in_progress(sent, size, pause):
    async def run() -> None:
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told))
        service, opened = Answering(), set()
        transport = Memory(Connection(service, Limits(), opened))
        content = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b"") + b"".join(sent)
        for start in range(0, len(content), size):
            if transport.socket is not None:
                transport.protocol.data_received(content[start : start + size])
            await asyncio.sleep(0)
        await asyncio.sleep(pause)
        transport.close()
        await asyncio.sleep(0)
        assert (service.under_way, opened, complaints) == (0, set(), [])

    asyncio.run(run())
