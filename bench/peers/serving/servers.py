"""Starts and stops both servers on free ports."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from bench.peers.environments import ENVIRONMENTS
from digit_infer.errors import MeasurementError
from export.triton_repository import write_repository

_ENVIRONMENT = "triton"
_START_S = 60


@dataclass(frozen=True)
class Addresses:
    """Addresses HOST:PORT of a server's REST and gRPC."""

    rest: str
    grpc: str


@contextmanager
def ours(model: str, workers: int = 1) -> Iterator[Addresses]:
    """Run ``digit-infer serve`` with its defaults, except for the access log, which Triton does not write."""
    script = Path(sysconfig.get_path("scripts")) / "digit-infer"
    words = ["serve", "--model", model, "--port", "0", "--grpc-port", "0", "--no-access-log", "--workers", str(workers)]
    with _running([str(script), *words], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        found = re.search(r"on http://(\S+)/, gRPC on (\S+)", line)
        if found is None:
            raise MeasurementError("digit-infer serve did not start", "run it by hand to see why")
        yield Addresses(found[1], found[2])


@contextmanager
def triton(model: str) -> Iterator[Addresses]:
    """Run Triton, of nvidia-pytriton, on a repository as ``python -m export --triton-repository`` writes it.

    It has the Python backend only, which therefore also answers arrays.

    Raises:
        MeasurementError: its environment is not installed, or it does not start.
    """
    environment = ENVIRONMENTS[_ENVIRONMENT]
    python = environment.program("python")
    packages = Path(environment.output_of("python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    held = packages / "pytriton" / "tritonserver"
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with TemporaryDirectory(prefix="triton_") as name:
        folder = Path(name)
        write_repository(folder / "models", (model,), "python")
        shutil.copytree(held / "backends", folder / "backends")
        stub = held / "python_backend_stubs" / version / "triton_python_backend_stub"
        shutil.copy(stub, folder / "backends" / "python")
        rest, grpc = _free_ports()
        log = folder / "log.txt"
        command = [
            str(held / "bin" / "tritonserver"),
            f"--model-repository={folder / 'models'}",
            f"--backend-directory={folder / 'backends'}",
            "--http-address=127.0.0.1",
            f"--http-port={rest}",
            "--grpc-address=127.0.0.1",
            f"--grpc-port={grpc}",
            "--allow-metrics=false",
        ]
        libraries = f"{packages / 'nvidia_pytriton.libs'}:{sysconfig.get_config_var('LIBDIR')}"
        variables = environment.variables()
        variables |= {"LD_LIBRARY_PATH": libraries, "PATH": f"{python.parent}:{variables['PATH']}"}
        with log.open("wb") as told, _running(command, stdout=told, stderr=told, env=variables) as process:
            _wait_until_ready(process, rest, log)
            yield Addresses(f"127.0.0.1:{rest}", f"127.0.0.1:{grpc}")


@contextmanager
def _running(command: list[str], **settings: object) -> Iterator[subprocess.Popen[bytes]]:
    process: subprocess.Popen[bytes] = subprocess.Popen(command, **settings)  # type: ignore[call-overload]  # by name
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _free_ports() -> list[int]:
    with socket.socket() as one, socket.socket() as other:
        for held in (one, other):
            held.bind(("127.0.0.1", 0))
        return [held.getsockname()[1] for held in (one, other)]


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=5):  # our own server
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    last = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"])[-1]
    raise MeasurementError(f"Triton did not start: {last[:300]}", "python -m bench peers install triton")


def run_conformance(addresses: Addresses) -> int:
    """Run the conformance suite against a running server, and return its exit code."""
    tests = Path(__file__).parents[3] / "tests" / "digit_infer" / "serving" / "test_conformance.py"
    variables = ENVIRONMENTS[_ENVIRONMENT].variables() | {"DIGIT_INFER_SERVED": f"{addresses.rest},{addresses.grpc}"}
    command = [sys.executable, "-m", "pytest", "-q", str(tests)]
    return subprocess.run(command, check=False, env=variables).returncode
