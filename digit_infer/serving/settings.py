"""Options of a server: models, ports, limits. Read from the command line and the environment; workers get them as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from digit_infer import zoo
from digit_infer.errors import UsageError

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import RuntimeName

PICTURE = "_picture"
"""Suffix of the model that takes image files: ``digitnet_picture`` answers with ``digitnet``."""


@dataclass(frozen=True)
class Settings:
    """Options of ``digit-infer serve``.

    Attributes:
        models: names in the zoo, or paths; the first one answers the page.
        runtime, threads: as for ``Predictor``.
        host: the address to bind.
        port: TCP port of REST and the page; 0 picks a free one.
        grpc_port: TCP port of gRPC, 0 picks a free one; None disables gRPC.
        workers: number of processes.
        max_body: bytes per request.
        max_pictures: pictures per request.
        max_pixels: pixels per picture.
        max_batch: pictures per model call; a larger request is a call of its own.
        max_waiting: requests per worker that are being read, queued or running.
        body_timeout: seconds to receive a body.
        drain: seconds after SIGTERM in which requests are still answered while readiness is false.
        grace: seconds after that for requests in flight to finish.
        access_log: whether to log each request.
    """

    models: tuple[str, ...]
    runtime: RuntimeName | Literal["auto"]
    threads: int | None
    host: str
    port: int
    grpc_port: int | None
    workers: int
    max_body: int
    max_pictures: int
    max_pixels: int
    max_batch: int
    max_waiting: int
    body_timeout: float
    drain: float
    grace: float
    access_log: bool

    def named_models(self) -> dict[str, str]:
        """Return the models by served name; a file is served under its stem.

        Raises:
            UsageError: two models have the same name.
        """
        named: dict[str, str] = {}
        for model in self.models:
            name = Path(model).stem if zoo.is_path(model) else model
            if name in named:
                raise UsageError(f"two models would be served as {name}", "rename one of the files")
            named[name] = model
        served = [served for name in named for served in (name, name + PICTURE)]
        if twice := {name for name in served if served.count(name) > 1}:
            raise UsageError(f"two models would be served as {', '.join(sorted(twice))}", "rename one of the files")
        return named

    def as_json(self) -> str:
        """Return the settings as one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Settings:
        """Return what ``as_json`` wrote."""
        values = json.loads(line)
        return cls(**{**values, "models": tuple(values["models"])})
