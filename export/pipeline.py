"""Converts a source, verifies the result, and then writes it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import keras

from digit_infer import dataset
from digit_infer.benchmark.statistics import accuracy_of
from digit_infer.contract import Format, Precision
from digit_infer.errors import DigitInferError, first_line_of
from digit_infer.files import atomic_write
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.protocol import Runtime, Session, answer_in_parts
from digit_infer.zoo.manifest import ZooFile
from export.agreement import agreements
from export.answers import BATCH
from export.calibration import CALIBRATED, Calibration, of_training_images
from export.errors import ExportError, ParityError
from export.graph_source import GraphSource
from export.layer_names import layer_named_in, operator_named_in
from export.metadata import Metadata, metadata
from export.noise import COUNT, Noise, moved, with_a_wrong_pixel
from export.own_pictures import OwnParity, OwnPictures, prove_on_own
from export.parity import check_neighbours, prove
from export.report import Report, file_name
from export.source import Source
from export.tools import as_listed
from export.wrapping import folding_harms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digit_infer.contract import Images, Probabilities
    from digit_infer.dataset import Split

_PROVED_ON: dict[Format, Runtime] = {"onnx": RUNTIMES["onnx-cpu"], "tflite": RUNTIMES["tflite"]}


@dataclass(frozen=True, eq=False)
class Proven:
    """A written file, its answers to the 10,000 test images, and its agreement on the user's own pictures."""

    file: ZooFile
    answers: Probabilities
    own_pictures: OwnParity | None


class Exporter:
    """Exports files of one source; the trained model is run on the test images once for all of them."""

    def __init__(
        self,
        source: Source | GraphSource,
        calibration: Calibration | None = None,
        own: OwnPictures | None = None,
        allowed_loss: float = 0.0,
    ) -> None:
        """Take ranges from ``calibration``; with the user's ``own`` pictures, verify on those as well.

        ``allowed_loss`` is a share of accuracy that integer files may lose, if it is more than their bound.
        """
        self._allowed_loss = allowed_loss
        self.source = source
        self.calibration = of_training_images() if calibration is None else calibration
        self.own = own
        self.test: Split = dataset.load("test")
        self.reference = source.reference(self.test.images)

    def export(self, model_format: Format, precision: Precision, folder: Path) -> ZooFile:
        """Write a file as ``proven`` does, and return its entry for the manifest."""
        return self.proven(model_format, precision, folder).file

    def proven(self, model_format: Format, precision: Precision, folder: Path) -> Proven:
        """Write ``folder/NAME.PRECISION.FORMAT``, once it is verified.

        Of several candidates the first that passes is written; the test images do not change their order.

        Raises:
            ParityError: its answers do not agree with the trained model's; nothing is written.
            ExportError: it cannot be converted, or the runtime that verifies it is not installed.
        """
        path = folder / file_name(self.source.name, model_format, precision)
        runtime = _PROVED_ON[model_format]
        check_prover(runtime, path)
        refusals: list[ParityError] = []
        for content in self.files(model_format, precision):
            listed = as_listed(self.source, model_format, precision, content)
            try:
                return self.prove_and_write(path, listed, runtime, model_format, precision)
            except ParityError as error:
                refusals.append(error)
        least = min(refusals, key=lambda refusal: refusal.lost)
        if (model_format, precision) == ("tflite", "int8") and (layer := costliest(content)):
            least = ParityError(f"{least.problem}; the layer that costs most is {layer}", least.advice)
        raise least

    def prove_and_write(
        self, path: Path, content: bytes, runtime: Runtime, model_format: Format, precision: Precision
    ) -> Proven:
        """Write a converted file, once its answers on a runtime agree with the trained model's.

        Raises:
            ParityError: they do not; nothing is written.
        """
        with atomic_write(path) as temporary:  # removed if anything below fails
            temporary.write_bytes(content)
            session = runtime.open(ModelFile(self.source.name, temporary, model_format, precision, len(content)), None)
            batch = batch_of(model_format, precision)
            answers = answer_in_parts(session.answers, self.test.images, batch)
            proved_on = f"{runtime.name}, {session.provider}"
            parity = prove(path.name, precision, self.reference, answers, self.test.labels, proved_on, self._allowed_loss)
            if batch == 1:
                together = answer_in_parts(session.answers, self.test.images, BATCH)
                prove(path.name, precision, self.reference, together, self.test.labels, proved_on, self._allowed_loss)
                check_neighbours(path.name, answers, together)
            own = self._prove_on_own(path.name, precision, session, batch)
        sha256 = hashlib.sha256(content).hexdigest()
        return Proven(ZooFile(path.name, model_format, precision, sha256, len(content), parity), answers, own)

    def report(self, proven: Proven, folder: Path, inputs: str) -> Report:
        """Measure a verified file under noise and on other kernels."""
        made, answers = proven.file, proven.answers
        file = ModelFile(self.source.name, folder / made.file, made.format, made.precision, made.bytes)
        batch = batch_of(made.format, made.precision)
        if made.parity.flips:
            from export.contact_sheet import save_flips

            path = folder / f"{made.file}.flips.png"
            save_flips(path, made.parity.flips, self.test, self.reference, answers, made.file)
        noisy = answer_in_parts(_PROVED_ON[made.format].open(file, None).answers, self._noisy, batch)
        return Report(
            model=self.source.name,
            file=made,
            trained=accuracy_of(self.reference, self.test.labels),
            calibration=str(self.calibration) if made.precision in CALIBRATED else "",
            quantized=_quantized(file),
            noise=moved(answers[:COUNT], noisy),
            noise_of_trained=self._noise_of_trained,
            agreements=agreements(file, self.test.images, answers, batch),
            own_pictures=proven.own_pictures,
            inputs=inputs,
        )

    @cached_property
    def _own_reference(self) -> Probabilities | None:
        return None if self.own is None else self.source.reference(self.own.images)

    def _prove_on_own(self, name: str, precision: Precision, session: Session, batch: int) -> OwnParity | None:
        """Compare a file with the trained model on the user's own pictures, if there are any."""
        if self.own is None or self._own_reference is None:
            return None
        candidate = answer_in_parts(session.answers, self.own.images, batch)
        return prove_on_own(name, precision, self._own_reference, candidate, self.own, session.provider)

    @cached_property
    def _noisy(self) -> Images:
        return with_a_wrong_pixel(self.test.images[:COUNT])

    @cached_property
    def _noise_of_trained(self) -> Noise:
        return moved(self.reference[:COUNT], self.source.reference(self._noisy))

    def converted(self, model_format: Format, precision: Precision) -> bytes:
        """Convert without verification: the first of ``files``."""
        return next(self.files(model_format, precision))

    def files(self, model_format: Format, precision: Precision, *, for_one: bool = False) -> Iterator[bytes]:
        """Convert to one file, or lazily to several with ever fewer operators in integers.

        ``for_one`` gives the file with a batch of 1 and only the softmax in floats, for microcontrollers.

        Raises:
            ExportError: it cannot be converted.
        """
        about = metadata(self.source, model_format, precision, self.calibration)
        try:
            source = self._unfolded if precision in ("int16x8", "int8-dynamic", "int8") else self.source
            yield from _content(source, model_format, precision, about, self.calibration, for_one=for_one)
        except DigitInferError:
            raise
        except Exception as error:  # both converters raise whatever comes; the cause stays attached
            raise ExportError(
                f"{self.source.name} cannot be converted to {model_format} in {precision} ({self._reason(error)})",
                "replace the layer that it names, or take another format; --debug shows all",
            ) from error

    @cached_property
    def _unfolded(self) -> Source | GraphSource:
        """The source for integer forms, whose batch normalizations stay unfolded if folding harms.

        Networks of recipes are folded unchecked: their recorded proofs show no harm, and the check needs training images.
        """
        source = self.source
        if not isinstance(source, Source) or source.recipe:
            return source
        harms = folding_harms(source.network, source.interface, self.calibration.images)
        return replace(source, folds=False) if harms else source

    def _reason(self, error: Exception) -> str:
        """Return the layer and the operator that a converter's error names, or else the beginning of the error."""
        layer = layer_named_in(self.source.network, str(error)) if isinstance(self.source, Source) else None
        operator = operator_named_in(str(error))
        parts = ["" if layer is None else f"layer {layer}", "" if operator is None else f"no converter for {operator}"]
        return ": ".join(filter(None, parts)) or first_line_of(error, 200)


def check_prover(runtime: Runtime, path: Path) -> None:
    """Check that a file can be verified here.

    Raises:
        ExportError: with what to install.
    """
    state = runtime.availability()
    if state.reason is not None:
        raise ExportError(f"{path.name} cannot be proven without {runtime.name}", state.reason)


def batch_of(model_format: Format, precision: Precision) -> int:
    """Return the number of images per call in the verification of a file.

    With int8-dynamic, ONNX Runtime has one scale for the activations of a batch, so an answer depends on the other images.
    Such a file is verified picture by picture, as apps use it, and in large batches as well.
    """
    return 1 if (model_format, precision) == ("onnx", "int8-dynamic") else BATCH


def costliest(content: bytes) -> str:
    """Return the layer that stays in floats in a full-integer TFLite file because it costs most accuracy, or ""."""
    from export.tflite_model import quantized_operators
    from export.tflite_quantized import PRODUCTS_ALONE

    return quantized_operators(content).partition(f"{PRODUCTS_ALONE} but ")[2]


def _content(
    source: Source | GraphSource,
    model_format: Format,
    precision: Precision,
    about: Metadata,
    calibration: Calibration,
    *,
    for_one: bool,
) -> Iterator[bytes]:
    """Convert; each converter takes seconds to import."""
    if (reason := source.refusal((model_format, precision))) is not None:
        raise ExportError(reason, "leave that form out")
    if isinstance(source, Source):
        keras.backend.clear_session()  # restarts the counters in layer names, which reach the file
        if model_format == "onnx":
            from export.onnx_model import onnx_files

            return onnx_files(source, precision, about, calibration)
        from export.tflite_model import tflite_files

        return tflite_files(source, precision, about, calibration, for_one=for_one)
    if model_format == "onnx" and not isinstance(source.graph, ExportError):
        from export.contract_onnx import with_contract
        from export.onnx_model import finished

        whole = with_contract(source.name, source.graph, source.adapter)
        return finished(whole, source.name, precision, about, calibration)
    from export.tflite_model import tflite_of_graph

    assert isinstance(source.tflite, bytes)  # noqa: S101  # for mypy: anything else is refused above
    return tflite_of_graph(source, source.tflite, precision, about, calibration, for_one=for_one)


def _quantized(file: ModelFile) -> str:
    """Return in words what is quantized in a file."""
    if file.precision in ("float32", "float16"):
        return ""
    if file.format == "tflite":
        if file.precision == "int8":
            from export.tflite_model import quantized_operators as quantized_operators_of_tflite

            return quantized_operators_of_tflite(file.path.read_bytes())
        return "weights" if file.precision == "int8-dynamic" else "all"
    from export.onnx_model import quantized_operators

    return quantized_operators(file.path)
