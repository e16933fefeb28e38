"""Shows a training run in the terminal: a bar of epochs, a bar of batches, one line an epoch."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from training.recipe import Recipe
from training.run import Epoch, State


class ProgressBars:
    """A ``training.trainer.Observer`` that draws on stderr; a context manager."""

    def __init__(self, console: Console | None = None) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console or Console(stderr=True),
        )
        self._epochs = self._progress.add_task("epochs", total=None)
        self._batches = self._progress.add_task("batches", total=None)

    def __enter__(self) -> ProgressBars:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def started(self, recipe: Recipe, state: State, steps: int) -> None:
        """Begin with a run, at its last full epoch."""
        done = len(state.history)
        self._progress.reset(
            self._epochs, total=state.epochs, completed=done, description=f"{recipe.name}, seed {state.seed}: epochs"
        )
        self._progress.reset(self._batches, total=steps)
        if done:
            self._progress.console.print(f"{recipe.name}, seed {state.seed}: going on after epoch {done}")

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
