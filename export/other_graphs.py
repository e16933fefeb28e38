"""Converts TFLite files, SavedModels, and programs and networks of PyTorch to ONNX or TFLite."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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


def onnx_of_torch(path: Path, folder: Path, code: Mapping[str, object]) -> Path:
    """Write the ONNX form of a ``.pt2`` program, or of a ``.pt`` or ``.pth`` file, into a folder.

    ``code`` has the user's own classes, which ``.pt`` and ``.pth`` files need.

    Raises:
        ExportError: PyTorch is not installed, or does not load or convert it.
    """
    how = "torch.export.save(torch.export.export(model.eval(), (torch.zeros(2, 1, 28, 28),)), 'NAME.pt2')"
    if path.suffix != ".pt2" and not code:
        raise ExportError(
            f"{path} holds weights of PyTorch, or names its code, and is no network without it",
            f"name the file that defines it with --import NAME.py, or save the program: {how}",
        )
    try:
        import torch
    except ImportError as error:
        raise ExportError(
            f"{path} needs PyTorch ({error})", "pip install torch onnxscript, or export it as ONNX there"
        ) from error
    made = folder / f"{path.stem}.onnx"
    try:
        program = torch.export.load(path) if path.suffix == ".pt2" else _program(path, code)
        with contextlib.redirect_stdout(io.StringIO()):
            torch.onnx.export(program, (), made, dynamo=True, external_data=False)
    except ExportError:
        raise
    except Exception as error:  # as above
        reason = first_line_of(error)
        raise ExportError(
            f"{path} is no program that PyTorch {torch.__version__} exports as ONNX ({reason})", f"save it by {how}"
        ) from error
    return made


def _program(path: Path, code: Mapping[str, object]) -> Any:
    """Export a network of PyTorch for any batch.

    Raises:
        ExportError: there is no network, or it takes no pictures of 28 x 28.
    """
    import torch

    network, batch = _network(path, code).eval(), torch.export.Dim("batch")
    for shape in _TORCH_SHAPES:
        with contextlib.suppress(Exception):  # it takes another shape
            return torch.export.export(network, (torch.zeros(2, *shape),), dynamic_shapes=({0: batch},))
    raise ExportError(f"{path} takes neither [N, 1, 28, 28] nor [N, 784] nor [N, 28, 28]", "export it as ONNX there")


def _network(path: Path, code: Mapping[str, object]) -> Any:
    """Load a pickled network, or weights into the first class of ``code`` that they fit.

    Raises:
        ExportError: the weights fit no class that takes no arguments.
    """
    import torch

    import __main__

    for name in code.keys() - vars(__main__).keys():
        setattr(__main__, name, code[name])  # networks that a script pickled are classes of __main__
    held = torch.load(path, map_location="cpu", weights_only=False)
    if isinstance(held, torch.nn.Module):
        return held
    kinds = [kind for kind in code.values() if isinstance(kind, type) and issubclass(kind, torch.nn.Module)]
    for kind in kinds:
        with contextlib.suppress(Exception):  # a class of another network, or of one of its layers
            network = kind()
            network.load_state_dict(held.get("state_dict", held))
            return network
    names = ", ".join(kind.__name__ for kind in kinds) or "none"
    raise ExportError(
        f"the weights in {path} fit no network of --import, made without arguments ({names})",
        "define it there, or give the arguments defaults",
    )


_TORCH_SHAPES = ((1, 28, 28), (784,), (28, 28))
"""Shapes of a picture, in the order in which they are tried."""
