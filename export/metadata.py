"""What every exported file says about itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

import keras

from digit_infer import __version__
from export.preprocessing import Preprocessing

if TYPE_CHECKING:
    from digit_infer.contract import Format, Precision
    from export.source import Source

KEY = "digit_infer"
"""The name of the metadata entry in a TFLite file, and the prefix of the properties in an ONNX file."""

_TOOLS: dict[Format, tuple[str, ...]] = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "tflite": ("ai-edge-litert",)}


@dataclass(frozen=True)
class Metadata:
    """Where a file comes from, what made it, and what the export put around the network; None where there is nothing."""

    model: str
    recipe: str
    checkpoint_sha256: str
    format: str
    precision: str
    contract: str
    tools: str
    network_takes: str | None = None
    network_answers: str | None = None

    def entries(self) -> dict[str, str]:
        """Return what there is to say, by its name."""
        return {name: value for name, value in sorted(asdict(self).items()) if value is not None}

    def as_json(self) -> str:
        """Return it as one JSON object of strings."""
        return json.dumps(self.entries())


def metadata(source: Source, model_format: Format, precision: Precision) -> Metadata:
    """Return what a file made from ``source`` says."""
    tensorflow = next(iter(_installed("tensorflow-cpu", "tensorflow")))
    tools = [f"digit_infer {__version__}", f"keras {keras.__version__}", tensorflow, *_installed(*_TOOLS[model_format])]
    pixels = source.interface.preprocessing
    return Metadata(
        model=source.name,
        recipe=source.recipe,
        checkpoint_sha256=source.sha256,
        format=model_format,
        precision=precision,
        contract="images: uint8 [N, 28, 28], 0 = background, 255 = ink -> probabilities: float32 [N, 10]",
        tools=", ".join(tools),
        network_takes=None if pixels == Preprocessing() else str(pixels),
        network_answers="logits, softmax added by the export" if source.interface.logits else None,
    )


def _installed(*packages: str) -> list[str]:
    from digit_infer.runtimes.installed import installed_version

    return [f"{package} {version(package)}" for package in packages if installed_version(package)]
