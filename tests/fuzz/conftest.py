"""The command line with its processor time and its memory."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

MEASURED = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
sys.stderr.write(f"{chr(10)}{used.ru_utime + used.ru_stime} {used.ru_maxrss // 1024}")
sys.exit(done.returncode if done.returncode >= 0 else 100 - done.returncode)
"""


@dataclass(frozen=True)
class Measured:
    code: int
    out: str
    err: str
    seconds: float
    megabytes: int

    @property
    def answered(self) -> bool:
        return bool(self.out)


@pytest.fixture
def digit_infer_measured():
    """Run the console script, and tell its processor time and the megabytes of its largest process."""
    script = Path(sys.executable).parent / "digit-infer"

    def run(*words):
        command = [sys.executable, "-c", MEASURED, script, *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        err, _, used = done.stderr.rpartition("\n")
        seconds, megabytes = used.split()
        return Measured(done.returncode, done.stdout, err, float(seconds), int(megabytes))

    return run
