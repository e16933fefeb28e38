"""One process that serves: loads the models, opens the doors, and closes them again in order."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import uvicorn

from digit_infer.serving.endpoint import Endpoint
from digit_infer.serving.http import JoinedWrites
from digit_infer.serving.log import take_over_libraries, write_event
from digit_infer.serving.metrics import Metrics
from digit_infer.serving.page import page_routes
from digit_infer.serving.rest import Rest

if TYPE_CHECKING:
    from digit_infer.serving.settings import Settings

_KEEP_ALIVE_S = 75
"""An idle connection stays open longer than most clients and proxies keep theirs, so that none meets a closed one."""

_GARBAGE = (2_000, 10, 10)
"""When Python looks for garbage, by new objects: connections that end leave some. The command line itself hardly looks."""


@dataclass(frozen=True)
class Doors:
    """The ports that answer; ``grpc`` is None where that door is shut."""

    rest: int
    grpc: int | None


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
        rest: a socket that is bound.
        started: called once the doors are open.
        among_others: whether this is one of several processes, which share the ports: it ends with stdin as well, and so
            with the process that started it.

    Raises:
        DigitInferError: a model cannot be served, or a door cannot be opened.
    """
    asyncio.run(_serve(settings, rest, started, among_others=among_others))


async def _serve(settings: Settings, rest: socket.socket, started: Callable[[Doors], None], *, among_others: bool) -> None:
    take_over_libraries()
    async with AsyncExitStack() as stack:
        stop = stack.enter_context(_stopping())
        if among_others:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stop.hurry)
        endpoint = Endpoint.opened(settings, Metrics())
        stack.callback(endpoint.close)
        gc.freeze()  # what is loaded by now stays; searches for garbage leave it out
        gc.set_threshold(*_GARBAGE)
        grpc_port = None
        if settings.grpc_port is not None:
            from digit_infer.serving.grpc_service import opened_grpc  # needs the extra `grpc`

            grpc_port = await stack.enter_async_context(opened_grpc(endpoint, settings, shared=among_others))
        doors = Doors(rest.getsockname()[1], grpc_port)
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
        await serving
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
    """Leaves signals to us, and says when it listens."""

    def __init__(self, config: uvicorn.Config, listening: Callable[[], None]) -> None:
        super().__init__(config)
        self._listening = listening

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: whoever starts this server is told of signals, and makes readiness false first."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        self._listening()


class _Stop:
    """Whether the server was asked to stop, and whether at once."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.hurried = asyncio.Event()

    def hurry(self) -> None:
        """Ask for it at once; what is in flight is answered all the same."""
        self.asked.set()
        self.hurried.set()


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Let SIGTERM ask for a stop, and SIGINT, or a second signal, for one at once."""
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
