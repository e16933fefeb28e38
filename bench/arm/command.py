"""``python -m bench arm``: compares every bundled file on emulated ARM with its answers here."""

from __future__ import annotations

import platform
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from bench.agreement import Agreement, agreement, pictures_of, print_agreements
from bench.answering import answer, every_file
from bench.arm.emulated import CHECKOUT, EXTRAS, PROCESSORS, Machine, emulator_version, install_wheel
from bench.recording import record, versions_of
from digit_infer.cli.reporting import ReportingCommand, quiet_native_log

_ALL = tuple(PROCESSORS)
_PICTURE = CHECKOUT / "examples" / "seven.png"


@click.command(cls=ReportingCommand)
@click.option("--processor", "processors", multiple=True, type=click.Choice(_ALL), default=_ALL, show_default=True)
@click.option("--model", "only", multiple=True, help="Repeatable; then nothing is recorded. [default: all]")
@click.option(
    "--work",
    type=click.Path(path_type=Path, file_okay=False),
    default=CHECKOUT / ".cache" / "arm",
    help="Keeps the installation and the answers, so that an interrupted run continues. [default: .cache/arm]",
)
def arm(processors: tuple[str, ...], only: tuple[str, ...], work: Path) -> None:
    """Install the wheel on emulated ARM (aarch64), and run each of its files on the 10,000 test images there and here.

    Nothing is timed: QEMU takes hours for what a real machine does in minutes. Needs Debian, `apt-get install
    qemu-user-static mmdebstrap`, and the network.
    """
    found: list[Agreement] = []
    machines = [Machine(PROCESSORS[name], work) for name in processors]
    with quiet_native_log() as stderr, TemporaryDirectory() as temporary:
        install_wheel(work)
        for machine in machines:
            machine.unpack()
            for extra, _ in EXTRAS.values():
                machine.check(extra, _PICTURE, 7)
        for file in every_file():
            if only and file.model not in only:
                continue
            pictures, answers = work / "pictures" / f"{file.contract.takes[0]}.npy", Path(temporary) / "here.npy"
            pictures.parent.mkdir(parents=True, exist_ok=True)
            np.save(pictures, pictures_of(file))
            answer(file, pictures, answers)
            for machine in machines:
                there = np.load(machine.answers(file, pictures))
                label = f"{machine.runtime_of(file)}, {machine.processor.name}"
                found.append(agreement(file, label, np.load(answers), there))
                print(f"{file.path.name} on {machine.processor.name}", file=stderr, flush=True)  # progress
    print_agreements(found)
    if not only:
        described = [{"name": entry.processor.name, "found_in": entry.processor.found_in} for entry in machines]
        document = {"emulator": f"QEMU {emulator_version()}", "here": platform.machine(), "processors": described}
        record(
            "arm", {**document, "results": [asdict(entry) for entry in found]}, versions_of("onnxruntime", "ai-edge-litert")
        )
