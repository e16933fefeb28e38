"""Several worker processes on the same ports: starts, replaces and stops them.

A worker also ends when its supervisor dies: it watches a pipe that closes then.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from threading import Event

from prometheus_client import multiprocess

from digit_infer.errors import ServingError
from digit_infer.serving.server import READY, Doors, bound
from digit_infer.serving.settings import Settings
from digit_infer.serving.telemetry import FOLDER_VARIABLE, write_event

_LOOK_S = 0.2
"""Seconds between checks that all workers are alive."""


def supervise(settings: Settings, started: Callable[[Doors], None]) -> None:
    """Serve with several workers until SIGTERM or SIGINT.

    Raises:
        ServingError: a worker failed to start, or a port cannot be bound.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="digit_infer_metrics_"))
        rest = stack.enter_context(_shared(settings.host, settings.port, "--port"))
        grpc = None
        if settings.grpc_port is not None:
            grpc = stack.enter_context(_shared(settings.host, settings.grpc_port, "--grpc-port"))
        workers = _Workers(replace(settings, port=rest, grpc_port=grpc), folder)
        told = stack.enter_context(_told_to_stop())
        stack.callback(workers.stop)
        workers.start()
        started(Doors(rest, grpc))
        while not told.wait(_LOOK_S):
            workers.replace_lost()


@contextmanager
def _shared(host: str, port: int, option: str) -> Iterator[int]:
    """Reserve a port for the workers; the kernel distributes connections among them.

    Raises:
        ServingError: the port cannot be bound, or another process listens on it.
    """
    with bound(host, port, option) as alone:  # exclusive first: SO_REUSEPORT would succeed beside another server
        found = int(alone.getsockname()[1])
    with bound(host, found, option, shared=True):
        yield found


@dataclass
class _Workers:
    settings: Settings
    metrics: str

    def __post_init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all workers and wait until they are ready.

        Raises:
            ServingError: a worker ended before it was ready.
        """
        self._running = [self._started() for _ in range(self.settings.workers)]
        for worker in self._running:
            _wait_until_ready(worker)

    def replace_lost(self) -> None:
        """Restart workers that have ended.

        Raises:
            ServingError: the new worker ended before it was ready.
        """
        for number, worker in enumerate(self._running):
            if worker.poll() is None:
                continue
            write_event("worker_lost", worker=worker.pid, code=worker.returncode)
            _close_pipes(worker)
            multiprocess.mark_process_dead(worker.pid, self.metrics)  # type: ignore[no-untyped-call]  # untyped
            self._running[number] = self._started()
            _wait_until_ready(self._running[number])

    def stop(self) -> None:
        """Stop all workers with SIGTERM; kill those that exceed drain, grace and 5 s."""
        for worker in self._running:
            worker.send_signal(signal.SIGTERM)
        for worker in self._running:
            try:
                worker.wait(self.settings.drain + self.settings.grace + 5)
            except subprocess.TimeoutExpired:
                write_event("worker_killed", worker=worker.pid)
                worker.kill()
                worker.wait()
            _close_pipes(worker)

    def _started(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  # our own module
            [sys.executable, "-m", "digit_infer.serving.server", self.settings.as_json()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, FOLDER_VARIABLE: self.metrics},
        )


def _wait_until_ready(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdout is None or worker.stdout.readline() != READY:
        raise ServingError("a worker could not start", "see its message above")


def _close_pipes(worker: subprocess.Popen[bytes]) -> None:
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            pipe.close()


@contextmanager
def _told_to_stop() -> Iterator[Event]:
    told = Event()
    before = {number: signal.signal(number, lambda *_: told.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
