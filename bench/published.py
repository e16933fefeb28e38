"""Runs and exports classifiers of public repositories: ``python -m bench published DIR``.

``published.json`` lists the source of each file and the scale of its pixels. The files are in DIR, outside the
repository, under the names in that list.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np

from bench.recording import record
from digit_infer import Predictor
from digit_infer.cli.output import Column, print_table
from digit_infer.cli.reporting import quiet_native_log
from digit_infer.contract import Precision, is_saved_model
from digit_infer.dataset import load
from digit_infer.errors import DigitInferError, first_line_of
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.runtimes.preprocessing import Preprocessing
from export.pairs import FORMATS

_EXPORTED: tuple[Precision, ...] = ("float32", "int8")

LIST = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Published:
    """A file of the list: its right answers of 10,000 by hand and by ``Predictor``; None where it does not run.

    ``exported`` holds those of each file that the export writes of it, by form, or why it writes none.
    """

    source: str
    by_hand: int | None
    digit_infer: int | None
    note: str
    exported: dict[str, int | str]

    def best(self, precision: Precision) -> int | None:
        """Return the right answers of the better file in a precision; None where none is written."""
        found = [right for form, right in self.exported.items() if form.startswith(precision) and isinstance(right, int)]
        return max(found, default=None)


def by_hand(path: Path, pixels: Preprocessing) -> int:
    """Count the right answers by the bare runtime, with the code that an owner of the file would write."""
    test, run = load("test"), _runner(path)
    values = pixels.values(test.images)
    return int((run(values).argmax(axis=1) == test.labels).sum())


Run = Callable[[Any], Any]


def _runner(path: Path) -> Run:
    if path.suffix == ".onnx":
        return _onnx(path)
    if path.suffix == ".tflite":
        return _tflite(path)
    return _saved_model(path) if is_saved_model(path) else _keras(path)


def _onnx(path: Path) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    given = session.get_inputs()[0]
    shape = [size if isinstance(size, int) else -1 for size in given.shape]
    batch = max(shape[0], 1) if shape[0] > 0 else 1_000

    def answer(values: Any) -> Any:
        if 3 in shape[1:]:
            values = np.repeat(values[:, None], 3, 1)
        parts = (values[start : start + batch].reshape(batch, *shape[1:]) for start in range(0, len(values), batch))
        return np.concatenate([session.run(None, {given.name: part})[0].reshape(batch, -1) for part in parts])

    return answer


def _tflite(path: Path) -> Run:
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=str(path))
    interpreter.allocate_tensors()
    given, made = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    scale, zero_point = given["quantization"]

    def one(values: Any) -> Any:
        if given["dtype"] != np.float32:
            limits = np.iinfo(given["dtype"])
            values = np.clip(np.rint(values / scale + zero_point if scale else values), limits.min, limits.max)
        interpreter.set_tensor(given["index"], values.astype(given["dtype"]).reshape(given["shape"]))
        interpreter.invoke()
        return interpreter.get_tensor(made["index"])[0]

    return lambda values: np.stack([one(picture) for picture in values])


def _keras(path: Path) -> Run:
    import keras

    model = keras.saving.load_model(path, compile=False)
    return lambda values: model.predict(values.reshape(-1, *model.input_shape[1:]), verbose=0)


def _saved_model(path: Path) -> Run:
    import tensorflow as tf

    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        function = tf.compat.v1.saved_model.load(session, ["serve"], str(path)).signature_def["serving_default"]
    [source], [target] = function.inputs.values(), function.outputs.values()
    sizes = [size.size for size in source.tensor_shape.dim][1:]
    return lambda values: session.run(target.name, {source.name: values.reshape(-1, *sizes)})


def exported(path: Path) -> dict[str, int | str]:
    """Export a file in float32 and int8 to both formats; return the right answers of each by its form, or the refusal."""
    from export.graph_source import is_graph, load_graph
    from export.pipeline import Exporter
    from export.source import load_source

    found: dict[str, int | str] = {}
    try:
        exporter = Exporter(load_graph(path, None) if is_graph(path) else load_source(str(path)))
    except DigitInferError as error:
        return {"none": str(error).replace(f"{path.parent}/", "")}
    for model_format, precision in product(FORMATS, _EXPORTED):
        form, reason = f"{precision}.{model_format}", exporter.source.refusal((model_format, precision))
        with TemporaryDirectory() as folder:
            try:
                made = exporter.export(model_format, precision, Path(folder)) if reason is None else None
                found[form] = reason or "" if made is None else made.parity.accuracy.correct
            except DigitInferError as error:
                found[form] = str(error).replace(f"{path.parent}/", "")
    return found


def run_all(folder: Path, only: tuple[str, ...]) -> dict[str, Published]:
    """Run the files of the list that are in a folder."""
    found = {}
    test = load("test")
    for entry in json.loads(LIST.read_text(encoding="utf-8"))["files"]:
        path = folder / entry["file"]
        if (only and entry["file"] not in only) or not path.exists():
            continue
        hand = right = None
        try:
            hand = by_hand(path, Preprocessing(**entry["pixels"]))
            note = ""
        except Exception as error:  # any error of a runtime
            note = f"by hand: {first_line_of(error, 120)}; "
        try:
            if sha256_of(path) != entry["sha256"]:
                note += "another version than that of the list; "
            with Predictor(path) as predictor:
                right = int((predictor.predict_array(test.images).argmax(axis=1) == test.labels).sum())
                note += predictor.note.replace(f"{path.parent}/", "")
        except DigitInferError as error:
            note += str(error).replace(f"{path.parent}/", "")
        found[entry["file"]] = Published(
            f"{entry['repository']}/{entry['path']}@{entry['commit'][:12]}", hand, right, note, exported(path)
        )
    return found


@click.command("published")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--file", "only", multiple=True, metavar="NAME", help="Of the list; repeatable. [default: all, and recorded]")
def published(folder: Path, only: tuple[str, ...]) -> None:
    """Count the right answers of published classifiers in FOLDER: on the bare runtime, by Predictor, and after export."""
    with quiet_native_log():
        found = run_all(folder, only)
    columns = ("by hand", "digit_infer", *_EXPORTED)
    rows = [
        (name, *(str(right or "-") for right in (one.by_hand, one.digit_infer, *map(one.best, _EXPORTED))), one.note[:120])
        for name, one in found.items()
    ]
    print_table([Column("file"), *(Column(name, number=True) for name in columns), Column("note")], rows)
    if not only:
        record("published", {"files": {name: asdict(one) for name, one in found.items()}})
