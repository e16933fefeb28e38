"""Our float32 graphs compared with tf2onnx's plain output, and with other optimisers' versions of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.bare import bare_onnx, pair_of_files, shipped_onnx, some_images
from bench.paired import Call, Pairs, time_pairs
from digit_infer.errors import InferenceError
from export.stored import measured_later

if TYPE_CHECKING:
    import keras
    import onnx

RESULT = Path(__file__).parent / "results" / "lean_graphs.json"
OURS = "digit_infer"
_ROUNDS = 20
_PROBES = 100
_SAME = 1e-4


@dataclass(frozen=True)
class Comparison:
    """A graph ``by`` an optimiser or by us, compared with ``plain``, tf2onnx's.

    ``times`` are at batch 1 with one thread, plain first.
    """

    model: str
    by: str
    plain_nodes: int
    plain_bytes: int
    nodes: int
    bytes: int
    times: Pairs


def compare(
    models: Iterable[str], pairs_within: Callable[[Callable[[bool], tuple[Call, Call]]], int]
) -> Iterator[Comparison]:
    """Create and time the graphs of networks in the zoo; ``pairs_within`` returns how many pairs fit the time.

    Raises:
        InferenceError: two graphs of a network return different outputs.
    """
    for name in models:
        with TemporaryDirectory() as folder:
            plain, others = _graphs(name, Path(folder))
            _check_same([plain, *others.values()])
            for by, path in others.items():
                make = pair_of_files(plain, path)
                pairs = pairs_within(make)
                times = time_pairs(make, pairs, _ROUNDS, warm_up=max(3, pairs // 100))
                yield Comparison(name, by, *_size(plain), *_size(path), times)


def comparisons(path: Path = RESULT) -> tuple[Comparison, ...]:
    """Read the record of the last measurement."""
    timed = {field.name for field in fields(Pairs)}
    results: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return tuple(
        Comparison(
            **{name: value for name, value in entry.items() if name not in timed},
            times=Pairs(**{name: value for name, value in entry.items() if name in timed}),
        )
        for entry in results.values()
    )


def other_runs(path: Path = RESULT) -> str:
    """Return which networks of the record were measured in later runs, and where."""
    return measured_later(json.loads(path.read_text(encoding="utf-8")))


def as_entry(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison as the record has it, with the times flattened."""
    return {name: value for name, value in vars(comparison).items() if name != "times"} | asdict(comparison.times)


def plain_model(network: keras.Model) -> onnx.ModelProto:
    """Convert a network as a user would for uint8 input: cast, scale, add the channel axis."""
    import keras
    import tf2onnx

    from export.contract_onnx import OPSET

    images = keras.Input((28, 28), dtype="uint8", name="images")
    values = keras.ops.cast(images, "float32") / 255
    if len(network.input_shape) == 4:
        values = keras.layers.Reshape((28, 28, 1))(values)
    model: onnx.ModelProto
    model, _ = tf2onnx.convert.from_keras(keras.Model(images, network(values)), opset=OPSET)
    return model


def _graphs(name: str, folder: Path) -> tuple[Path, dict[str, Path]]:
    """Write tf2onnx's graph of a network and the other optimisers' versions of it; ours is the file in the zoo."""
    import onnx
    import onnxruntime
    import onnxslim

    from export.source import load_source

    plain = folder / "plain.onnx"
    onnx.save(plain_model(load_source(name).network), plain)
    others = {"onnxslim": folder / "slim.onnx"}
    onnx.save(onnxslim.slim(onnx.load(plain)), others["onnxslim"])
    for level in ("basic", "extended"):
        path = others[f"ONNX Runtime, {level}"] = folder / f"{level}.onnx"
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level.upper()}")
        options.optimized_model_filepath = str(path)
        onnxruntime.InferenceSession(plain, options, providers=["CPUExecutionProvider"])
    return plain, others | {OURS: shipped_onnx(name)}


def _check_same(paths: list[Path]) -> None:
    images = some_images(_PROBES)
    first, *others = (bare_onnx(path)(images) for path in paths)
    for path, answers in zip(paths[1:], others, strict=True):
        difference = float(np.abs(answers - first).max())
        if difference > _SAME:
            raise InferenceError(f"{path} answers otherwise than tf2onnx's graph, by {difference:.2g}", "report this model")


def _size(path: Path) -> tuple[int, int]:
    """Return the number of nodes and the bytes of a file."""
    import onnx

    return len(onnx.load(path).graph.node), path.stat().st_size
