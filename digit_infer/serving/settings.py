"""What a server is told: models, doors, limits. The command line and the environment fill it; workers get it as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from digit_infer import zoo
from digit_infer.errors import UsageError

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import RuntimeName

ENVIRONMENT_PREFIX = "DIGIT_INFER"
PICTURE = "_picture"
"""What the model of pictures has behind the name of the network that answers it."""


@dataclass(frozen=True)
class Settings:
    """What ``digit-infer serve`` was told.

    Attributes:
        models: names of the zoo, or paths; the first answers the page.
        runtime, threads: as of a ``Predictor``.
        host: the address to bind.
        port: of REST and the page; 0 takes a free one.
        grpc_port: the same of gRPC; None leaves that door shut.
        workers: processes that answer.
        max_body: bytes in a request.
        max_pictures: pictures in a request.
        max_pixels: pixels in a picture.
        max_batch: pictures in a call of a model; a request of more makes a call of its own.
        max_waiting: requests that are read, wait or run, for each worker.
        body_timeout: seconds in which a body must come.
        drain: seconds after SIGTERM in which the server still answers, and says that it is not ready.
        grace: seconds after that in which what is in flight may end.
        access_log: whether each request is a line on stderr.
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
        """Return each model by the name that it is served as: a file by its name without the suffix.

        Raises:
            UsageError: two of one name.
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
        """Return them as a line of JSON, for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> Settings:
        """Return what ``as_json`` wrote."""
        values = json.loads(line)
        return cls(**{**values, "models": tuple(values["models"])})
