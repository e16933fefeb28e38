"""A trained classifier without Keras layers: an ONNX or TFLite file, a SavedModel, or a file of PyTorch.

The reference is the file itself on its runtime, with the adapter in numpy. Exported files have the contract in their graph.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

import onnx

from digit_infer.contract import is_saved_model
from digit_infer.errors import MissingModelFileError
from digit_infer.predictor import Predictor
from digit_infer.runtimes.model_file import sha256_of
from digit_infer.runtimes.preprocessing import Preprocessing
from export import contract_onnx, contract_tflite
from export.errors import ExportError

if TYPE_CHECKING:
    from digit_infer.contract import Images, Precision, Probabilities
    from digit_infer.runtimes.adapter import Adapter
    from export.pairs import Pair


@dataclass(frozen=True, eq=False, repr=False)
class GraphSource:
    """A user's own file, the ``predictor`` that runs it unchanged, and the graphs from which files are exported.

    ``graph`` is the ONNX form and ``tflite`` the TFLite form, or the reason why there is none.
    """

    name: str
    path: Path
    sha256: str
    predictor: Predictor
    graph: onnx.ModelProto | ExportError
    tflite: bytes | ExportError
    notes: tuple[str, ...] = ()
    recipe: str = ""

    @property
    def adapter(self) -> Adapter | None:
        """The format of the file's input and output, or None where it keeps the contract."""
        return self.predictor.adapter

    @property
    def takes(self) -> str | None:
        """Which pixels it takes, in words; None where they are in 0..1, or the contract's."""
        pixels = None if self.adapter is None else self.adapter.pixels
        return None if pixels in (None, Preprocessing()) else str(pixels)

    @property
    def answers(self) -> str | None:
        """What it answers, in words; None where it is probabilities."""
        ending = "probabilities" if self.adapter is None else self.adapter.ending
        return None if ending == "probabilities" else f"{ending}, made probabilities by the export"

    def reference(self, images: Images) -> Probabilities:
        """Answer uint8 [N, 28, 28] as the file does: float32 [N, 10]."""
        return self.predictor.predict_array(images)

    def refusal(self, pair: Pair) -> str | None:
        """Return why a format and precision cannot be made of this source, or None if it can."""
        model_format, precision = pair
        form = self.graph if model_format == "onnx" else self.tflite
        if isinstance(form, ExportError):
            return form.problem
        made: tuple[Precision, ...]
        if isinstance(form, bytes):
            found = contract_tflite.precision_of(form)
            made = (found, "int8") if found == "float32" else (found,)
        else:
            found = contract_onnx.precision_of(form)
            made = ("float32", "float16", "int8-dynamic", "int8") if found == "float32" else (found,)
        if precision in made:
            return None
        return f"{self.path.name} is in {found}, and no {precision} file is made of that as {model_format}"


_OF_TORCH = (".pt2", ".pt", ".pth")
SUFFIXES = (".onnx", ".tflite", *_OF_TORCH)
"""Suffixes of files that are no Keras models; SavedModels are folders."""


def is_graph(path: Path) -> bool:
    """Tell whether a path leads to one of these."""
    return path.suffix in SUFFIXES or is_saved_model(path)


def load_graph(path: Path, wish: Adapter | None, code: Mapping[str, object] = MappingProxyType({})) -> GraphSource:
    """Load an ``.onnx`` or ``.tflite`` file, a SavedModel or a file of PyTorch.

    ``wish`` is what the user declares of it, and ``code`` has the classes of the user's own Python file.

    Raises:
        DigitInferError: it cannot be run here, or its format is not detected.
    """
    if not path.exists():
        raise MissingModelFileError(f"there is no file {path}", "check the path")
    with TemporaryDirectory() as folder:
        runs = path
        if path.suffix in _OF_TORCH:
            from export.other_graphs import onnx_of_torch

            runs = onnx_of_torch(path, Path(folder), code)
        predictor = Predictor(runs, adapter=wish)
        graph: onnx.ModelProto | ExportError
        tflite: bytes | ExportError
        if runs.suffix == ".onnx":
            graph = onnx.load(runs)
            why = (
                f"no TFLite file is made of {path.name}: no converter from ONNX is maintained that installs beside the rest"
            )
            tflite = ExportError(why, "leave that format out")
        else:
            from export.other_graphs import onnx_of, tflite_of_saved_model

            tflite = path.read_bytes() if path.suffix == ".tflite" else tflite_of_saved_model(path)
            if isinstance(tflite, ExportError):
                graph = tflite
            elif (found := contract_tflite.precision_of(tflite)) != "float32":
                graph = ExportError(f"{path.name} is in {found}, and no ONNX file is made of it", "leave that format out")
            else:
                copy = Path(folder) / f"{path.stem}.tflite"
                copy.write_bytes(tflite)
                graph = onnx_of(copy)
    notes = (predictor.note.replace(str(runs), str(path)),) if predictor.note else ()
    return GraphSource(path.stem, path, sha256_of(path), predictor, graph, tflite, notes)
