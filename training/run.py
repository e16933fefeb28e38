"""The folder of a training run, which stays consistent if the process is killed.

    RUNS/NAME/seed-S/state.json        the finished epochs and their files; it alone is authoritative
                     last-07.keras     the model and its optimiser after the last full epoch
                     best-05.keras     the weights of the epoch that the recipe keeps, without the optimiser
                     tensorboard/      event files
                     held_out.json     results on held-out images, of a network on its way
                     pool.npz          pictures drawn once for all epochs, of recipes that add to MNIST's images
                     lock              held by the process that trains

The names of model files contain the epoch, and ``state.json`` is replaced last, so a file that it does not name is left
from an unfinished epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from digit_infer.benchmark.record import rebuilt
from digit_infer.files import remove_unfinished, write_text
from training.errors import TrainingError
from training.recipe import Recipe

SCHEMA = 1
_CHECKPOINTS = Path(__file__).parent / "checkpoints"


def bundled(name: str) -> Path:
    """Return the path of a bundled checkpoint, whether it exists or not: a network in float32 without optimiser state."""
    return _CHECKPOINTS / f"{name}.keras"


@dataclass(frozen=True)
class Epoch:
    """The results of one epoch; losses are mean cross-entropies with penalties, accuracies are shares."""

    epoch: int
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True)
class State:
    """The state of a run after its last full epoch."""

    recipe: str
    fingerprint: str
    seed: int
    epochs: int
    backend: str
    environment: dict[str, str]
    history: tuple[Epoch, ...] = ()
    best_epoch: int | None = None

    @property
    def finished(self) -> bool:
        """Whether all planned epochs are done."""
        return len(self.history) >= self.epochs

    @property
    def last_file(self) -> str:
        """The file of the last full epoch."""
        return f"last-{len(self.history):02d}.keras"

    @property
    def best_file(self) -> str:
        """The file of the weights that the recipe keeps."""
        return f"best-{self.best_epoch:02d}.keras"

    def after(self, epoch: Epoch, *, keep: bool) -> State:
        """Return the state with one more epoch, which becomes the best one if ``keep``."""
        return replace(self, history=(*self.history, epoch), best_epoch=epoch.epoch if keep else self.best_epoch)


@dataclass(frozen=True)
class RunFolder:
    """The folder of a run of one recipe and one seed."""

    path: Path

    @classmethod
    def of(cls, runs: Path, recipe: Recipe, seed: int) -> RunFolder:
        """Return the folder of one run below the folder of all runs."""
        return cls(runs / recipe.name / f"seed-{seed}")

    @property
    def runs(self) -> Path:
        """The folder of all runs, in which others are found."""
        return self.path.parent.parent

    @property
    def tensorboard(self) -> Path:
        """Folder of the event files."""
        return self.path / "tensorboard"

    @property
    def pool(self) -> Path:
        """File with the pictures that a wide recipe draws once for all epochs, which a resumed run reads."""
        return self.path / "pool.npz"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the run against other processes; the system releases the lock when a process ends.

        Raises:
            TrainingError: another process trains it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / "lock")
        try:
            lock.acquire(blocking=False)
        except Timeout as error:
            raise TrainingError(f"another process trains the run in {self.path}", "let it finish, or stop it") from error
        remove_unfinished(self.path)
        try:
            yield
        finally:
            lock.release()

    def read(self) -> State | None:
        """Return the state, or None where no epoch was ever finished.

        Raises:
            TrainingError: the state cannot be read.
        """
        path = self.path / "state.json"
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            content.pop("schema")
            state = rebuilt(State, content)
            if not 1 <= (state.best_epoch or 1) <= max(1, len(state.history)) or (state.history and not state.best_epoch):
                raise ValueError(f"its best epoch is {state.best_epoch} of {len(state.history)}")
            return state
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise TrainingError(f"{path} is damaged ({error})", "pass --restart to train this run again") from error

    def write(self, state: State) -> None:
        """Store the state, and remove the model files that it does not name."""
        document = {"schema": SCHEMA, **asdict(state)}
        write_text(self.path / "state.json", json.dumps(document, indent=1) + "\n")
        for file in self.path.glob("*.keras"):
            if file.name not in (state.last_file, state.best_file):
                file.unlink()

    def clear(self) -> None:
        """Delete the files of this run."""
        with self.locked():
            for file in sorted(self.path.rglob("*"), reverse=True):
                if file.is_dir():
                    file.rmdir()
                elif file.name != "lock":
                    file.unlink()
