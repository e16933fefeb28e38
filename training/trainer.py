"""The one trainer: runs any recipe with any seed, on any Keras backend, and survives being killed.

Everything that an epoch does follows from the recipe, the seed and the epoch's number, together with the state that the
last full epoch left. So a resumed run goes where an undisturbed one would have gone.
"""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, Protocol

import keras
import numpy as np

from digit_infer.files import atomic_write
from digit_infer.parallel import usable_cpus
from digit_infer.runtimes.keras import BACKENDS
from digit_infer.runtimes.protocol import installed_version
from training.data import EVALUATION_BATCH, drawn_data, epochs_of, images_in_an_epoch, training_data
from training.errors import TrainingError
from training.regime import one_hot
from training.run import Epoch, RunFolder, State
from training.schedule import learning_rate
from training.tensorboard_log import log_scalars
from training.weights import begun, finish, kept, load, teacher_of

if TYPE_CHECKING:
    from training.data import Arrays, Draw, Watched
    from training.recipe import Recipe
    from training.regime import Teacher

STEPS_PER_CALL = 20
"""Batches in a call of the compiled step: the weights come out the same to the bit, small networks in half the time."""


class Observer(Protocol):
    """Whoever watches a run: a progress bar, or nobody."""

    def started(self, recipe: Recipe, state: State, steps: int) -> None:
        """A run starts or goes on; ``steps`` is the number of batches an epoch."""

    def stepped(self, done: int) -> None:
        """The first ``done`` batches of this epoch are done."""

    def ended(self, epoch: Epoch) -> None:
        """An epoch is done."""


def train(
    recipe: Recipe,
    seed: int,
    folder: RunFolder,
    observer: Observer,
    epochs: int | None = None,
    data: tuple[Arrays, Arrays] | None = None,
    teacher: Teacher | None = None,
) -> State:
    """Train until the planned epochs are done, starting from the last full epoch that ``folder`` holds.

    ``epochs`` shortens or lengthens the run; None means as many as the recipe says. ``data`` replaces ``training_data``,
    and ``teacher`` answers in place of the teachers that the regime names. Those are bundled checkpoints, or, where
    there is none of a name, finished runs with seed 0 in the same folder of runs.

    Raises:
        TrainingError: another process trains this run, the folder holds a run of another recipe, seed or backend, its
            files or the checkpoint that the recipe starts from are missing or damaged, or a teacher's run is not finished.
    """
    with folder.locked():
        planned = recipe.epochs if epochs is None else epochs
        fresh = State(recipe.name, recipe.fingerprint(), seed, planned, keras.backend.backend(), environment())
        state = _continued(folder, fresh)
        if teacher is None and not state.finished:
            teacher = teacher_of(recipe, folder.runs)
        keras.utils.set_random_seed(seed)
        model = begun(recipe) if not state.history else load(folder.path / state.last_file)
        if keras.backend.backend() != "torch":  # which takes one step a call
            model.steps_per_execution = STEPS_PER_CALL
        if recipe.drawn is not None:
            draw, validation, images = drawn_data(recipe.drawn, seed)
        else:
            training, validation = training_data(recipe) if data is None else data
            draw = epochs_of(recipe, training, seed, teacher, folder)
            images = images_in_an_epoch(recipe, len(training[1]))
        observer.started(recipe, state, _steps(recipe, images))
        while not state.finished:
            state = _next_epoch(model, recipe, state, folder, draw, validation, observer)
    return state


def _next_epoch(
    model: keras.Model,
    recipe: Recipe,
    state: State,
    folder: RunFolder,
    draw: Draw,
    validation: Watched,
    observer: Observer,
) -> State:
    number = len(state.history) + 1
    losses = [epoch.val_loss for epoch in state.history]
    _reseed(model, state.seed, number)
    model.optimizer.learning_rate = learning_rate(recipe, losses)
    epoch = _run_epoch(model, recipe, number, draw, validation, observer)
    keep = recipe.keeps == "last epoch" or epoch.val_loss < min(losses, default=np.inf)
    state = state.after(epoch, keep=keep)
    network = kept(model, recipe) if keep else None
    if network is not None and state.finished:
        finish(network, recipe, validation)
    _save(model, network, folder, state)
    observer.ended(epoch)
    return state


def _steps(recipe: Recipe, images: int) -> int:
    return -(-images // recipe.batch_size)


def environment() -> dict[str, str]:
    """Return what a result depends on beside the recipe and the seed."""
    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "backend": f"{backend} {installed_version(*BACKENDS[backend])}",
        "numpy": np.__version__,
        "platform": platform.platform(),
        "cpus": str(usable_cpus()),
    }


def _continued(folder: RunFolder, fresh: State) -> State:
    state = folder.read()
    if state is None:
        return fresh
    for what in ("recipe", "fingerprint", "seed", "backend"):
        if getattr(state, what) != getattr(fresh, what):
            raise TrainingError(
                f"{folder.path} holds a run of another {what} ({getattr(state, what)}, now {getattr(fresh, what)})",
                "pass --restart to train it again, or --runs another folder",
            )
    if len(state.history) > fresh.epochs:
        raise TrainingError(
            f"{folder.path} holds {len(state.history)} epochs, more than {fresh.epochs}",
            "pass --epochs with as many, or --restart",
        )
    return State(**{**vars(fresh), "history": state.history, "best_epoch": state.best_epoch})


def _run_epoch(
    model: keras.Model,
    recipe: Recipe,
    number: int,
    draw: Draw,
    validation: Watched,
    observer: Observer,
) -> Epoch:
    start = time.perf_counter()
    images, labels = draw(number)
    steps = _steps(recipe, len(labels))
    fitted = model.fit(
        images,
        labels,
        batch_size=recipe.batch_size,
        epochs=1,
        shuffle=False,
        verbose=0,
        callbacks=[
            # the last call of an epoch counts the batches that it would have had room for
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, **_: observer.stepped(min(batch + 1, steps)))
        ],
    )
    known_images, known = validation
    expected = known if recipe.regime is None else one_hot(known)
    val_loss, val_accuracy = model.evaluate(known_images, expected, batch_size=_evaluated_at_once(recipe), verbose=0)
    return Epoch(
        epoch=number,
        loss=float(fitted.history["loss"][0]),
        accuracy=float(fitted.history["accuracy"][0]),
        val_loss=float(val_loss),
        val_accuracy=float(val_accuracy),
        learning_rate=float(model.optimizer.learning_rate),
        seconds=round(time.perf_counter() - start, 3),
    )


def _evaluated_at_once(recipe: Recipe) -> int:
    return EVALUATION_BATCH if recipe.drawn is None else recipe.batch_size


def _reseed(model: keras.Model, seed: int, number: int) -> None:
    """Let the random numbers of an epoch (dropout) depend on the seed and the epoch's number alone.

    A saved model does not carry the state of its seed generators, so without this a resumed run would draw other ones.
    """
    draw = np.random.default_rng((seed, number, 1))
    keras.utils.set_random_seed(int(draw.integers(2**31)))
    for variable in model.variables:
        if variable.path.endswith("seed_generator_state"):
            variable.assign(draw.integers(2**31, size=variable.shape).astype(variable.dtype))


def _save(model: keras.Model, network: keras.Model | None, folder: RunFolder, state: State) -> None:
    """Write what the epoch left, and last the state that names it."""
    with atomic_write(folder.path / state.last_file) as temporary:
        model.save(temporary)
    if network is not None:
        with atomic_write(folder.path / state.best_file) as temporary:
            network.save(temporary)
    epoch = state.history[-1]
    for split, loss, accuracy in (
        ("train", epoch.loss, epoch.accuracy),
        ("validation", epoch.val_loss, epoch.val_accuracy),
    ):
        log_scalars(folder.tensorboard / split, epoch.epoch, {"epoch_loss": loss, "epoch_accuracy": accuracy})
    folder.write(state)
