"""A server as users start it, the real clients of both doors, and plain HTTP for what no client would send.

``DIGIT_INFER_SERVED=HOST:PORT,HOST:PORT`` lets the conformance tests ask a server that runs already, over REST and gRPC.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from digit_infer import Predictor

SERVED = "DIGIT_INFER_SERVED"
BODY_TIMEOUT = 1.5
MAX_BODY = 4 << 20
MODELS = ("digitnet", "softmax_regression")
DOORS = ("http", "grpc")


@dataclass
class Server:
    """A server that runs: where its doors are, its process where it is ours, and what it told on stderr so far."""

    rest: str
    grpc: str | None
    process: subprocess.Popen | None = None
    told: list[str] | None = None

    def request(self, method: str, path: str, body: bytes | None = None, headers: dict | None = None):
        """Ask over plain HTTP; return the status, the JSON, and the headers."""
        connection = http.client.HTTPConnection(self.rest, timeout=30)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        kind = response.headers.get("content-type", "")
        return response.status, json.loads(content) if "json" in kind else content, response.headers

    def infer(self, model: str, document: object, raw: bytes = b"", **headers: str):
        """Ask a model by a document of JSON, and raw tensors behind it."""
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        if raw:
            headers = {"Inference-Header-Content-Length": str(len(content)), **headers}
        return self.request("POST", f"/v2/models/{model}/infer", content + raw, headers)

    def events(self) -> list[dict]:
        """Return what it told on stderr so far."""
        return [json.loads(line) for line in self.told]


@contextmanager
def serving(*words: object, **environment: str) -> Iterator[Server]:
    """Run ``digit-infer serve``, and leave nothing behind."""
    script = shutil.which("digit-infer", path=str(Path(sys.executable).parent))
    command = [script, "serve", "--port", "0", "--drain", "0", *map(str, words)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    told: list[str] = []
    listening = Thread(target=lambda: told.extend(iter(process.stderr.readline, "")))
    listening.start()
    try:
        line = process.stdout.readline()
        found = re.search(r"on http://([^/]+)/(?:, gRPC on (\S+))?", line)
        assert found, f"{line!r} {told}"
        yield Server(found[1], found[2], process, told)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)
        listening.join()
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for all tests that leave it as it is."""
    if SERVED in os.environ:
        yield Server(*os.environ[SERVED].split(","))
        return
    for module, extra in (("starlette", "serve"), ("zttp", "grpc")):
        pytest.importorskip(module, reason=f"pip install 'digit-infer[{extra}]'")
    models = [word for name in MODELS for word in ("--model", name)]
    limits = ("--body-timeout", BODY_TIMEOUT, "--max-body", MAX_BODY, "--max-pixels", 2_000_000)
    with serving("--grpc-port", 0, *models, *limits) as running:
        yield running
    assert running.process.returncode == 0
    odd = [event for event in running.events() if event["event"] not in ("request", "invalid_frame", "stopping", "stopped")]
    assert {event.get("message") for event in odd} <= {"Invalid HTTP request received."}, odd


@pytest.fixture(scope="session")
def predictor() -> Predictor:
    return Predictor()


@pytest.fixture
def images(mnist_test) -> np.ndarray:
    return mnist_test.images[:8]


@dataclass(frozen=True)
class Client:
    """The real client of one door, with what differs between the two."""

    library: object
    asking: object
    door: str

    def tensor(self, name: str, array: np.ndarray, datatype: str, *, raw: bool = True):
        tensor = self.library.InferInput(name, list(array.shape), datatype)
        return (
            tensor.set_data_from_numpy(array, binary_data=raw) if self.door == "http" else tensor.set_data_from_numpy(array)
        )

    def wanted(self, name: str, *, raw: bool = True):
        more = {"binary_data": raw} if self.door == "http" else {}
        return self.library.InferRequestedOutput(name, **more)

    def probabilities(self, images: np.ndarray, *, raw_in: bool = True, raw_out: bool = True, model: str = "digitnet"):
        inputs = [self.tensor("images", images, "UINT8", raw=raw_in)]
        answer = self.asking.infer(model, inputs, outputs=[self.wanted("probabilities", raw=raw_out)])
        return answer.as_numpy("probabilities")


@pytest.fixture(params=DOORS)
def client(request, server) -> Iterator[Client]:
    """The real client, over REST, then over gRPC."""
    library = pytest.importorskip(f"tritonclient.{request.param}", reason="pip install 'digit-infer[clients]'")
    asking = library.InferenceServerClient(server.rest if request.param == "http" else server.grpc)
    yield Client(library, asking, request.param)
    asking.close()
