import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


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
            env={**os.environ, "PYTHONWARNINGS": "error", "PYTHONIOENCODING": "utf-8", **environment},
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
