"""The verified full-integer file with a batch of 1 for microcontrollers, as a file and as a C++ array."""

from __future__ import annotations

import json
import platform
import struct
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from digit_infer.files import write_text
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.tflm import ample_arena, full_integer, interpreter_of, library
from export import c_array
from export.arena import smallest_arena
from export.c_array import MicroFile
from export.errors import ExportError
from export.fixed_batch import fixed_batch
from export.pipeline import check_prover
from export.tools import as_listed

if TYPE_CHECKING:
    from pathlib import Path

    from export.pipeline import Exporter

SCHEMA = 1


def export_microcontroller(exporter: Exporter, folder: Path) -> MicroFile:
    """Write ``NAME.int8.batch1.tflite``, its measurements, ``NAME.int8.h`` and ``NAME.int8.cc``, once it is verified.

    The written file is run on TensorFlow Lite Micro over the 10,000 test images. The same source gives the same bytes.

    Raises:
        ParityError: it does not answer what the trained model answers; nothing is written.
        ExportError: it cannot be converted, or a runtime that would prove it is not here.
    """
    model, runtime = exporter.source.name, RUNTIMES["tflm"]
    path = folder / f"{model}.int8.batch1.tflite"
    check_prover(runtime, path)
    made = fixed_batch(next(exporter.files("tflite", "int8", for_one=True)))
    content = as_listed(exporter.source, "tflite", "int8", made, fixed_batch)
    arena_bytes = smallest_arena(path.name, content)
    file = exporter.prove_and_write(path, content, runtime, "tflite", "int8").file
    package, _ = library()
    found = full_integer(path.name, content)
    micro = MicroFile(
        model=model,
        file=file,
        input_scale=_input_scale(interpreter_of(content, ample_arena(found, content))),
        operators=tuple(dict.fromkeys(found.operators)),
        arena_bytes=arena_bytes,
        architecture=f"{platform.machine()}, {8 * struct.calcsize('P')} bits",
        package=package,
    )
    write_text(folder / c_array.header_name(model), c_array.header(micro))
    write_text(folder / c_array.source_name(model), c_array.source(micro, content))
    document = {"schema": SCHEMA, **asdict(micro)}
    write_text(folder / f"{path.name}.microcontroller.json", json.dumps(document, indent=1) + "\n")
    return micro


def _input_scale(interpreter: Any) -> float:
    """Return the scale of the input.

    Raises:
        ExportError: its zero point is not 0, so that bytes could not go in as they are.
    """
    quantization = interpreter.get_input_details(0)["quantization_parameters"]
    if list(quantization["zero_points"]) != [0]:
        raise ExportError(f"the input has the zero point {quantization['zero_points']}, not 0", "report this model")
    return float(quantization["scales"][0])
