"""Accuracy, speed and size of each choice of quantized layers, for every network in the zoo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from bench.bare import pair_of_files, shipped_onnx
from bench.paired import Call, time_pairs
from digit_infer import dataset

if TYPE_CHECKING:
    import onnx

    from digit_infer.contract import Images
    from export.records.quantization import Quantized

SOFTMAX_TOO = "all products and the softmax"
_OTHER_IMAGES = 6_000
_ROUNDS = 10


def measure(
    models: Iterable[str], pairs_within: Callable[[Callable[[bool], tuple[Call, Call]]], int]
) -> Iterator[Quantized]:
    """Quantize and time networks with every choice; ``pairs_within`` returns how many pairs fit the time."""
    for name in models:
        with TemporaryDirectory() as folder:
            yield from _measure(name, Path(folder), pairs_within)


def _measure(
    name: str, folder: Path, pairs_within: Callable[[Callable[[bool], tuple[Call, Call]]], int]
) -> Iterator[Quantized]:
    import onnx

    from export.calibration import of_training_images
    from export.onnx_canonical import canonical
    from export.onnx_quantized import answers, choices, quantized, quantized_in
    from export.records.quantization import Quantized

    plain = shipped_onnx(name)
    model = onnx.load(plain)
    test, calibration, others = (
        dataset.load("test"),
        of_training_images().images(),
        dataset.load("train").images[:_OTHER_IMAGES],
    )
    expected = {"test": answers(model, test.images)}
    expected |= {"calibration": answers(model, calibration), "others": answers(model, others)}
    _, chosen = next(quantized(model, calibration))
    named = choices(model)
    ways = [(said, products, ()) for said, products in named.items()]
    for said, products, also in [*ways, (SOFTMAX_TOO, named["all products"], ("Softmax",))]:
        candidate = canonical(quantized_in(model, products, calibration, also=also))
        path = folder / "quantized.onnx"
        onnx.save(candidate, path)
        on_test = answers(candidate, test.images)
        make = pair_of_files(plain, path)
        times = time_pairs(make, pairs_within(make), _ROUNDS, warm_up=20)
        yield Quantized(
            model=name,
            choice=said,
            chosen=said == chosen,
            products=products,
            bytes=path.stat().st_size,
            changed_calibration=_changed(candidate, calibration, expected["calibration"]),
            changed_training=_changed(candidate, others, expected["others"]),
            correct=int((on_test == test.labels).sum()),
            flips=int((on_test != expected["test"]).sum()),
            float32_bytes=plain.stat().st_size,
            float32_correct=int((expected["test"] == test.labels).sum()),
            pairs=times.pairs,
            float32_us=times.first_us,
            us=times.second_us,
            ratio=times.ratio,
            ratio_low=times.ratio_low,
            ratio_high=times.ratio_high,
        )


def _changed(model: onnx.ModelProto, images: Images, expected: np.ndarray) -> float:
    from export.onnx_quantized import answers

    return float(np.mean(answers(model, images) != expected))
