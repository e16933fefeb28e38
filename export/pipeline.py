"""Convert, prove, and only then write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import keras

from digit_infer import dataset
from digit_infer.benchmark.accuracy import accuracy_of
from digit_infer.contract import Format, Precision
from digit_infer.errors import DigitInferError, ExportError
from digit_infer.files import replacing, write_text
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.protocol import ModelFile, Runtime, answer_in_parts
from digit_infer.zoo import FILES, MANIFEST
from digit_infer.zoo.manifest import Training, ZooFile, ZooModel, manifest_text, read_manifest
from export.calibration import calibration_images
from export.metadata import Metadata, metadata
from export.parity import prove
from export.source import BATCH, Source, reference_probabilities, zoo_checkpoint
from training.checkpoint import shipped
from training.layers import in_words
from training.recipes import ROWS
from training.rows import runs_of

if TYPE_CHECKING:
    from digit_infer.contract import Images, Probabilities
    from digit_infer.dataset import Split
    from training.recipe import Recipe

_PROVED_ON: dict[Format, Runtime] = {"onnx": RUNTIMES["onnx-cpu"], "tflite": RUNTIMES["tflite"]}

SHIPPED: tuple[tuple[Format, Precision], ...] = (("onnx", "float32"), ("tflite", "int8"))
"""What the wheel holds of every published network."""

_PROVEN_FOR_ALL: tuple[Precision, ...] = ("float32", "int8")
"""What the manifest proves of every published network, in both formats."""


class Exporter:
    """Makes files of one source; the trained model is run over the test images once for all of them."""

    def __init__(self, source: Source, calibration: Callable[[], Images] = calibration_images) -> None:
        self.source = source
        self.calibration = calibration
        self.test: Split = dataset.load("test")
        self.reference: Probabilities = reference_probabilities(source, self.test)

    def export(self, model_format: Format, precision: Precision, folder: Path) -> ZooFile:
        """Write ``folder/NAME.PRECISION.FORMAT``, once it is proven.

        Raises:
            ParityError: it does not answer what the trained model answers; nothing is written.
            ExportError: it cannot be converted, or the runtime that would prove it is not here.
        """
        path = folder / f"{self.source.name}.{precision}.{model_format}"
        runtime = _PROVED_ON[model_format]
        check_prover(runtime, path)
        content = self._converted(model_format, precision)
        return self.prove_and_write(path, content, runtime, model_format, precision)

    def prove_and_write(
        self, path: Path, content: bytes, runtime: Runtime, model_format: Format, precision: Precision
    ) -> ZooFile:
        """Write a converted file, once a runtime answers by it what the trained model answers.

        Raises:
            ParityError: it does not; nothing is written.
        """
        with replacing(path) as temporary:  # becomes the file if all below goes well, and goes away if not
            temporary.write_bytes(content)
            session = runtime.open(ModelFile(self.source.name, temporary, model_format, precision, len(content)), None)
            candidate = answer_in_parts(session.probabilities, self.test.images, batch_of(model_format, precision))
            proved_on = f"{runtime.name}, {session.provider}"
            parity = prove(path.name, precision, self.reference, candidate, self.test.labels, proved_on)
        sha256 = hashlib.sha256(content).hexdigest()
        return ZooFile(path.name, model_format, precision, sha256, len(content), parity)

    def _converted(self, model_format: Format, precision: Precision) -> bytes:
        keras.backend.clear_session()  # restarts the counters in layer names, which reach the file
        about = metadata(self.source, model_format, precision)
        convert = _converter(model_format)
        try:
            return convert(self.source, precision, about, self.calibration)
        except DigitInferError:
            raise
        except Exception as error:  # both converters raise whatever comes; the cause stays attached
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
            raise ExportError(
                f"{self.source.name} cannot be converted to {model_format} in {precision} ({reason})",
                "replace the layer that it names, or take another format; --debug shows all",
            ) from error


def check_prover(runtime: Runtime, path: Path) -> None:
    """Refuse to make a file that could not be proven here.

    Raises:
        ExportError: with what to install.
    """
    state = runtime.availability()
    if state.reason is not None:
        raise ExportError(f"{path.name} cannot be proven without {runtime.name}", state.reason)


def batch_of(model_format: Format, precision: Precision) -> int:
    """Return how many images a file is proven with at a time.

    ONNX quantizes activations on the fly with one scale for the whole batch, so an answer depends on the images that share
    it; such a file is proven picture by picture, as an app asks.
    """
    return 1 if (model_format, precision) == ("onnx", "int8-dynamic") else BATCH


def _converter(model_format: Format) -> Callable[[Source, Precision, Metadata, Callable[[], Images]], bytes]:
    """Import the converter of a format: each takes seconds."""
    if model_format == "onnx":
        from export.onnx_model import onnx_bytes

        return onnx_bytes
    from export.tflite_model import tflite_bytes

    return tflite_bytes


def put_into_zoo(exporter: Exporter) -> ZooModel:
    """Export what the wheel holds of a recipe's model and enter it into the manifest, in the order of the recipes.

    Raises:
        ExportError: the source is no recipe's recorded checkpoint, or a file is not proven.
    """
    source = exporter.source
    if not source.recipe:
        raise ExportError(f"{source.path} is no recipe's checkpoint", "the zoo holds those alone; use --out")
    recipe = shipped(source.name).recipe
    model = ZooModel(
        name=source.name,
        family=f"published, group {recipe.group}",
        parameters=recipe.parameters,
        recipe=recipe.fingerprint(),
        published_accuracy=recipe.published.accuracy,
        accuracy=accuracy_of(exporter.reference, exporter.test.labels),
        training=training_of(recipe),
        checkpoint=zoo_checkpoint(source),
        files=tuple(exporter.export(model_format, precision, FILES) for model_format, precision in SHIPPED),
        exports=_proven_elsewhere(exporter),
    )
    listed = read_manifest(MANIFEST) if MANIFEST.exists() else {}
    listed[source.name] = model
    write_text(MANIFEST, manifest_text({name: listed[name] for name in in_row_order(list(listed))}))
    return model


def _proven_elsewhere(exporter: Exporter) -> tuple[ZooFile, ...]:
    """Make and prove what does not ship, so that the manifest says of every combination how it answers."""
    others = [pair for pair in product(_PROVED_ON, _PROVEN_FOR_ALL) if pair not in SHIPPED]
    with TemporaryDirectory() as folder:
        return tuple(exporter.export(model_format, precision, Path(folder)) for model_format, precision in others)


def training_of(recipe: Recipe) -> Training:
    """Return what the manifest says of a row's training."""
    settings = ", ".join(f"{setting.replace('_', ' ')} {value:g}" for setting, value in recipe.optimizer.settings.items())
    return Training(
        layers=tuple(in_words(part) for part in recipe.network),
        optimizer=f"{recipe.optimizer.kind}, {settings}" + (", lowered on plateaus" if recipe.plateau else ""),
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        validation=recipe.validation,
        watched_the_test_set=recipe.watched_the_test_set,
        accuracy_by_seed=runs_of(recipe).accuracies,
    )


def in_row_order(names: Sequence[str]) -> list[str]:
    """Sort names as the rows of the published table stand; others go last."""
    return sorted(names, key=lambda name: ROWS.index(name) if name in ROWS else len(ROWS))
