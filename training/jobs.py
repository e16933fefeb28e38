"""Several runs at a time: each has its own process and CPUs, and can be resumed after a kill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from digit_infer.parallel import allowed_cpus
from training import results
from training.errors import TrainingError
from training.recipe import Recipe
from training.run import RunFolder

_POLL_SECONDS = 0.5
_LAST_WORDS = 4_000


@dataclass(frozen=True, eq=False)
class Job:
    """One full run."""

    recipe: Recipe
    seed: int

    @property
    def recorded(self) -> bool:
        """Whether its record exists."""
        return any(record["seed"] == self.seed for record in results.stored(self.recipe))


@dataclass(frozen=True)
class Failure:
    """A run that ended without a record, and the reason."""

    job: Job
    reason: str


class Watcher(Protocol):
    """Is told of the progress of runs."""

    def planned(self, jobs: int) -> None:
        """This number of runs is planned."""

    def started(self, job: Job) -> None:
        """A run starts or continues."""

    def advanced(self, job: Job, epochs: int) -> None:
        """A run has done this many epochs."""

    def ended(self, job: Job, failure: Failure | None) -> None:
        """A run is recorded, or has failed."""


@dataclass(eq=False)
class _Worker:
    job: Job
    cpus: frozenset[int]
    process: subprocess.Popen[bytes]
    folder: RunFolder
    log: Path
    epochs: int = field(default=-1)


def training_command(job: Job, runs: Path, cpus: frozenset[int]) -> list[str]:
    """Return the command line that trains and records one run."""
    words = [sys.executable, "-m", "training", "run", job.recipe.name, "--seed", str(job.seed), "--resume"]
    words += ["--runs", str(runs), "--leashed"]
    if hasattr(os, "sched_setaffinity"):
        words += ["--cpus", ",".join(str(cpu) for cpu in sorted(cpus))]
    return words


Command = Callable[[Job, Path, frozenset[int]], list[str]]
"""Returns the command of a run: of the job, the folder of all runs, and the CPUs to use."""


def run_jobs(
    jobs: Iterable[Job], runs: Path, at_once: int, watcher: Watcher, command: Command = training_command
) -> list[Failure]:
    """Train what is not recorded yet, ``at_once`` runs at a time; the others continue if one fails.

    The CPUs that this process may use are divided among the workers. No worker outlives this process: it exits when the
    pipe to its standard input is closed.
    """
    failures: list[Failure] = []
    waiting: list[Job] = []
    for job in jobs:
        try:
            waiting += [] if job.recorded else [job]
        except TrainingError as error:
            failures.append(Failure(job, str(error)))
            watcher.ended(job, failures[-1])
    watcher.planned(len(waiting))
    waiting.reverse()
    idle = divided(allowed_cpus(), at_once)
    busy: list[_Worker] = []
    with _stopping(busy):
        while waiting or busy:
            while waiting and idle:
                job, cpus = waiting.pop(), idle.pop()
                busy.append(_start(job, cpus, RunFolder.of(runs, job.recipe, job.seed), command(job, runs, cpus)))
                watcher.started(busy[-1].job)
            time.sleep(_POLL_SECONDS)
            for worker in list(busy):
                _follow(worker, watcher)
                if worker.process.poll() is None:
                    continue
                busy.remove(worker)
                _let_go(worker)
                idle.append(worker.cpus)
                failure = _failure(worker)
                failures += [] if failure is None else [failure]
                watcher.ended(worker.job, failure)
    return failures


def divided(cpus: Sequence[int], workers: int) -> list[frozenset[int]]:
    """Divide CPUs evenly among this number of workers; with fewer CPUs than workers, some share one.

    Raises:
        TrainingError: there are no CPUs or no workers.
    """
    if not cpus or workers < 1:
        raise TrainingError(f"{len(cpus)} CPUs cannot be divided among {workers} workers", "pass --jobs 1 or more")
    if len(cpus) < workers:
        return [frozenset({cpus[worker % len(cpus)]}) for worker in range(workers)]
    return [frozenset(cpus[worker::workers]) for worker in range(workers)]


def _start(job: Job, cpus: frozenset[int], folder: RunFolder, command: list[str]) -> _Worker:
    folder.path.mkdir(parents=True, exist_ok=True)
    log = folder.path / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own command line
            command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT
        )
    return _Worker(job, cpus, process, folder, log)


def _follow(worker: _Worker, watcher: Watcher) -> None:
    try:
        state = worker.folder.read()
    except TrainingError:
        return  # the worker reports it
    epochs = 0 if state is None else len(state.history)
    if epochs != worker.epochs:
        worker.epochs = epochs
        watcher.advanced(worker.job, epochs)


def _let_go(worker: _Worker) -> None:
    if worker.process.stdin is not None:
        worker.process.stdin.close()


def _failure(worker: _Worker) -> Failure | None:
    """Return why an ended worker left no record, or None if it left one."""
    try:
        if worker.job.recorded:
            return None
    except TrainingError as error:
        return Failure(worker.job, str(error))
    code = worker.process.returncode
    end = f"exit code {code}" if code >= 0 else f"killed by signal {-code}"
    said = worker.log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip().splitlines()
    return Failure(worker.job, f"{end}; it last said: {said[-1] if said else 'nothing'}")


@contextmanager
def _stopping(busy: list[_Worker]) -> Iterator[None]:
    """Stop all workers at the end; each can be resumed from its last full epoch."""
    try:
        yield
    finally:
        for worker in busy:
            worker.process.terminate()
        for worker in busy:
            worker.process.wait()
            _let_go(worker)
