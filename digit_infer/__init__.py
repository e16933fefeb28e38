"""Reads handwritten digits: one ``Predictor``, small verified models, and no TensorFlow.

from digit_infer import Predictor

prediction = Predictor().predict("photo.png")
prediction.digit, prediction.confidence
"""

import os.path
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digit_infer.errors import DigitInferError
    from digit_infer.image.grey import frames
    from digit_infer.prediction import Prediction, Unanswered
    from digit_infer.predictor import Predictor
    from digit_infer.reading import Reading
    from digit_infer.runtimes.adapter import Adapter
    from digit_infer.runtimes.preprocessing import Preprocessing

if not os.path.isdir(__path__[0]):  # noqa: PTH112  # pathlib would take longer to import than all of this
    raise ImportError("digit_infer does not run from an archive, since runtimes open its models as files; unpack it first")

__version__ = "0.2.0"
__all__ = [
    "Adapter",
    "DigitInferError",
    "Prediction",
    "Predictor",
    "Preprocessing",
    "Reading",
    "Unanswered",
    "__version__",
    "frames",
]

_HOMES = {
    "Adapter": "digit_infer.runtimes.adapter",
    "DigitInferError": "digit_infer.errors",
    "Prediction": "digit_infer.prediction",
    "Predictor": "digit_infer.predictor",
    "Preprocessing": "digit_infer.runtimes.preprocessing",
    "Reading": "digit_infer.reading",
    "Unanswered": "digit_infer.prediction",
    "frames": "digit_infer.image.grey",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import digit_infer`` loads nothing heavy (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
