"""Progress bars for one training run (epochs and batches, and a line per epoch), or for several runs."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from training import results
from training.jobs import Failure, Job
from training.recipe import Recipe
from training.run import Epoch, State


class _Bars:
    """Progress bars on stderr; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()


class ProgressBars(_Bars):
    """A ``training.trainer.Observer`` that draws on stderr; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(console)
        self._epochs = self._progress.add_task("epochs", total=None)
        self._batches = self._progress.add_task("batches", total=None)

    def started(self, recipe: Recipe, state: State, steps: int) -> None:
        """Reset the bars for a run, which may continue after some epochs."""
        done = len(state.history)
        self._progress.reset(
            self._epochs, total=state.epochs, completed=done, description=f"{recipe.name}, seed {state.seed}: epochs"
        )
        self._progress.reset(self._batches, total=steps)
        if done:
            self._progress.console.print(f"{recipe.name}, seed {state.seed}: continues after epoch {done}")

    def stepped(self, done: int) -> None:
        """Move the bar of batches."""
        self._progress.update(self._batches, completed=done)

    def ended(self, epoch: Epoch) -> None:
        """Count an epoch and print its figures."""
        self._progress.console.print(
            f"epoch {epoch.epoch:>3}   loss {epoch.loss:.4f}   accuracy {epoch.accuracy:.4f}   "
            f"validation loss {epoch.val_loss:.4f}   validation accuracy {epoch.val_accuracy:.4f}   {epoch.seconds:.1f} s",
            soft_wrap=True,
        )
        self._progress.advance(self._epochs)
        self._progress.reset(self._batches)


class JobBars(_Bars):
    """A ``training.jobs.Watcher`` that draws on stderr, with a bar for each active run; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        super().__init__(console)
        self._all = self._progress.add_task("runs", total=None)
        self._tasks: dict[Job, TaskID] = {}

    def planned(self, jobs: int) -> None:
        """Set the length of the bar for all runs."""
        self._progress.update(self._all, total=jobs)

    def started(self, job: Job) -> None:
        """Show a run."""
        name = f"{job.recipe.name}, seed {job.seed}: epochs"
        self._tasks[job] = self._progress.add_task(name, total=job.recipe.epochs)

    def advanced(self, job: Job, epochs: int) -> None:
        """Move its bar."""
        self._progress.update(self._tasks[job], completed=epochs)

    def ended(self, job: Job, failure: Failure | None) -> None:
        """Remove its bar and print the result."""
        if job in self._tasks:
            self._progress.remove_task(self._tasks.pop(job))
            self._progress.advance(self._all)
        name = f"{job.recipe.name}, seed {job.seed}"
        if failure is not None:
            self._progress.console.print(f"{name} failed: {failure.reason}", soft_wrap=True, markup=False)
            return
        [record] = [record for record in results.stored(job.recipe) if record["seed"] == job.seed]
        low, high = record["test"]["interval_95"]
        self._progress.console.print(
            f"{name}: test accuracy {record['test']['accuracy']:.4f} ({low:.4f} to {high:.4f}), {job.recipe.standing}",
            soft_wrap=True,
        )
