"""A long load leaves memory and descriptors as they were; ``DIGIT_INFER_LOAD_MINUTES=10`` runs it."""

import asyncio
import importlib
import os
import socket
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from .conftest import serving
from .test_faults import HEAD

MINUTES = float(os.environ.get("DIGIT_INFER_LOAD_MINUTES", "0"))
CLIENTS = 8
GROWTH_MB = 8.0
"""What the last fifth of the time may need more than the second: allocators keep some of what was freed."""

pytestmark = pytest.mark.skipif(
    not MINUTES or not Path("/proc/self/fd").exists(), reason="long: DIGIT_INFER_LOAD_MINUTES=10 runs it, on Linux"
)


def memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def descriptors(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def load(server, examples, end: float, samples: list[tuple[float, int]]) -> int:
    """Ask by both doors for images and pictures, drop connections, send what is broken, and look now and then."""
    http, grpc = (importlib.import_module(f"tritonclient.{door}.aio") for door in ("http", "grpc"))
    utils = importlib.import_module("tritonclient.utils")
    files = [path.read_bytes() for path in sorted(examples.glob("*.[jp][pn]g"))]
    answered = 0

    async def ask(number: int) -> None:
        nonlocal answered
        library, address = ((http, server.rest), (grpc, server.grpc))[number % 2]
        sync = importlib.import_module("tritonclient.http" if number % 2 == 0 else "tritonclient.grpc")
        draw = np.random.default_rng(number)
        while time.monotonic() < end:
            async with library.InferenceServerClient(address) as asking:
                for _ in range(50):
                    if draw.random() < 0.1:
                        content = np.array([[files[draw.integers(len(files))]]], np.object_)
                        tensor = sync.InferInput("picture", [1, 1], "BYTES").set_data_from_numpy(content)
                        await asking.infer("digitnet_picture", [tensor])
                    elif draw.random() < 0.1:
                        tensor = sync.InferInput("images", [1, 2, 2], "UINT8")
                        tensor.set_data_from_numpy(np.zeros((1, 2, 2), np.uint8))
                        with pytest.raises(utils.InferenceServerException):
                            await asking.infer("digitnet", [tensor])
                    else:
                        count = int(draw.integers(1, 40))
                        tensor = sync.InferInput("images", [count, 28, 28], "UINT8")
                        tensor.set_data_from_numpy(draw.integers(0, 256, (count, 28, 28), np.uint8))
                        await asking.infer("digitnet", [tensor])
                    answered += 1

    async def drop_and_look() -> None:
        host, port = server.rest.split(":")
        while time.monotonic() < end:
            for part in (b"", HEAD, HEAD + b"{"):
                with socket.create_connection((host, int(port))) as dropped:
                    dropped.sendall(part)
            await asyncio.sleep(0.25)
            samples.append((memory_mb(server.process.pid), descriptors(server.process.pid)))

    await asyncio.gather(*map(ask, range(CLIENTS)), drop_and_look())
    return answered


def test_memory_and_descriptors_do_not_grow(examples):
    pytest.importorskip("tritonclient", reason="pip install 'digit-infer[clients]'")
    samples: list[tuple[float, int]] = []
    with serving("--grpc-port", 0, "--no-access-log") as server:
        answered = asyncio.run(load(server, examples, time.monotonic() + 60 * MINUTES, samples))
        assert answered > 100
        fifth = len(samples) // 5
        early, late = samples[fifth : 2 * fifth], samples[-fifth:]
        memory = [float(np.median([one[0] for one in part])) for part in (early, late)]
        held = [max(one[1] for one in part) for part in (early, late)]
        told = f"{answered} requests, {memory[0]:.1f} -> {memory[1]:.1f} MB, {held[0]} -> {held[1]} descriptors\n"
        sys.stdout.write(told)  # for whoever runs it with -s
        assert memory[1] - memory[0] < GROWTH_MB
        assert held[1] <= held[0] + 5
        assert server.request("GET", "/v2/health/ready")[0] == 200
    assert server.process.returncode == 0
