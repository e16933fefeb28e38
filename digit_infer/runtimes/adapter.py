"""Converts between the contract and the input and output format of a user's own file.

It is numpy around the runtime. A file that keeps the contract needs no conversion. ``plausibility`` finds what a signature
does not tell, such as the scale of pixels.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, get_args

import numpy as np

from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import ContractError, DigitInferError, InferenceError, UsageError, reason_of
from digit_infer.runtimes.preprocessing import Preprocessing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from digit_infer.contract import Images, Probabilities

Layout = Literal["flat", "rows", "channels-first", "channels-last"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)
"""[N, 784], [N, 28, 28], [N, 1 or 3, 28, 28] and [N, 28, 28, 1 or 3]."""

Ending = Literal["probabilities", "logits", "scores"]
"""``logits``: a softmax makes probabilities of them, and of logarithms of probabilities. ``scores``: from 0 to 1, as ten
sigmoids give them, divided by their sum."""

Size = Literal["padded", "resized"]
"""How 28 x 28 pixels become more: with a border of background, or stretched."""

SIDES = range(8, 65)
_MOST_CLASSES = 1_000
_CLIPPED = 0.05
"""A share of the range of values that an integer input may cut off; beyond it the values are not meant for that input."""
_FEWEST_VALUES = 16
"""Of 256 bytes, that an integer input must tell apart."""
_STRAY = 0.03


@dataclass(frozen=True)
class End:
    """An input or output of a file, as its runtime describes it.

    ``shape`` has None where a size is open, and is None where nothing is known. Integers of TFLite have a ``scale`` and a
    ``zero_point``; a scale of 0 means that they have none.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...] | None
    scale: float = 0.0
    zero_point: int = 0

    def __str__(self) -> str:
        """Describe it as messages do."""
        sizes = "…" if self.shape is None else ", ".join("N" if size is None else str(size) for size in self.shape)
        return f"{self.dtype} [{sizes}]"


class Bare(Protocol):
    """A file loaded as it is. ``run`` is safe to call from several threads."""

    @property
    def provider(self) -> str:
        """Return what the runtime uses."""

    @property
    def threads(self) -> int | None:
        """Return the threads of one call, or None where the runtime decides."""

    @property
    def inputs(self) -> Sequence[End]:
        """Return the inputs."""

    @property
    def outputs(self) -> Sequence[End]:
        """Return the outputs."""

    def run(self, values: NDArray[Any], output: int) -> NDArray[Any]:
        """Return one of the outputs for the values of the first input.

        Raises:
            Exception: what the runtime raises.
        """


@dataclass(frozen=True)
class Adapter:
    """The input and output format of a user's own file. Fields that are None are detected; the others always are.

    ``pixels``: the values that it takes. ``layout``: how they lie. ``classes``: which of its outputs are the digits 0 to 9.
    ``shape`` is that of one picture, behind the batch, and ``side`` its width; ``batch`` the pictures of one call, None for
    any number, 0 where the input has no axis for them. ``output`` is the position of the output, ``ending`` what it holds,
    and ``note`` says all this to the user, and how sure it is.
    """

    pixels: Preprocessing | None = None
    layout: Layout | None = None
    classes: tuple[int, ...] | None = None
    shape: tuple[int, ...] = (SIDE, SIDE)
    side: int = SIDE
    size: Size | None = None
    batch: int | None = None
    output: int = 0
    ending: Ending = "probabilities"
    note: str = ""

    def __post_init__(self) -> None:
        if self.layout not in (None, *LAYOUTS):
            raise UsageError(f"there is no layout {self.layout!r}", f"choose from {', '.join(LAYOUTS)}")
        if self.classes is not None and not (len(self.classes) == len(set(self.classes)) == CLASSES):
            raise UsageError(
                f"--classes names {len(set(self.classes))} outputs", "name ten, for the digits 0 to 9 in order"
            )

    @property
    def channels(self) -> int:
        """How often a picture's pixels are repeated: 3 for a network of coloured pictures."""
        return math.prod(self.shape) // self.side**2

    def told(self) -> dict[str, Any]:
        """Return it as JSON that ``adapter_of`` reads."""
        return asdict(self)


def adapter_of(told: Mapping[str, Any]) -> Adapter:
    """Turn what was read as JSON back into an adapter."""
    pixels, classes = told["pixels"], told["classes"]
    return Adapter(
        **{
            **told,
            "pixels": None if pixels is None else Preprocessing(**pixels),
            "classes": None if classes is None else tuple(classes),
            "shape": tuple(told["shape"]),
        }
    )


def forms(end: End, wish: Adapter) -> Iterator[Adapter]:
    """Yield the ways in which one picture may lie in an input, the usual one first."""
    shape = end.shape
    if shape is None:
        for layout in LAYOUTS if wish.layout is None else (wish.layout,):
            yield replace(wish, layout=layout, shape=_templates(SIDE)[layout][0])
        return
    found = _fitting(shape[1:], wish) if shape else []
    if found:
        yield from (replace(form, batch=shape[0]) for form in found)
    elif None not in shape:
        yield from (replace(form, batch=0) for form in _fitting(shape, wish))


def _templates(side: int) -> dict[Layout, list[tuple[int, ...]]]:
    return {
        "flat": [(side * side,)],
        "rows": [(side, side)],
        "channels-first": [(1, side, side), (3, side, side)],
        "channels-last": [(side, side, 1), (side, side, 3)],
    }


def _fitting(sizes: tuple[int | None, ...], wish: Adapter) -> list[Adapter]:
    """Return the forms of one picture that these sizes behind the batch allow, or else their sizes without ones."""
    known = [size for size in sizes if size is not None]
    sides = {size for size in known if size in SIDES} | {math.isqrt(size) for size in known if _is_square(size)}
    found: list[Adapter] = []
    for wanted in (sizes, tuple(size for size in sizes if size != 1)):
        for side in sorted(sides or {SIDE}, key=lambda side: side != SIDE):
            ways: tuple[Size | None, ...] = (None,)
            if side != SIDE:
                ways = ("padded", "resized") if side > SIDE else ("resized",)
            for layout, templates in _templates(side).items():
                for template in templates if wish.layout in (None, layout) else ():
                    if len(template) == len(wanted) and all(a in (None, b) for a, b in zip(wanted, template, strict=True)):
                        shape = template if None in sizes else tuple(known)
                        found += [replace(wish, layout=layout, shape=shape, side=side, size=way) for way in ways]
        if found:
            break
    return found


def _is_square(size: int) -> bool:
    return math.isqrt(size) in SIDES and math.isqrt(size) ** 2 == size


def fits(pixels: Preprocessing, end: End) -> bool:
    """Tell whether an input can hold what 256 bytes become."""
    dtype = np.dtype(end.dtype)
    if dtype.kind not in "iu":
        return dtype.kind == "f"
    values = pixels.table
    kept = _steps(values, end)
    lost = np.abs(kept - (values / (end.scale or 1) + end.zero_point)).max() - 0.5
    return bool(lost <= _CLIPPED * np.ptp(kept) and len(np.unique(kept)) >= _FEWEST_VALUES)


def _steps(values: NDArray[np.float32], end: End) -> NDArray[Any]:
    """Return values in the dtype of an input: integers by its scale, or rounded."""
    dtype = np.dtype(end.dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    whole = np.rint(values / np.float32(end.scale or 1) + end.zero_point)
    steps: NDArray[Any] = np.clip(whole, limits.min, limits.max).astype(dtype)
    return steps


def brought_to(values: NDArray[np.float32], adapter: Adapter) -> NDArray[np.float32]:
    """Bring prepared pixels, float32 [N, 28, 28], to the size that a file takes."""
    if adapter.size == "padded":
        before = (adapter.side - SIDE) // 2
        border = (before, adapter.side - SIDE - before)
        ground = float((adapter.pixels or Preprocessing()).table[0])
        padded: NDArray[np.float32] = np.pad(values, ((0, 0), border, border), constant_values=ground)
        return padded
    weights = resampling(adapter.side)
    resized: NDArray[np.float32] = np.matmul(np.matmul(weights, values), weights.T)
    return resized


def prepared(adapter: Adapter, images: Images) -> NDArray[np.float32]:
    """Turn uint8 [N, 28, 28] into the float32 values [N, *shape] that a file takes."""
    values = (adapter.pixels or Preprocessing()).table[images]
    found: NDArray[np.float32] = _arranged(values if adapter.size is None else brought_to(values, adapter), adapter)
    return found


def _arranged(values: NDArray[Any], adapter: Adapter) -> NDArray[Any]:
    if adapter.channels > 1:
        axis = 1 if adapter.layout == "channels-first" else -1
        values = np.repeat(np.expand_dims(values, axis), adapter.channels, axis)
    return values.reshape(len(values), *adapter.shape)


def resampling(side: int) -> NDArray[np.float32]:
    """Return the weights [side, 28] of a triangle filter: linear interpolation, and an average where there are fewer."""
    ratio = SIDE / side
    centres = (np.arange(side) + 0.5) * ratio - 0.5
    weights = np.maximum(0, 1 - np.abs(np.arange(SIDE) - centres[:, None]) / max(ratio, 1))
    shares: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares


def asking(bare: Bare, adapter: Adapter) -> Callable[[Images], NDArray[np.float32]] | None:
    """Return the function that gives a file's own numbers, float32 [N, K], for images; None if it cannot take the pixels.

    What that raises is the runtime's own, or a ``ValueError``.
    """
    source, pixels = bare.inputs[0], adapter.pixels or Preprocessing()
    if not fits(pixels, source):
        return None
    steps = _steps(pixels.table, source)
    end, batch = bare.outputs[adapter.output], adapter.batch

    def given(images: Images) -> NDArray[Any]:
        return _arranged(steps[images], adapter) if adapter.size is None else _steps(prepared(adapter, images), source)

    def numbers(answer: NDArray[Any], count: int) -> NDArray[np.float32]:
        values = np.asarray(answer)
        if end.scale:
            values = (values.astype(np.float32) - end.zero_point) * np.float32(end.scale)
        return values.astype(np.float32).reshape(count, -1)

    def ask(images: Images) -> NDArray[np.float32]:
        values = given(images)
        if batch is None:
            return numbers(bare.run(values, adapter.output), len(images))
        if batch == 0:
            return np.concatenate([numbers(bare.run(one, adapter.output), 1) for one in values])
        rows = []
        for start in range(0, len(values), batch):
            part = values[start : start + batch]
            filled = np.concatenate([part, np.repeat(part[-1:], batch - len(part), 0)]) if len(part) < batch else part
            rows.append(numbers(bare.run(filled, adapter.output), batch)[: len(part)])
        return np.concatenate(rows)

    return ask


def ending_of(numbers: NDArray[np.float32]) -> Ending:
    """Tell what a file's own numbers are, float32 [N, K]."""
    if numbers.min() < -_STRAY or numbers.max() > 1 + _STRAY:
        return "logits"
    return "probabilities" if np.abs(numbers.sum(axis=1) - 1).max() <= _STRAY else "scores"


def probabilities(numbers: NDArray[np.float32], ending: Ending, classes: Sequence[int] | None) -> Probabilities:
    """Make probabilities of ten digits, float32 [N, 10], of a file's own numbers, float32 [N, K]."""
    digits = numbers if classes is None else numbers[:, list(classes)]
    if ending == "probabilities" and classes is None:
        return digits
    if ending == "logits":
        shares = np.exp(digits.astype(np.float64) - digits.max(axis=1, keepdims=True))
    else:
        shares = np.maximum(digits.astype(np.float64), np.finfo(np.float32).tiny)
    found: Probabilities = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    best = digits.argmax(axis=1)
    tied = np.flatnonzero(found.argmax(axis=1) != best)  # rounded to equals, as of ten sigmoids that are nearly 1
    found[tied, best[tied]] = np.nextafter(found[tied].max(axis=1), np.float32(2))
    return found


def outputs(bare: Bare) -> list[int]:
    """Return the positions of the outputs that may hold the ten digits, or more classes."""

    def may_be_one(end: End) -> bool:
        if np.dtype(end.dtype).kind != "f" and not end.scale:
            return False
        sizes = [size for size in end.shape or () if size is not None]
        largest = max(sizes, default=CLASSES)
        return CLASSES <= largest <= _MOST_CLASSES or None in (end.shape or (None,))

    return [position for position, end in enumerate(bare.outputs) if may_be_one(end)]


class AdaptedSession:
    """A session of a file that does not keep the contract."""

    def __init__(self, bare: Bare, adapter: Adapter, name: str) -> None:
        """Wrap a loaded file in an adapter that is known to fit it.

        Raises:
            ContractError: it does not.
        """
        ask = asking(bare, adapter)
        if ask is None:
            raise ContractError(f"{name} takes {bare.inputs[0]}, which does not hold {adapter.pixels}", "name its pixels")
        self._ask = ask
        self._adapter = adapter
        self.provider = bare.provider
        self.threads = bare.threads

    def answers(self, pictures: Images) -> Probabilities:
        """Return float32 [N, 10] for uint8 [N, 28, 28].

        Raises:
            InferenceError: the runtime failed.
        """
        if len(pictures) == 0:
            return np.empty((0, CLASSES), np.float32)
        try:
            numbers = self._ask(pictures)
        except DigitInferError:
            raise
        except Exception as error:  # each runtime has its own
            reason = reason_of(error)
            raise InferenceError(f"{self.provider} failed on {pictures.shape} ({reason})", "report this model") from error
        return probabilities(numbers, self._adapter.ending, self._adapter.classes)
