"""Models in a browser: ONNX Runtime Web and LiteRT.js in Chromium, by WebAssembly, driven by Playwright.

It shows what a page on a user's phone or desk will answer, and how fast; the page is ``browser.js``. Nothing is requested
from other hosts: this process serves the page, with the headers that isolate it, so that it has threads and a fine clock.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import struct
import threading
import weakref
from collections.abc import Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import numpy as np

from digit_infer.contract import PRECISIONS, Format, Precision, check_images, check_signature
from digit_infer.errors import DamagedModelError, InferenceError, RuntimeUnavailableError, UsageError, first_line_of
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Availability, Runtime, RuntimeName, answer_in_parts, installed_version

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import Answers, Pictures

PACKAGES_VARIABLE = "DIGIT_INFER_BROWSER_PACKAGES"
_SCRIPT = Path(__file__).with_suffix(".js")
_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_LONGEST_CALL = 1_024
_LONGEST_OPEN_S = 120.0
_PAGE = b"""<!doctype html><title>digit_infer</title><link rel="icon" href="data:,">
<script type="importmap">{"imports": {"@litertjs/wasm-utils": "/packages/@litertjs/wasm-utils/dist/index.js"}}</script>
<script type="module" src="/browser.js"></script>"""
_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm"}


def packages_folder() -> Path:
    """Return the folder of the packages of npm: what ``DIGIT_INFER_BROWSER_PACKAGES`` names, or one in the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = Path(base) if base else Path.home() / ".cache"
    return Path(os.environ.get(PACKAGES_VARIABLE) or cache / "digit_infer" / "browser")


@dataclass(frozen=True)
class Browser:
    """Runs the files of a format by a package of npm."""

    name: RuntimeName
    format: Format | None
    package: str
    precisions: tuple[Precision, ...] = PRECISIONS
    marks_ink = True

    def availability(self) -> Availability:
        """Return the version of the package; Playwright and Chromium must be there, too."""
        if installed_version("playwright") is None:
            return Availability(None, "not installed: pip install digit-infer[browser]")
        if _chromium() is None:
            return Availability(None, "there is no Chromium: apt-get install chromium")
        try:
            about = (packages_folder() / "node_modules" / self.package / "package.json").read_text(encoding="utf-8")
        except OSError:
            return Availability(
                None, f"not installed: {self.package}, by python -m bench browser install in a checkout of digit_infer"
            )
        return Availability(f"{self.package} {json.loads(about)['version']}")

    def open(self, file: ModelFile | None, threads: int | None) -> BrowserSession:
        """Start Chromium, and load a model in a page of its own."""
        if file is None:
            raise UsageError(f"{self.name} needs a model file", "name a model")
        state = self.availability()
        if state.version is None:
            raise RuntimeUnavailableError(f"the runtime {self.name} is not available", str(state.reason))
        return BrowserSession(self, file, threads or 1, state.version)


class BrowserSession:
    """A model in a page. Calls take turns; the browser ends with the session or the process."""

    def __init__(self, runtime: Browser, file: ModelFile, threads: int, package: str) -> None:
        self.threads: int | None = threads
        self._contract = file.contract
        self._size = int(np.prod(file.contract.takes))
        self._served = _Served(file)
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=_run, args=[self._loop], name=runtime.name, daemon=True).start()
        self._turn = threading.Lock()
        self._stop: list[Any] = []
        self.close = weakref.finalize(self, _close, self._loop, self._served, self._stop)
        try:
            self._open(runtime.name, file, package)
        except BaseException:
            self.close()
            raise

    def _open(self, name: RuntimeName, file: ModelFile, package: str) -> None:
        """Start the browser and load the model."""
        try:
            self._page, version = self._do(_opened(self._stop, self._served.address))
        except Exception as error:
            raise RuntimeUnavailableError(
                f"the runtime {name} is not available", f"Chromium does not start ({first_line_of(error, 200)})"
            ) from error
        self.provider = f"{package}, Chromium {version}"
        try:
            told = {"format": file.format, "threads": self.threads}
            inputs, outputs = self._call("open", told, longest_s=_LONGEST_OPEN_S)
        except InferenceError as error:
            raise DamagedModelError(
                f"{file.path} cannot be run by {package} ({error.problem})", "export it again"
            ) from error
        batch = None if file.format == "onnx" else 1
        ends = ([(kind, shape) for kind, shape in end] for end in (inputs, outputs))
        check_signature(str(file.path), *ends, contract=file.contract, batch=batch)

    @property
    def downloads(self) -> dict[str, int]:
        """The bytes of each path that the page has requested."""
        return dict(self._served.sent)

    def answers(self, pictures: Pictures) -> Answers:
        """Return the outputs of the contract for its inputs, computed picture by picture."""
        check_images(pictures, self._contract)
        if len(pictures) == 0:
            return np.empty((0, *self._contract.gives), self._contract.dtype)
        return answer_in_parts(self._answers, pictures, _LONGEST_CALL)

    def _answers(self, pictures: Pictures) -> Answers:
        found = base64.b64decode(self._call("answers", _encoded(pictures), self._size))
        return np.frombuffer(found, self._contract.dtype).reshape(len(pictures), *self._contract.gives).copy()

    def take(self, pictures: Pictures, batch: int) -> None:
        """Give the page the pictures of queries of ``batch`` pictures, for ``timed`` and ``back_to_back``."""
        self._call("take", _encoded(pictures), self._size, batch)

    def timed(self, seconds: float, at_least: int, pause_s: float) -> list[int]:
        """Send queries for ``seconds``, at least ``at_least``, with a pause before each; return the ns of each."""
        samples: list[int] = self._call("timed", seconds, at_least, pause_s)
        return samples

    def back_to_back(self, count: int) -> float:
        """Send ``count`` queries without reading the clock between them, and return the seconds of all."""
        return float(self._call("backToBack", count))

    def _call(self, name: str, *arguments: object, longest_s: float | None = None) -> Any:
        try:
            with self._turn:
                asked = self._page.evaluate("([name, given]) => window.digits[name](...given)", [name, arguments])
                return self._do(asked, longest_s)
        except Exception as error:  # what a page throws, and what Playwright says of a browser that ended
            raise InferenceError(f"{self.provider} failed ({first_line_of(error, 200)})", "report this model") from error

    def _do(self, work: Coroutine[Any, Any, Any], longest_s: float | None = None) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(longest_s)


async def _opened(stop: list[Any], address: str) -> tuple[Any, str]:
    """Start Chromium on a page; ``stop`` takes what ends it, the last first. Return the page and the version."""
    from playwright.async_api import async_playwright

    playwright = await async_playwright().start()
    stop.append(playwright.stop)
    as_root = ["--no-sandbox"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    browser = await playwright.chromium.launch(executable_path=_chromium(), args=as_root)
    stop.append(browser.close)
    page = await browser.new_page()
    page.set_default_timeout(0)
    await page.goto(address)
    await page.wait_for_function("window.digits !== undefined && window.crossOriginIsolated", timeout=30_000)
    return page, browser.version


def _run(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _close(loop: asyncio.AbstractEventLoop, served: _Served, stop: list[Any]) -> None:
    """End the browser and the server; do not wait, since Python may collect the session in one of their own threads."""

    async def end() -> None:
        while stop:
            await stop.pop()()
        served.close()
        loop.stop()

    asyncio.run_coroutine_threadsafe(end(), loop)


class _Served:
    """A server on this machine alone: the page, the packages, and one model."""

    def __init__(self, file: ModelFile) -> None:
        self._name, self._content = str(file.path), file.path.read_bytes()
        if file.format == "tflite":
            static_batch(self._name, self._content, 1)  # a damaged file is found here, where the error can be told
        self._folder = (packages_folder() / "node_modules").resolve()
        self.sent: dict[str, int] = {}
        served = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = served.found(self.path)
                content, kind = found or (b"", "text/plain")
                self.send_response(HTTPStatus.OK if found else HTTPStatus.NOT_FOUND)
                for name, value in (
                    ("Content-Type", kind),
                    ("Content-Length", str(len(content))),
                    ("Cross-Origin-Opener-Policy", "same-origin"),
                    ("Cross-Origin-Embedder-Policy", "require-corp"),
                ):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"
        threading.Thread(target=self._server.serve_forever, name="digit_infer page", daemon=True).start()

    def found(self, target: str) -> tuple[bytes, str] | None:
        """Return what a target of a request stands for, and its type; None where there is nothing."""
        url = urlsplit(target)
        if url.path == "/":
            return _PAGE, "text/html"
        if url.path == "/model":
            content = self._content
            if batch := parse_qs(url.query).get("batch"):
                content = static_batch(self._name, content, int(batch[0]))
            kind = "application/octet-stream"
        else:
            path = (self._folder / url.path.removeprefix("/packages/")).resolve()
            path = _SCRIPT if url.path == "/browser.js" else path
            if path != _SCRIPT and not (path.is_relative_to(self._folder) and path.is_file()):
                return None
            content, kind = path.read_bytes(), _TYPES.get(path.suffix, "application/octet-stream")
        self.sent[url.path] = len(content)
        return content, kind

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


def static_batch(name: str, content: bytes, batch: int) -> bytes:
    """Return a ``.tflite`` file whose dynamic sizes, which are those of the batch, are ``batch``; LiteRT.js takes no other.

    Nothing moves and nothing else changes: the shapes are overwritten where they are.

    Raises:
        DamagedModelError: it is no TFLite model, or a damaged one; the message has its ``name``.
    """
    written = bytearray(content)
    try:
        if content[4:8] != b"TFL3":
            raise ValueError("it has no such identifier")
        (root,) = struct.unpack_from("<I", content, 0)
        for graph in _tables(content, _field(content, root, 2)):
            for tensor in _tables(content, _field(content, graph, 0)):
                shape, signature = (_vector(content, _field(content, tensor, number)) for number in (0, 7))
                for place, sign in zip(shape, signature, strict=False):
                    if struct.unpack_from("<i", content, sign)[0] < 0:
                        struct.pack_into("<i", written, place, batch)
                        struct.pack_into("<i", written, sign, batch)
    except (struct.error, ValueError) as error:
        raise DamagedModelError(f"{name} is no TFLite model ({error})", "export it again") from error
    return bytes(written)


def _field(content: bytes, table: int, number: int) -> int:
    """Return where a field of a FlatBuffers table is; 0 where the table leaves it out."""
    vtable: int = table - struct.unpack_from("<i", content, table)[0]
    (size,) = struct.unpack_from("<H", content, vtable)
    slot = 4 + 2 * number
    offset: int = struct.unpack_from("<H", content, vtable + slot)[0] if slot < size else 0
    return table + offset if offset else 0


def _vector(content: bytes, field: int) -> range:
    """Return where the elements of a vector are, each of four bytes."""
    if not field:
        return range(0)
    start: int = field + struct.unpack_from("<I", content, field)[0]
    (length,) = struct.unpack_from("<I", content, start)
    return range(start + 4, start + 4 + 4 * length, 4)


def _tables(content: bytes, field: int) -> list[int]:
    return [place + struct.unpack_from("<I", content, place)[0] for place in _vector(content, field)]


def _chromium() -> str | None:
    return next(filter(None, map(shutil.which, _CHROMIUM)), None)


def _encoded(pictures: Pictures) -> str:
    return base64.b64encode(np.ascontiguousarray(pictures).tobytes()).decode("ascii")


ONNX_RUNTIME: Runtime = Browser("browser-onnx", "onnx", "onnxruntime-web")
TFLITE_RUNTIME: Runtime = Browser("browser-tflite", "tflite", "@litertjs/core")
