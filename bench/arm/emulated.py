"""An ARM machine (aarch64) emulated by QEMU, with the wheel installed as its users install it.

QEMU emulates single ARM programs, so nothing is booted and no privileges are needed: the programs are Debian's, unpacked
into a folder, and pip installs the ARM wheels. Files in that folder describe the processor to libraries; without them the
libraries would read those of the host, and ONNX Runtime ends in a segmentation fault.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import answering
from digit_infer.errors import MeasurementError
from digit_infer.runtimes.model_file import ModelFile

CHECKOUT = Path(__file__).parents[2]
RELEASE = "bookworm"
EMULATOR, UNPACKER = "qemu-aarch64-static", "mmdebstrap"
_PACKAGES = ("libc6", "libgcc-s1", "libpython3-stdlib", "libstdc++6", "python3-minimal")
_PYTHON, _GLIBC_MINOR = "3.11", 36
"""Those of Debian ``RELEASE``; pip takes wheels for this C library and earlier ones."""

EXTRAS = {"onnx": ("cpu", "onnxruntime"), "tflite": ("tflite", "ai_edge_litert")}
"""The extra that runs the files of a format, and the distribution of its runtime."""


@dataclass(frozen=True)
class Processor:
    """A processor that QEMU emulates, as Linux describes it in ``/proc/cpuinfo``; ``found_in`` says who has it."""

    name: str
    found_in: str
    part: str
    features: str

    @property
    def cpuinfo(self) -> str:
        """The text of ``/proc/cpuinfo``: one core."""
        return (
            f"processor\t: 0\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
            f"CPU variant\t: 0x0\nCPU part\t: {self.part}\nCPU revision\t: 0\n\n"
        )


_ARM_8_0 = "fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid"
PROCESSORS = {
    processor.name: processor
    for processor in (
        Processor("cortex-a72", "a Raspberry Pi 4; no instruction for dot products of bytes", "0xd08", _ARM_8_0),
        Processor(
            "cortex-a76",
            "a Raspberry Pi 5 and most phones since 2018; dot products of bytes, and arithmetic in float16",
            "0xd0b",
            f"{_ARM_8_0} atomics fphp asimdhp asimdrdm lrcpc dcpop asimddp",
        ),
    )
}


class Machine:
    """A folder with the programs and packages of an emulated machine."""

    def __init__(self, processor: Processor, folder: Path) -> None:
        """Set the processor and the folder.

        Raises:
            MeasurementError: this machine lacks a program.
        """
        missing = [program for program in (EMULATOR, UNPACKER) if shutil.which(program) is None]
        if missing:
            raise MeasurementError(
                f"emulated ARM needs {' and '.join(missing)}", "on Debian: apt-get install qemu-user-static mmdebstrap"
            )
        self.processor = processor
        self.folder = folder
        self._root = folder / "root" / processor.name

    def unpack(self) -> None:
        """Unpack Debian, and describe the processor to the libraries.

        Raises:
            MeasurementError: a package is not available; the message has the last line of the program that failed.
        """
        if not (self._root / "usr/bin/python3").exists():
            shutil.rmtree(self._root, ignore_errors=True)
            self._root.parent.mkdir(parents=True, exist_ok=True)
            unpack = ["--variant=extract", "--architectures=arm64", f"--include={','.join(_PACKAGES)}"]
            _run([UNPACKER, "--quiet", *unpack, RELEASE, str(self._root)])
        described = {
            "proc/cpuinfo": self.processor.cpuinfo,
            **dict.fromkeys((f"sys/devices/system/cpu/{name}" for name in ("online", "possible", "present")), "0\n"),
        }
        for name, text in described.items():
            path = self._root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="ascii")

    def runtime_of(self, file: ModelFile) -> str:
        """Return the distribution and version that runs a file."""
        extra, distribution = EXTRAS[file.format]
        (found,) = _packages(self.folder, extra).glob(f"{distribution}-*.dist-info")
        return found.name.removesuffix(".dist-info").replace("_", "-")

    def check(self, extra: str, picture: Path, digit: int) -> None:
        """Run ``digit-infer predict`` on a picture there, as a user does after ``pip install digit-infer[EXTRA]``.

        Raises:
            MeasurementError: it fails, or reads another digit.
        """
        command = "from digit_infer.console import run; raise SystemExit(run())"
        found = json.loads(self.python(extra, "-c", command, "predict", str(picture), "--json"))["predictions"][0]["digit"]
        if found != digit:
            raise MeasurementError(f"{picture.name} was read as {found} on {self.processor.name}", "report this")

    def python(self, extra: str, *words: str) -> str:
        """Run Python on the emulated machine with the packages of an extra, and return its output.

        Raises:
            MeasurementError: it failed.
        """
        place = os.environ | {"PYTHONPATH": str(_packages(self.folder, extra)), "QEMU_CPU": self.processor.name}
        place |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
        return _run([EMULATOR, "-L", str(self._root), str(self._root / f"usr/bin/python{_PYTHON}"), *words], place)

    def answers(self, file: ModelFile, pictures: Path) -> Path:
        """Run a file on the pictures of a ``.npy``, unless its answers exist, and return their path.

        Raises:
            MeasurementError: it failed.
        """
        path = self.folder / "answers" / self.processor.name / self.runtime_of(file)
        path /= f"{file.path.name}.{str(file.sha256)[:12]}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            extra, _ = EXTRAS[file.format]
            said = json.loads(self.python(extra, answering.__file__, file.path.name, str(pictures), str(path)))
            if said["machine"] != "aarch64":
                raise MeasurementError(f"{EMULATOR} ran {file.path.name} on {said['machine']}", "see its manual")
        return path


def install_wheel(folder: Path) -> None:
    """Install the wheel of this checkout with each of ``EXTRAS`` into ``folder``, with the packages for ARM.

    Raises:
        MeasurementError: a package could not be had; the message has the last line of the program that failed.
    """
    platforms = [f"--platform=manylinux_2_{minor}_aarch64" for minor in range(17, _GLIBC_MINOR + 1)]
    pip = [sys.executable, "-m", "pip"]
    with TemporaryDirectory(prefix="digit-infer-") as built:
        _run([*pip, "wheel", "--quiet", "--no-deps", f"--wheel-dir={built}", str(CHECKOUT)])
        (wheel,) = Path(built).glob("*.whl")
        for extra, _ in EXTRAS.values():
            target = _packages(folder, extra)
            shutil.rmtree(target, ignore_errors=True)
            how = [f"--target={target}", "--only-binary=:all:", f"--python-version={_PYTHON}", *platforms]
            _run([*pip, "install", "--quiet", *how, f"{wheel}[{extra}]"])


def emulator_version() -> str:
    """Return QEMU's version."""
    return _run([EMULATOR, "--version"]).split("\n")[0].removeprefix("qemu-aarch64 version ")


def _packages(folder: Path, extra: str) -> Path:
    return folder / "packages" / extra


def _run(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or [f"exit code {done.returncode}"]
        raise MeasurementError(f"{Path(command[0]).name} failed: {said[-1]}", f"see more by: {' '.join(command)}")
    return done.stdout
