"""One server process: loads the models, opens the ports, shuts down in order.

``python -m digit_infer.serving.server SETTINGS`` is a worker process of ``supervisor``.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import uvicorn

from digit_infer.errors import DigitInferError, ServingError
from digit_infer.serving.endpoint import Endpoint
from digit_infer.serving.page import page_routes
from digit_infer.serving.rest import JoinedWrites, Rest
from digit_infer.serving.settings import Settings
from digit_infer.serving.telemetry import Metrics, take_over_libraries, write_event

READY = b"ready\n"
"""A worker writes this to stdout once it accepts requests."""

_BACKLOG = 2048

_KEEP_ALIVE_S = 75
"""Idle connections stay open longer than most clients and proxies keep theirs, so that no client writes to a closed one."""

_GARBAGE = (2_000, 10, 10)
"""Thresholds of the garbage collector: closed connections leave reference cycles. The CLI all but disables it."""


@dataclass(frozen=True)
class Doors:
    """TCP ports in use; ``grpc`` is None when gRPC is off."""

    rest: int
    grpc: int | None


def bound(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    """Bind an address, before models are loaded, so that a busy port fails at once; port 0 picks a free one.

    Args:
        host: address or host name of this machine.
        port: TCP port.
        option: command-line option of the port, for the error.
        shared: set SO_REUSEPORT, so that other processes can bind it too; the kernel distributes connections among the
            listeners.

    Raises:
        ServingError: the address cannot be bound, or the system cannot share ports.
    """
    share: Any = getattr(socket, "SO_REUSEPORT", None)  # not on Windows
    if shared and share is None:
        raise ServingError("this system does not let several processes share a port", "omit --workers")
    opened = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, share if shared else socket.SO_REUSEADDR, 1)
        opened.bind(address)
        if not shared:
            opened.listen(_BACKLOG)
    except OSError as error:
        if opened is not None:
            opened.close()
        raise ServingError(
            f"{host}:{port} cannot be bound ({error.strerror})", f"choose another --host or {option}"
        ) from error
    return opened


def serve(
    settings: Settings,
    rest: socket.socket,
    started: Callable[[Doors], None],
    *,
    among_others: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT.

    Args:
        settings: what to serve, and how.
        rest: a bound socket.
        started: called once all ports accept requests.
        among_others: whether this is one of several workers that share the ports; a worker also stops when stdin
            closes, that is, when its supervisor dies.

    Raises:
        DigitInferError: a model cannot be loaded, or a port cannot be opened.
    """
    asyncio.run(_serve(settings, rest, started, among_others=among_others))


async def _serve(settings: Settings, rest: socket.socket, started: Callable[[Doors], None], *, among_others: bool) -> None:
    take_over_libraries()
    with ExitStack() as stack:
        grpc = None
        if settings.grpc_port is not None:
            grpc = stack.enter_context(bound(settings.host, settings.grpc_port, "--grpc-port", shared=among_others))
        stop = stack.enter_context(_stopping())
        if among_others:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.hurry)
        endpoint = Endpoint.opened(settings, Metrics())
        stack.callback(endpoint.close)
        gc.freeze()  # loaded models stay; the collector skips them
        gc.set_threshold(*_GARBAGE)
        doors, stops = Doors(rest.getsockname()[1], None), []
        if grpc is not None:
            from digit_infer.serving.grpc_service import GrpcServer  # needs the extra `grpc`

            doors = replace(doors, grpc=grpc.getsockname()[1])
            stops = [(await GrpcServer.opened(endpoint, settings, grpc, _BACKLOG)).stop]
        web = _Web(_config(endpoint, settings), lambda: started(doors))
        serving = asyncio.create_task(web.serve(sockets=[rest]))
        asked = asyncio.create_task(stop.asked.wait())
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        endpoint.ready = False
        if not serving.done():
            write_event("stopping", drain_s=0 if stop.hurried.is_set() else settings.drain)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.hurried.wait(), settings.drain)
        web.should_exit = True
        await asyncio.gather(serving, *(stop(settings.grace) for stop in stops))
    write_event("stopped")


def _config(endpoint: Endpoint, settings: Settings) -> uvicorn.Config:
    rest = Rest(endpoint, settings)
    return uvicorn.Config(
        rest.app(page_routes(rest, endpoint, settings)),
        http=JoinedWrites,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.grace),
        server_header=False,
        proxy_headers=False,
    )


class _Web(uvicorn.Server):
    """Leaves signals to ``_stopping``, and reports when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: ``_stopping`` handles signals, and readiness turns false first."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then call back."""
        await super().startup(sockets)
        self._listening()


class _Stop:
    """Stop requests: ``asked`` to drain first, ``hurried`` to skip the drain."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()

    def hurry(self) -> None:
        """Stop without draining; requests in flight are still answered."""
        self.asked.set()
        self.hurried.set()


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """SIGTERM asks for a stop with drain; SIGINT, or a second signal, for one without."""
    loop, stop = asyncio.get_running_loop(), _Stop()

    def handle(number: int, _frame: object) -> None:
        again = number == signal.SIGINT or stop.asked.is_set()
        loop.call_soon_threadsafe(stop.hurry if again else stop.asked.set)

    before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _work(settings: str) -> int:
    """Serve on shared ports and return the exit code."""
    ready = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # keep the output of libraries out of the supervisor's pipe

    def started(_: Doors) -> None:
        ready.write(READY)
        ready.flush()

    told = Settings.from_json(settings)
    try:
        with bound(told.host, told.port, "--port", shared=True) as rest:
            serve(told, rest, started, among_others=True)
    except DigitInferError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = _work(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # skips the slow teardown of native libraries
