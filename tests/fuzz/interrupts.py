"""Interrupts the command line at random moments of its first second: each must end with 130, answer nothing, and leave
no process.

A process that Python itself ends by the signal, before a line of ours runs, is 130 for a shell as well.
"""

from __future__ import annotations

import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
INTERRUPTED = (130, -signal.SIGINT)


def commands(folder: Path) -> list[list[str]]:
    """Return the command lines: one picture, a page, a model of the user's own, and worker processes."""
    pictures = folder / "pictures"
    pictures.mkdir()
    for number in range(400):
        shutil.copy(EXAMPLES / "seven.png", pictures / f"{number}.png")
    own = next((Path(__file__).parents[2] / "digit_infer" / "zoo" / "files").glob("cnn_arch3*.onnx"))
    shutil.copy(own, folder / "own.onnx")
    one = str(EXAMPLES / "seven.png")
    return [
        ["predict", one],
        ["read", one],
        ["predict", one, "--model", str(folder / "own.onnx")],
        ["predict", str(pictures), "--workers", "2"],
        ["bench", "--quick", "--model", "cnn_arch3", "--runtime", "onnx-cpu"],
    ]


def interrupted(words: list[str], delay: float) -> str | None:
    """Interrupt one command; return what was wrong, "" if nothing was, None if it had answered or not started yet."""
    script = Path(sys.executable).parent / "digit-infer"
    process = subprocess.Popen([script, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    time.sleep(delay)
    assert process.stdout is not None
    if process.poll() is not None or select.select([process.stdout], [], [], 0)[0]:
        process.kill()
        process.communicate()
        return None
    process.send_signal(signal.SIGINT)  # to this process alone, as a supervisor does; a terminal tells its children, too
    try:
        out, err = process.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return "it did not end"
    end = time.monotonic() + 3
    while left := left_of(process.pid):
        if time.monotonic() > end:
            return f"processes are left: {left}"
        time.sleep(0.01)
    if process.returncode == 1 and b"<frozen site>" in err:
        return None  # Python itself had not started
    if process.returncode not in INTERRUPTED:
        return f"exit code {process.returncode}: {err.decode()[-400:]}"
    if out:
        return f"it answered {out.decode()[:80]!r}"
    said = [line for line in err.decode().split("\n") if line.strip() and not line.startswith(("warning: ", "assumed of "))]
    if process.returncode == 130 and said != ["interrupted"]:  # but for what is told of a file before it answers
        return f"it said {err.decode()[-400:]!r}"
    return ""


def left_of(session: int) -> list[int]:
    """Return the processes of a session that still run."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(folder.name))
    return found


def run(times: int, seed: int, longest_s: float) -> int:
    """Interrupt until ``times`` commands were met before they answered; print and count what was wrong."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job passes on that it is ignored
    chance = random.Random(seed)
    met, wrong = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        known = commands(Path(folder))
        while met < times:
            words, delay = chance.choice(known), chance.uniform(0, longest_s)
            problem = interrupted(words, delay)
            if problem is None:
                continue
            met += 1
            if problem:
                wrong += 1
                print(f"after {delay:.3f} s of {' '.join(words[:1] + words[2:])}: {problem}", flush=True)
    print(f"{met} interrupts, {wrong} wrong (seed {seed}, {os.cpu_count()} processors)")
    return 1 if wrong else 0
