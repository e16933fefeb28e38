"""``python -m bench browser``: install the packages, compare answers in a browser with those here, write a page."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import click

from bench.agreement import Agreement, agreement, pictures_of, print_agreements
from bench.answering import RUNTIME_OF, every_file
from bench.recording import record, versions_of
from digit_infer import zoo
from digit_infer.cli.reporting import ReportingCommand, ReportingGroup, quiet_native_log
from digit_infer.errors import MeasurementError
from digit_infer.files import write_bytes, write_text
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.browser import Browser, BrowserSession, packages_folder, static_batch
from digit_infer.runtimes.protocol import RuntimeName, answer_in_parts
from digit_infer.zoo.resolve import find_file

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[1]
EXAMPLE = _CHECKOUT / "examples" / "browser"
_SERVED = _CHECKOUT / "digit_infer" / "serving" / "static"
BROWSER_OF: Mapping[str, RuntimeName] = {"onnx": "browser-onnx", "tflite": "browser-tflite"}
_LOCK = ("package.json", "package-lock.json")


@click.group(cls=ReportingGroup)
def browser() -> None:
    """Run the bundled files in Chromium, on ONNX Runtime Web and LiteRT.js."""


@browser.command(cls=ReportingCommand)
def install() -> None:
    """Install both packages by npm into the user's cache, with the versions and checksums of package-lock.json."""
    folder = packages_folder()
    if shutil.which("npm") is None:
        raise MeasurementError("the packages for browsers come by npm, which is not on the PATH", "apt-get install npm")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _LOCK:
        shutil.copyfile(_HERE / name, folder / name)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it gave no reason"]
        raise MeasurementError(f"npm failed: {said[0]}", f"see more by: {' '.join(command)}")
    click.echo(f"installed in {folder}", err=True)


@browser.command("agreement", cls=ReportingCommand)
@click.option("--model", "only", multiple=True, help="Repeatable; then nothing is recorded. [default: all]")
def compare(only: tuple[str, ...]) -> None:
    """Run every bundled file on the 10,000 test images, one by one, in Chromium and here."""
    found: list[Agreement] = []
    downloads: dict[str, dict[str, int]] = {}
    with quiet_native_log() as stderr:
        for file in every_file():
            if only and file.model not in only:
                continue
            pictures, name = pictures_of(file), BROWSER_OF[file.format]
            here = answer_in_parts(RUNTIMES[RUNTIME_OF[file.format]].open(file, 1).answers, pictures, 1)
            session = RUNTIMES[name].open(file, 1)
            assert isinstance(session, BrowserSession)
            found.append(agreement(file, session.provider, here, session.answers(pictures)))
            if name not in downloads:
                downloads[name] = _packed(session.downloads)
            session.close()
            print(file.path.name, file=stderr, flush=True)  # progress
    print_agreements(found)
    if not only:
        versions = versions_of("onnxruntime", "ai-edge-litert", "playwright")
        record("browser", {"downloads": downloads, "results": [asdict(entry) for entry in found]}, versions)


def _packed(downloads: Mapping[str, int]) -> dict[str, int]:
    """Return the size of the files that a page requested of a package, plain and compressed."""
    paths = [path for path in downloads if path.startswith("/packages/")]
    contents = [(packages_folder() / "node_modules" / path.removeprefix("/packages/")).read_bytes() for path in paths]
    return {
        "files": len(paths),
        "bytes": sum(map(len, contents)),
        "gzip_bytes": sum(len(gzip.compress(content, 9)) for content in contents),
    }


@browser.command(cls=ReportingCommand)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--model", default=zoo.DEFAULT_MODEL, show_default=True, help="A name of the zoo, or the path of a .tflite file."
)
def page(out: Path, model: str) -> None:
    """Write a page into OUT that reads drawn digits in the browser alone, for any server of static files."""
    runtime = RUNTIMES["browser-tflite"]
    assert isinstance(runtime, Browser)
    packages = packages_folder() / "node_modules" / "@litertjs"
    if not packages.exists():
        raise MeasurementError("LiteRT.js is not installed", "python -m bench browser install")
    file = find_file(model, runtime, None if zoo.is_path(model) else "int8")
    assert file is not None
    wasm = [
        packages / "core/wasm" / f"litert_wasm{kind}_internal{end}" for kind in ("", "_compat") for end in (".js", ".wasm")
    ]
    sources = {path.name: path for path in EXAMPLE.glob("*.js")}
    sources |= {name: _SERVED / name for name in ("answer.js", "icon.svg", "pad.js", "style.css")}
    sources |= {"litert/index.js": packages / "core/dist/index.js"}
    sources |= {"litert/wasm-utils.js": packages / "wasm-utils/dist/index.js"}
    for name, source in (sources | {f"litert/wasm/{path.name}": path for path in wasm}).items():
        write_bytes(out / name, source.read_bytes())
    served, head = (path.read_text(encoding="utf-8") for path in (_SERVED / "index.html", EXAMPLE / "head.html"))
    write_text(out / "index.html", served.replace("page/", "").replace("    <title>", head + "    <title>"))
    write_bytes(out / "model.tflite", static_batch(str(file.path), file.path.read_bytes(), 1))
    about = {"name": file.model, "reject_below": zoo.reject_below(model)}
    write_text(out / "model.json", json.dumps(about) + "\n")
    click.echo(f"written to {out}; see it: python -m http.server --bind 127.0.0.1 --directory {out}", err=True)
