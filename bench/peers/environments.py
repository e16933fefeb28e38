"""Virtual environments, one per peer, so that no peer's requirements affect another.

Each has the packages in ``requirements/NAME.txt`` and this checkout without extras, so that the same code measures all.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from digit_infer.errors import MeasurementError

_HERE = Path(__file__).parent
_CHECKOUT = _HERE.parents[1]
_VERSIONS = """
import importlib.metadata, json, sys
print(json.dumps({name: importlib.metadata.version(name) for name in sys.argv[1:]}))
"""


@dataclass(frozen=True)
class Environment:
    """A virtual environment; ``home`` is its parent folder, ignored by git.

    ``needs`` is a system program that pip cannot install, with its Debian package.
    """

    name: str
    home: Path = _HERE / ".venv"
    needs: tuple[str, str] | None = None

    @property
    def folder(self) -> Path:
        """Path of the environment."""
        return self.home / self.name

    @property
    def requirements(self) -> Path:
        """File with the packages besides digit_infer."""
        return _HERE / "requirements" / f"{self.name}.txt"

    def program(self, name: str) -> Path:
        """Return the path of a program in the environment.

        Raises:
            MeasurementError: it is not installed.
        """
        self._check_system()
        path = self._path(name)
        if not path.exists():
            raise MeasurementError(
                f"the environment {self.name} has no {name} ({path})", f"python -m bench peers install {self.name}"
            )
        return path

    def _check_system(self) -> None:
        if self.needs is not None and shutil.which(self.needs[0]) is None:
            program, package = self.needs
            raise MeasurementError(
                f"the environment {self.name} needs the program {program}, which is not on the PATH",
                f"apt-get install {package}",
            )

    def _path(self, name: str) -> Path:
        windows = os.name == "nt"
        return self.folder / ("Scripts" if windows else "bin") / (f"{name}.exe" if windows else name)

    def install(self) -> None:
        """Create or update the environment.

        Raises:
            MeasurementError: pip failed.
        """
        if not self._path("pip").exists():  # absent, or interrupted
            venv.create(self.folder, with_pip=True)
        quiet = ["--quiet", "--disable-pip-version-check"]
        what = ["--editable", str(_CHECKOUT), "--requirement", str(self.requirements)]
        self.output_of("python", "-m", "pip", "install", *quiet, *what)

    def versions(self) -> dict[str, str]:
        """Return the versions of numpy, of the required packages, and of the system program."""
        named = [line.partition(">=")[0] for line in self.requirements.read_text(encoding="utf-8").split()]
        found = dict(json.loads(self.output_of("python", "-c", _VERSIONS, "numpy", *named)))
        if self.needs is not None:
            asked = subprocess.run([self.needs[0], "--version"], capture_output=True, text=True, check=False)
            found[self.needs[0]] = (asked.stdout or asked.stderr).partition("\n")[0].removeprefix(self.needs[0]).strip()
        return found

    def variables(self) -> dict[str, str]:
        """Return the environment variables for its processes: this one's, with this checkout first on the path."""
        return os.environ | {"PYTHONPATH": str(_CHECKOUT), "TF_CPP_MIN_LOG_LEVEL": "3"}

    def output_of(self, program: str, *words: str) -> str:
        """Run one of its programs, and return its stdout.

        Raises:
            MeasurementError: it is not installed, or failed.
        """
        command = [str(self.program(program)), *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=self.variables())
        if done.returncode != 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["it gave no reason"]
            raise MeasurementError(
                f"{program} failed in the environment {self.name}: {said[-1]}", f"see more by: {shlex.join(command)}"
            )
        return done.stdout


ENVIRONMENTS: Mapping[str, Environment] = {
    environment.name: environment
    for environment in (
        *map(
            Environment,
            ("onnxruntime", "litert", "openvino", "keras", "loadgen", "opencv", "scikit_image", "rapidocr", "triton"),
        ),
        Environment("tesseract", needs=("tesseract", "tesseract-ocr")),
    )
}


def versions(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the versions in these environments."""
    return {name: ENVIRONMENTS[name].versions() for name in names}
