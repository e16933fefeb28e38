"""The one trainer: runs any recipe with any seed, on any Keras backend, and survives being killed.

Everything that an epoch does follows from the recipe, the seed and the epoch's number, together with the state that the
last full epoch left. So a resumed run goes where an undisturbed one would have gone.
"""

from __future__ import annotations

import platform
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zipfile import BadZipFile

import keras
import numpy as np

from digit_infer import dataset
from digit_infer.benchmark.statistics import best_temperature
from digit_infer.files import atomic_write
from digit_infer.parallel import usable_cpus
from digit_infer.runtimes.keras import BACKENDS
from digit_infer.runtimes.protocol import installed_version
from training.augmentation import augmented
from training.errors import TrainingError
from training.ink.epochs import InkEpochs, held_out
from training.ink.epochs import scaled as pixels_scaled
from training.network import build, uncompiled
from training.recipe import DrawnPictures, Recipe, Wide
from training.regime import Epochs, one_hot
from training.run import Epoch, RunFolder, State, bundled
from training.schedule import learning_rate
from training.tensorboard_log import log_scalars
from training.wide import Pool, drawn_pool, stored_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.regime import Teacher

    Arrays = tuple[NDArray[np.float32], NDArray[np.uint8]]
    Watched = tuple[NDArray[np.float32], NDArray[Any]]
    """Validation images, and their labels, or the ink of each pixel"""

    Draw = Callable[[int], tuple[NDArray[np.float32], NDArray[np.uint8 | np.float32]]]
    """The number of an epoch -> its images and its labels or targets"""

_SPLITS = {
    "first 5,000 of train": (np.s_[5_000:], np.s_[:5_000]),
    "last 10,000 of train": (np.s_[:-10_000], np.s_[-10_000:]),
    "none": (np.s_[:], np.s_[-10_000:]),
}
EVALUATION_BATCH = 1_000
STEPS_PER_CALL = 20
"""Batches in a call of the compiled step: the weights come out the same to the bit, small networks in half the time."""

_TEACHER_SEED = 0
"""The seed of each teacher's run."""


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
            teacher = _teacher(recipe, folder.runs)
        keras.utils.set_random_seed(seed)
        model = _begun(recipe) if not state.history else load(folder.path / state.last_file)
        if keras.backend.backend() != "torch":  # which takes one step a call
            model.steps_per_execution = STEPS_PER_CALL
        if recipe.drawn is not None:
            draw, validation, images = _drawn_data(recipe.drawn, seed)
        else:
            training, validation = training_data(recipe) if data is None else data
            draw = epochs_of(recipe, training, seed, teacher, folder)
            images = _images_in_an_epoch(recipe, len(training[1]))
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
        _finish(network, recipe, validation)
    _save(model, network, folder, state)
    observer.ended(epoch)
    return state


def _finish(network: keras.Model, recipe: Recipe, validation: Watched) -> None:
    """Calibrate what a run keeps, and average it with its start, if the recipe says so.

    Both are calibrated by then, so that neither outweighs the other in the last layer.
    """
    if recipe.calibrated:
        divide_logits(network, _best_temperature(network, validation))
    if recipe.averaged_with_start:
        pairs = zip(network.get_weights(), _start(recipe).get_weights(), strict=True)
        network.set_weights([(learned + before) / 2 for learned, before in pairs])
        if recipe.calibrated:
            divide_logits(network, _best_temperature(network, validation))


def _drawn_data(drawn: DrawnPictures, seed: int) -> tuple[Draw, Watched, int]:
    """Return what draws an epoch of the ink network, its validation data, and the number of pictures in an epoch."""
    epochs = InkEpochs(drawn.pool, drawn.an_epoch)
    grey, ink = held_out()
    return lambda number: epochs.epoch(seed, number), (pixels_scaled(grey)[..., None], pixels_scaled(ink)), len(epochs)


def training_data(recipe: Recipe) -> tuple[Arrays, Arrays]:
    """Return training and validation data as the recipe splits them: float32 [N, 28, 28, 1] in 0..1, labels uint8 [N].

    Where it says "none", the validation data are training images, too, and only show that a run is in health.
    """
    full = dataset.load("train")
    images = scaled(full.images)
    if recipe.watched_the_test_set:
        test = dataset.load("test")
        return (images, full.labels), (scaled(test.images), test.labels)
    learned, held_out = _SPLITS[recipe.validation]
    return (images[learned], full.labels[learned]), (images[held_out], full.labels[held_out])


def _images_in_an_epoch(recipe: Recipe, digits: int) -> int:
    if recipe.wide is not None:
        return digits + sum(recipe.wide.added_to(digits))
    return digits if recipe.regime is None else digits + recipe.regime.non_digits_among(digits)


def epochs_of(
    recipe: Recipe, training: Arrays, seed: int, teacher: Teacher | None = None, folder: RunFolder | None = None
) -> Draw:
    """Return what draws the data of an epoch by its number; ``folder`` keeps what is drawn once for all epochs."""
    if recipe.regime is None:
        return lambda number: epoch_data(recipe, training, seed, number)
    epochs = Epochs(recipe.regime, *training, teacher, _wide_data(recipe, training, folder))
    calm_from = recipe.epochs - recipe.calm_epochs
    return lambda number: epochs.epoch(seed, number, recipe.calm if number > calm_from else None)


def _wide_data(recipe: Recipe, training: Arrays, folder: RunFolder | None) -> tuple[Wide, Pool] | None:
    if recipe.wide is None:
        return None
    images, labels = as_bytes(training[0]), training[1]
    return recipe.wide, drawn_pool(images, labels) if folder is None else stored_pool(folder.pool, images, labels)


def _begun(recipe: Recipe) -> keras.Model:
    """Return the network before its first epoch, with the weights of the checkpoint that the recipe starts from."""
    model = build(recipe)
    if recipe.starts_from:
        model.set_weights(_start(recipe).get_weights())
    return model


def _start(recipe: Recipe) -> keras.Model:
    start = bundled(recipe.starts_from)
    remedy = f"git checkout -- {start}"
    if not start.exists():
        raise TrainingError(f"{recipe.name} starts from {start}, which does not exist", remedy)
    return load(start, remedy)


def _teacher(recipe: Recipe, runs: Path) -> Teacher | None:
    teachers = recipe.regime.teachers if recipe.regime is not None else ()
    return taught_by([_kept_by(name, runs) for name in teachers]) if teachers else None


def _kept_by(name: str, runs: Path) -> Path:
    checkpoint = bundled(name)
    if checkpoint.exists():
        return checkpoint
    folder = RunFolder(runs / name / f"seed-{_TEACHER_SEED}")
    state = folder.read()
    if state is None or not state.finished:
        raise TrainingError(
            f"{name} has no finished run with seed {_TEACHER_SEED} in {runs}", f"python -m training search {name}"
        )
    return folder.path / state.best_file


def taught_by(paths: Sequence[Path]) -> Teacher:
    """Return what answers as networks in files do on average: images float32 [N, 28, 28, 1] -> probabilities [N, 10]."""
    networks = [load(path, f"restore {path}, or train that network again") for path in paths]

    def answer(images: NDArray[np.float32]) -> NDArray[np.float32]:
        every = [network.predict(images, batch_size=EVALUATION_BATCH, verbose=0) for network in networks]
        mean: NDArray[np.float32] = np.mean(every, axis=0, dtype=np.float32)
        return mean

    return answer


def epoch_data(recipe: Recipe, training: Arrays, seed: int, number: int) -> Arrays:
    """Return what an epoch learns from: the training data in the epoch's order, changed at random if the recipe says so."""
    images, labels = training
    order = np.random.default_rng((seed, number)).permutation(len(labels))
    images = images[order]
    if recipe.augmentation is not None:
        images = augmented(images, recipe.augmentation, np.random.default_rng((seed, number, 2)))
    return images, labels[order]


def _steps(recipe: Recipe, images: int) -> int:
    return -(-images // recipe.batch_size)


def scaled(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn uint8 [N, 28, 28] into what the recipes' networks take: float32 [N, 28, 28, 1] in 0..1."""
    return images[..., None].astype(np.float32) / np.float32(255)


def as_bytes(images: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Undo ``scaled``: return uint8 [N, 28, 28] of float32 [N, 28, 28, 1] in 0..1."""
    return np.rint(images[..., 0] * 255).astype(np.uint8)


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


def load(path: Path, remedy: str = "pass --restart to train this run again") -> keras.Model:
    """Load a model as a run left it.

    Raises:
        TrainingError: the file is missing or damaged; ``remedy`` says what to do about it.
    """
    try:
        return keras.saving.load_model(path)
    except (OSError, ValueError, TypeError, KeyError, BadZipFile) as error:
        raise TrainingError(f"{path} cannot be loaded ({error})", remedy) from error


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


def _best_temperature(model: keras.Model, validation: Watched) -> float:
    images, labels = validation
    return best_temperature(model.predict(images, batch_size=EVALUATION_BATCH, verbose=0), labels)


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


def kept(model: keras.Model, recipe: Recipe) -> keras.Model:
    """Return a copy of the network as a run keeps it: without its optimizer, in float32, at the recipe's temperature."""
    copy = uncompiled(replace(recipe, precision="float32"))
    copy.set_weights(model.get_weights())
    divide_logits(copy, recipe.temperature)
    return copy


def divide_logits(network: keras.Model, temperature: float) -> None:
    """Divide a network's logits by ``temperature``, in its weights."""
    if temperature != 1:
        last = network.layers[-1]
        last.set_weights([weights / np.float32(temperature) for weights in last.get_weights()])
