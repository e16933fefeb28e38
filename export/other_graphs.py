"""The ONNX form of what is no ONNX: a TFLite file, a SavedModel, or a program that PyTorch exported."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import onnx

from digit_infer.errors import first_line_of
from export.contract_onnx import OPSET
from export.errors import ExportError


def onnx_of(path: Path) -> onnx.ModelProto | ExportError:
    """Return the ONNX form of a ``.tflite`` file in float32, or why there is none."""
    import tf2onnx

    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model, _ = tf2onnx.convert.from_tflite(str(path), opset=OPSET)
    except Exception as error:  # each converter raises whatever comes
        reason = first_line_of(error)
        return ExportError(f"no ONNX file is made of {path.name} (tf2onnx: {reason})", "leave that format out")
    made: onnx.ModelProto = model
    return made


def tflite_of_saved_model(path: Path) -> bytes | ExportError:
    """Return the TFLite form of a SavedModel in float32, or why there is none."""
    import tensorflow as tf

    from digit_infer.runtimes.keras import served

    try:
        graph = tf.Graph()
        with graph.as_default(), tf.compat.v1.Session(graph=graph) as session:
            functions = tf.compat.v1.saved_model.load(session, ["serve"], str(path)).signature_def
        converter = tf.compat.v1.lite.TFLiteConverter.from_saved_model(str(path), signature_key=served(functions))
        with contextlib.redirect_stdout(io.StringIO()):
            converted: bytes = converter.convert()
        return converted
    except Exception as error:  # as above
        reason = first_line_of(error)
        return ExportError(f"no TFLite file is made of {path.name} (TensorFlow: {reason})", "leave that format out")


def onnx_of_torch(path: Path, folder: Path) -> Path:
    """Write the ONNX form of a ``.pt2`` program, which ``torch.export.save`` wrote, into a folder.

    Raises:
        ExportError: PyTorch is not installed, or does not load or convert it.
    """
    try:
        import torch
    except ImportError as error:
        raise ExportError(
            f"{path} needs PyTorch ({error})", "pip install torch onnxscript, or export it as ONNX there"
        ) from error
    made = folder / f"{path.stem}.onnx"
    try:
        program = torch.export.load(path)
        with contextlib.redirect_stdout(io.StringIO()):
            torch.onnx.export(program, (), made, dynamo=True, external_data=False)
    except Exception as error:  # as above
        reason = first_line_of(error)
        raise ExportError(
            f"{path} is no program that PyTorch {torch.__version__} exports as ONNX ({reason})",
            "save it by torch.export.save(torch.export.export(model.eval(), (torch.zeros(2, 1, 28, 28),)), 'NAME.pt2')",
        ) from error
    return made
