"""The ink network: Keras -> ONNX and TFLite in float32 and int8, each verified on held-out drawn pictures.

A file is written if it marks the same pixels as the trained network, within the bounds of ``check``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from digit_infer.contract import INK, INK_SIDE, Format, Precision
from digit_infer.files import atomic_write
from digit_infer.image.one_digit import INKED
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.keras import load_network
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Runtime, answer_in_parts
from digit_infer.zoo.manifest import InkFile, InkModel, InkParity
from export.errors import ParityError
from export.multiply_adds import multiply_adds
from export.parity import INK_BOUNDS
from export.published import recipe_of, zoo_checkpoint
from training.checkpoint import path_of
from training.ink.epochs import drawn, held_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import onnx
    from numpy.typing import NDArray

    from digit_infer.runtimes.protocol import Pictures

NAME = "inknet"
FORMS: tuple[tuple[Format, Precision], ...] = (
    ("onnx", "float32"), ("onnx", "int8"), ("tflite", "float32"), ("tflite", "int8"),
)  # fmt: skip

_PROVED_ON: dict[Format, Runtime] = {"onnx": RUNTIMES["onnx-cpu"], "tflite": RUNTIMES["tflite"]}
_OPSET = 17
_BATCH = 32

CALIBRATED, PROVEN = 200, 1_000
_CALIBRATION_SEED = 20_261_131
"""Numbers of drawn pictures for the ranges of int8, and for the verification of files."""


@dataclass(frozen=True, eq=False)
class InkSource:
    """The trained network float32 [N, 128, 128, 1] in 0..1 -> [N, 128, 128] in 0..1, and the metadata of its files."""

    network: keras.Model
    about: dict[str, str]
    calibration: Pictures
    proof: Pictures


def load_ink() -> InkSource:
    """Load the bundled checkpoint, and draw the pictures for calibration and verification.

    Raises:
        ExportError, TrainingError: the checkpoint is not there, or not the one that was recorded.
    """
    checkpoint = zoo_checkpoint(NAME)
    about = {
        "model": NAME,
        "recipe": recipe_of(NAME),
        "checkpoint_sha256": checkpoint.sha256,
        "contract": "grey: uint8 [N, 128, 128], 0 = black -> ink: uint8 [N, 128, 128], 255 = full of ink",
    }
    calibration, _ = drawn(CALIBRATED, _CALIBRATION_SEED)
    proof, _ = held_out(PROVEN)
    return InkSource(load_network(path_of(NAME)), about, calibration, proof)


def ink_model(source: InkSource, files: Sequence[InkFile]) -> InkModel:
    """Return the network's entry in the manifest."""
    return InkModel(
        name=NAME,
        parameters=source.network.count_params(),
        multiply_adds=multiply_adds(source.network),
        recipe=source.about["recipe"],
        checkpoint=zoo_checkpoint(NAME),
        files=tuple(files),
    )


def export_ink(source: InkSource, model_format: Format, precision: Precision, folder: Path) -> InkFile:
    """Write ``folder/inknet.PRECISION.FORMAT``, once it is verified.

    Raises:
        ParityError: it marks other pixels than the trained network; nothing is written.
    """
    path = folder / f"{NAME}.{precision}.{model_format}"
    keras.backend.clear_session()  # restarts the counters in layer names, which reach the file
    content = (_onnx if model_format == "onnx" else _tflite)(source, precision)
    runtime = _PROVED_ON[model_format]
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
        session = runtime.open(ModelFile(NAME, temporary, model_format, precision, len(content), contract=INK), None)
        found = answer_in_parts(session.answers, source.proof, _BATCH)
        parity = check(path.name, precision, reference(source.network, source.proof), found, session.provider)
    return InkFile(path.name, model_format, precision, hashlib.sha256(content).hexdigest(), len(content), parity)


def reference(network: keras.Model, pictures: Pictures) -> NDArray[np.uint8]:
    """Return what the trained network marks on pictures uint8 [N, 128, 128]: the same shape, 255 = full of ink."""
    parts = [
        network.predict(pictures[start : start + _BATCH, ..., None].astype(np.float32) / np.float32(255), verbose=0)
        for start in range(0, len(pictures), _BATCH)
    ]
    ink: NDArray[np.uint8] = np.rint(np.concatenate(parts) * 255).astype(np.uint8)
    return ink


def check(
    name: str, precision: Precision, expected: NDArray[np.uint8], found: NDArray[np.uint8], provider: str
) -> InkParity:
    """Compare what a file marks with what the trained network marks.

    Raises:
        ParityError: more pixels differ than the precision may change.
    """
    difference = np.abs(expected.astype(np.int16) - found)
    parity = InkParity(
        pictures=len(found),
        largest_difference=int(difference.max()),
        mean_difference=float(difference.mean()),
        changed=float(((expected >= INKED) != (found >= INKED)).mean()),
        runtime=provider,
    )
    if parity.changed > INK_BOUNDS[precision]:
        raise ParityError(
            f"{name} marks {parity.changed:.2%} of all pixels otherwise than the trained network"
            f" (at most {INK_BOUNDS[precision]:.2%})",
            "report this network",
        )
    return parity


def _contract(network: keras.Model, *, takes_bytes: bool) -> keras.Model:
    """Wrap the network in the contract; without ``takes_bytes`` input and output are floats in 0..1, to be quantized."""
    grey = values = keras.Input((INK_SIDE, INK_SIDE), dtype="uint8" if takes_bytes else "float32", name="grey")
    if takes_bytes:
        values = keras.ops.cast(values, "float32") * (1 / 255)
    ink = network(keras.ops.reshape(values, (-1, INK_SIDE, INK_SIDE, 1)))
    if takes_bytes:
        ink = keras.ops.cast(ink * 255 + 0.5, "uint8")
    return keras.Model(grey, ink, name="contract")


def _onnx(source: InkSource, precision: Precision) -> bytes:
    import onnx
    import tf2onnx

    from export.metadata import KEY
    from export.onnx_canonical import canonical
    from export.onnx_lean import lean
    from export.onnx_model import name_ends

    model, _ = tf2onnx.convert.from_keras(_contract(source.network, takes_bytes=True), opset=_OPSET)
    name_ends(model, "grey", "ink")
    for node in model.graph.node:
        if node.op_type == "Resize":  # twice as large, where all rules for the nearest pixel agree
            del node.attribute[:]
            for name, value in (
                ("coordinate_transformation_mode", "asymmetric"),
                ("mode", "nearest"),
                ("nearest_mode", "floor"),
            ):
                node.attribute.append(onnx.helper.make_attribute(name, value))
    model = canonical(lean(model))
    if precision == "int8":
        model = canonical(_quantized(model, source.calibration))
    model.graph.name = NAME
    for key, value in source.about.items():
        model.metadata_props.add(key=f"{KEY}.{key}", value=value)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _quantized(model: onnx.ModelProto, pictures: Pictures) -> onnx.ModelProto:
    """Quantize the convolutions but the first, and what lies between them."""
    import onnx

    from export.onnx_quantized import quantize

    first = next(node.name for node in model.graph.node if node.op_type == "Conv")
    with TemporaryDirectory(prefix="digit-infer-") as folder:
        plain, path = Path(folder) / "plain.onnx", Path(folder) / "int8.onnx"
        onnx.save(model, plain)
        quantize(plain, path, pictures, ["Conv", "Relu", "Add", "Resize"], [first], _BATCH)
        return onnx.load(path)


def _tflite(source: InkSource, precision: Precision) -> bytes:
    import tensorflow as tf

    from export.tflite_model import described, run_converter

    converter = tf.lite.TFLiteConverter.from_keras_model(_contract(source.network, takes_bytes=precision == "float32"))
    if precision == "int8":

        def samples() -> Iterator[list[Any]]:
            for picture in source.calibration:
                yield [picture[None].astype(np.float32) / np.float32(255)]

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = samples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    return described(run_converter(converter), source.about, "grey", "ink")
