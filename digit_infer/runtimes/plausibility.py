"""Asks a file what its signature does not say: its answers to MNIST's test images tell which pixels it was trained on.

Pixels on another scale spoil answers without a word. A reading of a file is adopted only if it is right on at least
``LEAST`` of the images, and if every other reading is clearly worse or gives the same digits; else the user decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from digit_infer import dataset
from digit_infer.contract import CLASSES
from digit_infer.errors import ContractError, reason_of
from digit_infer.runtimes.adapter import Adapter, Bare, asking, ending_of, forms, outputs, probabilities
from digit_infer.runtimes.preprocessing import Preprocessing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities

_USUAL = tuple(
    Preprocessing(scale, mean, std, inverted)
    for scale, mean, std in ((1, 0, 1), (255, 0, 1), (1, 0.5, 0.5), (1, 0.1307, 0.3081))
    for inverted in (False, True)
)
"""What networks for MNIST are trained on: 0..1, bytes, -1..1, and the data set's own mean and deviation."""

_OF_SCIKIT_LEARN = tuple(Preprocessing(16, inverted=inverted) for inverted in (False, True))
"""Its digits have 8 x 8 pixels of 0 to 16."""

_LOW = 0.5
"""Below this share of right answers a network is doubted in any case."""

_SURE = 3
"""Standard deviations that tell more right answers from as many; McNemar's, over pictures that one way alone gets right."""

_NOTICEABLE = 0.01
"""And the share of pictures that it takes."""

LEAST = 0.6
"""Of the images, that a reading must get right to be adopted."""

_ALIKE = 0.97
"""Of the images, that two readings must answer alike for the choice between them to be no matter."""

_FAR = 0.1
"""More of the images right, for which pixels that the user names are refused."""

_FIRST_LOOK, _SECOND_LOOK, _LAST_LOOK = 100, 500, 5_000
_AT_ONCE = 100
_KEPT = 5
"""Images that every reading is asked, those that the best few are asked then, and those where two are nearly as good;
so many are asked at once, so that the memory of a trial suffices."""

_OPTIONS = "--scale, --mean, --std, --invert, --layout or --classes"


@dataclass(frozen=True, eq=False)
class _Fit:
    """The answers, which of them are right, and their cross-entropy: wrong pixels often spoil the confidence alone."""

    digits: NDArray[np.intp]
    right: NDArray[np.bool_]
    cross_entropy: float

    @staticmethod
    def of(probabilities: Probabilities, labels: NDArray[np.uint8]) -> _Fit:
        of_truth = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        digits = probabilities.argmax(axis=1)
        cross_entropy = float(-np.log(np.maximum(of_truth, np.finfo(np.float32).tiny)).mean())
        return _Fit(digits, digits == labels, cross_entropy)

    @property
    def share(self) -> str:
        return f"{100 * self.right.mean():.1f} %"

    def __str__(self) -> str:
        return f"{self.share} (cross-entropy {self.cross_entropy:.2g})"

    def is_clearly_better_than(self, other: _Fit) -> bool:
        gain = int(self.right.sum()) - int(other.right.sum())
        noticeable = _NOTICEABLE * len(self.right)
        if gain > max(_SURE * np.sqrt((self.right != other.right).sum()), noticeable):
            return True
        return gain >= -noticeable and self.cross_entropy < other.cross_entropy / 2

    def answers_like(self, other: _Fit) -> bool:
        return bool((self.digits == other.digits).mean() >= _ALIKE)


@dataclass(frozen=True)
class Doubt:
    """A line for the user; the pixels that are clearly better, if the network is good with them; and whether far better."""

    line: str
    better: Preprocessing | None
    far: bool


def doubt(
    name: str, given: Preprocessing, answers: Callable[[Preprocessing], Probabilities], labels: NDArray[np.uint8]
) -> Doubt | None:
    """Tell if a network answers badly, or clearly better to other pixels than to those given.

    ``answers`` gives its probabilities, float32 [N, 10], for the same pictures prepared in one way or another.
    """
    now = _Fit.of(answers(given), labels)
    found = f"{name} answers {now.share} of MNIST's first {len(labels):,} test images with {given}"
    others = {way: _Fit.of(answers(way), labels) for way in _USUAL if way != given}
    better = {way: fit for way, fit in others.items() if fit.is_clearly_better_than(now)}
    if better:
        best = min(better, key=lambda way: better[way].cross_entropy)
        fit = better[best]
        line = (
            f"{found} (cross-entropy {now.cross_entropy:.2g}), and {fit.share} with {best.options}"
            f" ({fit.cross_entropy:.2g}): was it trained so?"
        )
        good = fit.right.mean() >= LEAST
        return Doubt(line, best if good else None, far=bool(good and fit.right.mean() - now.right.mean() >= _FAR))
    if now.right.mean() < _LOW:
        line = f"{found}: is --scale right? does it expect dark ink on light ground (--invert)? is it trained?"
        return Doubt(line, None, far=False)
    return None


def doubt_of_contract(name: str, answers: Callable[[Images], Probabilities]) -> tuple[str, bool] | None:
    """Return a line if a file that keeps the contract answers badly, and whether it wants dark ink on light ground."""
    images, labels = _images(_FIRST_LOOK)
    if _Fit.of(answers(images), labels).right.mean() >= _LOW:
        return None
    images, labels = _images(_SECOND_LOOK)
    now, inverted = _Fit.of(answers(images), labels), _Fit.of(answers(255 - images), labels)
    found = f"{name} answers {now.share} of MNIST's first {len(labels):,} test images"
    if inverted.is_clearly_better_than(now) and inverted.right.mean() >= LEAST:
        return f"{found}, and {inverted.share} of them in dark ink on light ground (--invert)", True
    return f"{found}: is it trained for digits?", False


def fitted(bare: Bare, name: str, wish: Adapter) -> Adapter:
    """Detect the input and output format of a file; what ``wish`` says is taken as it is.

    Raises:
        ContractError: its input is no picture or its output no digits, or no reading is better by the stated margin.
    """
    if len(bare.inputs) != 1:
        raise ContractError(
            f"{name} has {len(bare.inputs)} inputs, {', '.join(f'{end.name} {end}' for end in bare.inputs)}",
            "save the classifier with its picture as its one input",
        )
    shapes = list(forms(bare.inputs[0], wish))
    if not shapes:
        where = "" if wish.layout is None else f" as {wish.layout}"
        raise ContractError(
            f"{name} takes {bare.inputs[0]}, and no picture of 8 to 64 pixels a side{where}",
            "give a classifier of digits, or say how pixels lie with --layout",
        )
    ends = outputs(bare)
    if not ends:
        given = ", ".join(map(str, bare.outputs))
        raise ContractError(f"{name} gives {given}, and no ten digits", "give a classifier of ten digits or more classes")
    found = _looked_at(bare, list(_readings(shapes, ends)), _FIRST_LOOK)
    if not found.answered:
        reason = found.reason or f"its input, {bare.inputs[0]}, does not hold {wish.pixels}"
        raise ContractError(f"{name} answers no picture ({reason})", f"say what it takes with {_OPTIONS}")
    best = sorted(found.answered, key=lambda one: (-one.fit.right.mean(), one.fit.cross_entropy))
    best = best[:_KEPT]
    if wish.pixels is not None:
        others = [replace(best[0].adapter, pixels=way) for way in _USUAL if way != wish.pixels]
        _check_told(name, _looked_at(bare, [best[0].adapter, *others], _SECOND_LOOK).answered)
    for count in (_SECOND_LOOK, _LAST_LOOK):
        found = _looked_at(bare, [one.adapter for one in best], count)
        if not found.answered:
            raise ContractError(f"{name} answers no {count:,} pictures ({found.reason})", "export it again")
        answered = found.answered
        chosen, rivals = _compared(answered)
        if wish.pixels is not None or not rivals:
            break
        best = [chosen, *rivals]
    return _adopted(name, bare, chosen, [one for one in answered if one is not chosen], rivals, wish)


def _check_told(name: str, answered: list[_Answered]) -> None:
    """Refuse what the user says of pixels where other pixels are far better.

    Raises:
        ContractError: with both.
    """
    told, *others = answered
    best = min(others, key=lambda one: one.fit.cross_entropy, default=told)
    gain = best.fit.right.mean() - told.fit.right.mean()
    if gain >= _FAR and best.fit.right.mean() >= LEAST and best.fit.is_clearly_better_than(told.fit):
        raise ContractError(
            f"{name} answers {told.fit} of MNIST's first {_SECOND_LOOK} test images with {told.adapter.pixels}, and"
            f" {best.fit} with {best.adapter.pixels}",
            f"pass {best.adapter.pixels.options if best.adapter.pixels else ''}, or leave it to be found",
        )


@dataclass(frozen=True, eq=False)
class _Answered:
    adapter: Adapter
    fit: _Fit


@dataclass(frozen=True, eq=False)
class _Looked:
    """The readings that were answered, and why another one was not."""

    answered: list[_Answered]
    reason: str


def _readings(shapes: Iterable[Adapter], ends: Iterable[int]) -> Iterator[Adapter]:
    for shape in shapes:
        ways = (*_USUAL, *_OF_SCIKIT_LEARN) if shape.side == 8 else _USUAL
        for pixels in ways if shape.pixels is None else (shape.pixels,):
            for output in ends:
                yield replace(shape, pixels=pixels, output=output)


def _looked_at(bare: Bare, readings: list[Adapter], count: int) -> _Looked:
    images, labels = _images(count)
    answered, reason = [], ""
    for reading in readings:
        try:
            adapter, numbers = _asked(bare, reading, images)
        except Exception as error:  # each runtime has its own; another reading may do
            reason = reason or reason_of(error)
            continue
        if numbers is None or not np.isfinite(numbers).all() or numbers.shape[1] < CLASSES:
            continue
        classes = adapter.classes
        if classes is None and numbers.shape[1] > CLASSES:
            classes = digits_among(numbers, labels)
        if (classes is None and numbers.shape[1] > CLASSES) or max(classes or (0,)) >= numbers.shape[1]:
            reason = reason or f"of {numbers.shape[1]} outputs it is not clear which are the digits"
            continue
        adapter = replace(adapter, classes=classes, ending=ending_of(numbers))
        answered.append(_Answered(adapter, _Fit.of(probabilities(numbers, adapter.ending, classes), labels)))
    return _Looked(answered, reason)


def _asked(bare: Bare, reading: Adapter, images: Images) -> tuple[Adapter, NDArray[np.float32] | None]:
    """Ask a reading; where a file does not take several pictures at once, though it says so, ask one by one."""
    ask = asking(bare, reading)
    if ask is None:
        return reading, None
    try:
        ask(images[:2])
    except Exception:
        if reading.batch is not None:
            raise
        reading = replace(reading, batch=1)
        ask = asking(bare, reading)
        if ask is None:
            raise
    parts = (ask(images[first : first + _AT_ONCE]) for first in range(0, len(images), _AT_ONCE))
    return reading, np.concatenate(list(parts))


def digits_among(numbers: NDArray[np.float32], labels: NDArray[np.uint8]) -> tuple[int, ...] | None:
    """Return which of more than ten outputs answers each digit, or None if one answers two of them."""
    largest = numbers.argmax(axis=1)
    columns = tuple(int(np.bincount(largest[labels == digit]).argmax()) for digit in range(CLASSES))
    return columns if len(set(columns)) == CLASSES else None


def _compared(answered: list[_Answered]) -> tuple[_Answered, list[_Answered]]:
    """Return the best reading, and those that are nearly as good and give other digits."""
    most = max(one.fit.right.mean() for one in answered)
    best = min(
        (one for one in answered if one.fit.right.mean() >= most - _NOTICEABLE), key=lambda one: one.fit.cross_entropy
    )
    others = [one.fit for one in answered if one is not best]
    worse = [fit for fit in others if best.fit.is_clearly_better_than(fit) or best.fit.answers_like(fit)]
    return best, [one for one in answered if one.fit in others and one.fit not in worse]


def _adopted(
    name: str, bare: Bare, best: _Answered, others: list[_Answered], rivals: list[_Answered], wish: Adapter
) -> Adapter:
    """Return the best reading, with a note of what was assumed, and by what margin.

    Raises:
        ContractError: it is not good enough, or it has rivals; but not where the user says which pixels.
    """
    adapter, fit = best.adapter, best.fit
    found = f"{fit} of MNIST's first {len(fit.right):,} test images"
    if wish.pixels is None and fit.right.mean() < LEAST:
        raise ContractError(
            f"{name} answers at most {found}, with {adapter.pixels};"
            f" at least {100 * LEAST:.0f} % is needed to detect its format",
            f"say what it was trained on with {_OPTIONS}",
        )
    if rivals and wish.pixels is None:
        ways = [one.adapter.pixels.options for one in (best, *rivals) if one.adapter.pixels is not None]
        raise ContractError(
            f"{name} answers {found} with {adapter.pixels}, and {rivals[0].fit}, but other digits, with"
            f" {rivals[0].adapter.pixels}",
            f"say which with {_OPTIONS}: {' or '.join(way or '--scale 1' for way in ways)}",
        )
    answers = {"logits": ", a softmax added", "scores": ", divided by their sum", "probabilities": ""}[adapter.ending]
    classes = "" if adapter.classes is None else f", digits are outputs {','.join(map(str, adapter.classes))}"
    size = "" if adapter.size is None else f", 28 × 28 {adapter.size} to {adapter.side} × {adapter.side}"
    different = [one for one in others if one.adapter.pixels != adapter.pixels]
    second = min(different, key=lambda one: (-one.fit.right.mean().round(2), one.fit.cross_entropy), default=None)
    alike = ", the same digits" if second is not None and fit.answers_like(second.fit) else ""
    margin = "" if second is None else f"; next {second.adapter.pixels}: {second.fit}{alike}"
    note = (
        f"{'taken as told' if wish.pixels else 'assumed'} of {name}: it takes {adapter.pixels} as {bare.inputs[0]}{size},"
        f" and gives {adapter.ending}{answers}{classes}: right on {found}{margin}"
    )
    return replace(adapter, note=note)


def _images(count: int) -> tuple[Images, NDArray[np.uint8]]:
    test = dataset.load("test")
    return test.images[:count], test.labels[:count]
