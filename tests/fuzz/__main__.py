"""``python tests/fuzz``: mutate the inputs of each interface, with a random seed, and print every finding.

python tests/fuzz pictures --seconds 20     one target; --seed repeats a run
python tests/fuzz all --seconds 3600        every target, an hour each
python tests/fuzz interrupts --times 200    Ctrl-C at random moments
"""

from __future__ import annotations

import argparse
import collections
import faulthandler
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

import interrupts
from mutations import one_of
from targets import LONGEST_S, TARGETS, Target

from digit_infer.errors import DigitInferError


def fuzz(name: str, target: Target, seconds: float, seed: int, kept: Path) -> int:
    """Fuzz one target; return the number of findings, whose mutants are kept in a folder."""
    chance, seeds = random.Random(seed), target.seeds()
    others = [seeds[key] for key in sorted(seeds)]
    found: collections.Counter[str] = collections.Counter()
    findings, slowest = 0, 0.0
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() < end:
            seed_name, content = one_of(chance, seeds)
            path = Path(folder, seed_name)
            path.write_bytes(target.mutate(chance, content, others))
            faulthandler.dump_traceback_later(2 * LONGEST_S, exit=True)  # prints where it hangs, and ends the run
            start = time.monotonic()
            problem = outcome(target, path)
            lasted = time.monotonic() - start
            faulthandler.cancel_dump_traceback_later()
            slowest = max(slowest, lasted)
            if not problem.startswith("foreign") and lasted > LONGEST_S:
                problem = f"foreign: {lasted:.0f} s"
            found[problem] += 1
            if problem.startswith("foreign"):
                findings += 1
                kept.mkdir(parents=True, exist_ok=True)
                (kept / f"{name}-{seed}-{findings}-{seed_name}").write_bytes(path.read_bytes())
    told = ", ".join(f"{number:,} {kind}" for kind, number in found.most_common())
    print(f"{name}: {found.total():,} mutants in {seconds:g} s, {findings} findings (seed {seed}; slowest {slowest:.1f} s)")
    print(f"  {told}", flush=True)
    return findings


def outcome(target: Target, path: Path) -> str:
    """Return ``answered``, the name of an error of ours, or ``foreign`` with what came instead, which is printed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            target.take(path)
    except DigitInferError as error:
        if len(str(error).splitlines()) == 1:
            return type(error).__name__
        return f"foreign: {type(error).__name__} of several lines"
    except Exception as error:
        traceback.print_exc()
        return f"foreign: {type(error).__name__}"
    return "answered"


def main() -> int:
    """Run what the command line names; exit with 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python tests/fuzz", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all", "interrupts"])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--times", type=int, default=200, help="of interrupts")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder for mutants that found something")
    asked = parser.parse_args()
    if asked.target == "interrupts":
        return interrupts.run(asked.times, asked.seed, 1.0)
    names = list(TARGETS) if asked.target == "all" else [asked.target]
    return 1 if sum(fuzz(name, TARGETS[name], asked.seconds, asked.seed, asked.keep) for name in names) else 0


if __name__ == "__main__":
    sys.exit(main())
