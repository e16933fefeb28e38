"""TFLite files for LiteRT.js, with a batch of 1, verified in a browser.

ONNX Runtime Web runs the ONNX files without a change.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.browser import static_batch
from export.pipeline import check_prover

if TYPE_CHECKING:
    from digit_infer.contract import Precision
    from digit_infer.zoo.manifest import ZooFile
    from export.pipeline import Exporter


def export_browser(exporter: Exporter, precision: Precision, folder: Path) -> ZooFile:
    """Write ``NAME.PRECISION.browser.tflite``, once it is verified.

    The 10,000 test images are run twice: on LiteRT with the file of any batch, and on LiteRT.js in Chromium with the
    written one.

    Raises:
        ParityError: it does not answer what the trained model answers; nothing is written.
        ExportError: it cannot be converted, or there is no browser that would prove it.
    """
    runtime = RUNTIMES["browser-tflite"]
    path = folder / f"{exporter.source.name}.{precision}.browser.tflite"
    check_prover(runtime, path)
    with TemporaryDirectory() as temporary:
        dynamic = exporter.export("tflite", precision, Path(temporary))
        content = static_batch(dynamic.file, (Path(temporary) / dynamic.file).read_bytes(), 1)
    content = content.replace(b"[N, ", b"[1, ")  # the contract in the file's metadata; no byte moves
    return exporter.prove_and_write(path, content, runtime, "tflite", precision).file
