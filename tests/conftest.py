"""What all tests share: the command line, MNIST's test images, and files that are damaged in known ways."""

from __future__ import annotations

import os
import pkgutil
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings
from PIL import Image

import digit_infer as package
from digit_infer import dataset
from digit_infer.cli import main
from digit_infer.errors import DatasetError

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

EXAMPLES = Path(__file__).parents[1] / "examples"

OURS = [module.name for module in pkgutil.walk_packages(package.__path__, "digit_infer.")]
ANNOUNCEMENTS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")
WARNINGS = ["error", *(f"ignore::{kind}" for kind in ANNOUNCEMENTS)]
WARNINGS += [f"error::{kind}:{name}" for kind in ANNOUNCEMENTS for name in OURS]
"""What pyproject.toml says, for a process: all is an error but what libraries announce to one another."""


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str


@pytest.fixture(scope="session")
def digit_infer():
    """Run the console script that lies beside this Python, as a user would."""
    script = shutil.which("digit-infer", path=str(Path(sys.executable).parent))
    assert script is not None, "digit-infer is not installed beside this Python"

    def run(*words, stdin: bytes | None = None, **environment) -> Run:
        done = subprocess.run(
            [script, *map(str, words)],
            check=False,
            capture_output=True,
            input=stdin,
            env={**os.environ, "PYTHONWARNINGS": ",".join(WARNINGS), "PYTHONIOENCODING": "utf-8", **environment},
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture
def digit_infer_here(capfd):
    """Run the same command line in this process, which saves its start where many runs are compared."""

    def run(*words) -> Run:
        with pytest.raises(SystemExit) as ended:
            main([str(word) for word in words], prog_name="digit-infer")
        return Run(ended.value.code, *capfd.readouterr())

    return run


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium, driven by Playwright."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="session")
def mnist_test() -> dataset.Split:
    return dataset.load("test")


@pytest.fixture(scope="session")
def mnist_train() -> dataset.Split:
    """MNIST's training images, which are not bundled; where they cannot be had, the test is skipped and says why."""
    try:
        return dataset.load("train")
    except DatasetError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def examples() -> Path:
    return EXAMPLES


@pytest.fixture(scope="session")
def example_digits() -> dict[str, int]:
    """The digit of each example, as its README says."""
    rows = [line.split("|") for line in (EXAMPLES / "README.md").read_text(encoding="utf-8").splitlines() if "| `" in line]
    return {row[1].strip().strip("`"): int(row[2]) for row in rows}


@pytest.fixture(scope="session")
def bad_pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are no pictures, each in its own way; for reading only."""
    folder = tmp_path_factory.mktemp("bad")
    files = {name: folder / f"{name}.png" for name in ("empty", "text", "truncated", "huge", "blank")}
    files["empty"].write_bytes(b"")
    files["text"].write_text("a seven, in words", encoding="utf-8")
    whole = (EXAMPLES / "seven.png").read_bytes()
    files["truncated"].write_bytes(whole[: len(whole) // 2])
    Image.new("1", (20_000, 20_000)).save(files["huge"])
    Image.fromarray(np.full((50, 50), 200, np.uint8)).save(files["blank"])
    return files
