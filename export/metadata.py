"""The metadata in every exported file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Protocol

from digit_infer import __version__
from export.calibration import CALIBRATED

if TYPE_CHECKING:
    from digit_infer.contract import Format, Precision
    from export.calibration import Calibration

KEY = "digit_infer"
"""The name of the metadata entry in a TFLite file, and the prefix of the properties in an ONNX file."""

_TOOLS: dict[Format, tuple[str, ...]] = {"onnx": ("tf2onnx", "onnx", "onnxruntime"), "tflite": ("ai-edge-litert",)}


@dataclass(frozen=True)
class Metadata:
    """The source and the tools of a file, and what the export added to the network; None where it added nothing.

    ``tools`` are the versions that first made this content: see ``export.tools``.
    """

    model: str
    recipe: str
    checkpoint_sha256: str
    format: str
    precision: str
    contract: str
    tools: str
    calibration: str | None = None
    network_takes: str | None = None
    network_answers: str | None = None

    def entries(self) -> dict[str, str]:
        """Return the entries that are not None, by name."""
        return {name: value for name, value in sorted(asdict(self).items()) if value is not None}

    def as_json(self) -> str:
        """Return a JSON object of strings."""
        return json.dumps(self.entries())


class Origin(Protocol):
    """The facts of a trained model; the recipe is "" if none of ours trained it."""

    @property
    def name(self) -> str:
        """Return the first part of the names of files."""

    @property
    def sha256(self) -> str:
        """Return the sha256 of the trained model's file."""

    @property
    def recipe(self) -> str:
        """Return the recipe and its fingerprint."""

    @property
    def takes(self) -> str | None:
        """Return which pixels the network was trained on, where they are not in 0..1."""

    @property
    def answers(self) -> str | None:
        """Return what the network answers, where it is not probabilities."""


def metadata(source: Origin, model_format: Format, precision: Precision, calibration: Calibration) -> Metadata:
    """Return the metadata of a file made from ``source``; the calibration only where the precision needs one."""
    tensorflow = next(iter(_installed("tensorflow-cpu", "tensorflow")))
    tools = [f"digit_infer {__version__}", *_installed("keras"), tensorflow, *_installed(*_TOOLS[model_format])]
    return Metadata(
        model=source.name,
        recipe=source.recipe,
        checkpoint_sha256=source.sha256,
        format=model_format,
        precision=precision,
        contract="images: uint8 [N, 28, 28], 0 = background, 255 = ink -> probabilities: float32 [N, 10]",
        tools=", ".join(tools),
        calibration=str(calibration) if precision in CALIBRATED else None,
        network_takes=source.takes,
        network_answers=source.answers,
    )


def _installed(*packages: str) -> list[str]:
    from digit_infer.runtimes.protocol import installed_version

    return [f"{package} {version(package)}" for package in packages if installed_version(package)]
