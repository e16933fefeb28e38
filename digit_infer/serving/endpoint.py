"""What REST, gRPC and the page share: models by name, readiness, error kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import numpy as np

from digit_infer import __version__
from digit_infer.contract import SIDE
from digit_infer.errors import (
    InferenceError,
    InvalidRequestError,
    OverloadedError,
    PictureError,
    PictureTooLargeError,
    RequestTimeoutError,
    RequestTooLargeError,
    UnknownModelError,
    UnsupportedError,
)
from digit_infer.predictor import Predictor
from digit_infer.serving.batching import Batcher
from digit_infer.serving.models import DigitModel, PictureModel, Served
from digit_infer.serving.protocol import VERSION, check_version
from digit_infer.serving.settings import PICTURE

if TYPE_CHECKING:
    from digit_infer.serving.protocol import InferRequest, Outputs
    from digit_infer.serving.settings import Settings
    from digit_infer.serving.telemetry import Metrics
    from digit_infer.serving.tensors import ModelSpec

EXTENSIONS = ("binary_tensor_data", "statistics", "model_repository(index)")

_KINDS: tuple[tuple[type[Exception], str, HTTPStatus], ...] = (
    (UnknownModelError, "unknown_model", HTTPStatus.NOT_FOUND),
    (PictureTooLargeError, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (RequestTooLargeError, "too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
    (PictureError, "picture", HTTPStatus.BAD_REQUEST),
    (UnsupportedError, "unsupported", HTTPStatus.BAD_REQUEST),
    (InvalidRequestError, "invalid", HTTPStatus.BAD_REQUEST),
    (RequestTimeoutError, "timeout", HTTPStatus.REQUEST_TIMEOUT),
    (OverloadedError, "overloaded", HTTPStatus.SERVICE_UNAVAILABLE),
    (InferenceError, "inference", HTTPStatus.INTERNAL_SERVER_ERROR),
)
_INTERNAL = ("internal", HTTPStatus.INTERNAL_SERVER_ERROR)


def kind_of(error: Exception) -> tuple[str, HTTPStatus]:
    """Return the error's kind, as used in the metrics, and its HTTP status."""
    return next(((kind, status) for known, kind, status in _KINDS if isinstance(error, known)), _INTERNAL)


def told(error: Exception) -> str:
    """Return the message for the client; it hides the details of an internal error."""
    return "the server failed; its log says why" if kind_of(error) == _INTERNAL else str(error)


@dataclass(eq=False)
class Endpoint:
    """The models that a process serves. ``ready`` turns false when shutdown begins."""

    models: Mapping[str, Served]
    batchers: Mapping[str, Batcher]
    metrics: Metrics
    predictor: Predictor
    """Of the first model; answers the page."""
    page_model: str
    ready: bool = True

    @classmethod
    def opened(cls, settings: Settings, metrics: Metrics) -> Endpoint:
        """Load the models and start their threads; call it in the event loop's thread.

        Raises:
            DigitInferError: a model cannot be loaded.
        """
        predictors = {
            name: Predictor(model, runtime=settings.runtime, threads=settings.threads)
            for name, model in settings.named_models().items()
        }
        for predictor in predictors.values():
            predictor.predict(np.zeros((SIDE, SIDE), np.uint8))  # loads the ink network and warms the caches
        models: dict[str, Served] = {}
        for name, predictor in predictors.items():
            models[name] = DigitModel(name, predictor, settings.max_pictures)
            models[name + PICTURE] = PictureModel(name + PICTURE, predictor, settings.max_pictures, settings.max_pixels)
        batchers = {
            name: Batcher(model, metrics.of_model(name), settings.max_batch, settings.max_waiting)
            for name, model in models.items()
        }
        page_model, predictor = next(iter(predictors.items()))
        return cls(models, batchers, metrics, predictor, page_model)

    def spec(self, model: str, version: str = "") -> ModelSpec:
        """Return a model's name, inputs and outputs.

        Raises:
            UnknownModelError: no model of this name and version.
        """
        if model not in self.models:
            raise UnknownModelError(f"there is no model {model[:80]!r} here", f"choose from {', '.join(self.models)}")
        check_version(model, version)
        return self.models[model].spec

    async def answer(self, model: str, request: InferRequest) -> Outputs:
        """Answer a validated request.

        Raises:
            DigitInferError: the request is invalid, or the runtime failed.
        """
        return await self.batchers[model].answer(request.inputs)

    def server_metadata(self) -> dict[str, Any]:
        """Return the protocol's server metadata."""
        return {"name": "digit_infer", "version": __version__, "extensions": list(EXTENSIONS)}

    def model_metadata(self, model: str, version: str = "") -> dict[str, Any]:
        """Return the protocol's model metadata.

        Raises:
            UnknownModelError: no model of this name and version.
        """
        spec = self.spec(model, version)
        return {
            "name": spec.name,
            "versions": [VERSION],
            "platform": spec.platform,
            "inputs": [tensor.metadata() for tensor in spec.inputs],
            "outputs": [tensor.metadata() for tensor in spec.outputs],
        }

    def statistics(self, model: str = "", version: str = "") -> list[dict[str, Any]]:
        """Return the statistics of one model, or of all.

        Raises:
            UnknownModelError: no model of this name and version.
        """
        names = [self.spec(model, version).name] if model else list(self.models)
        return [self.metrics.statistics(name) for name in names]

    def index(self) -> list[dict[str, str]]:
        """Return the protocol's repository index."""
        state = "READY" if self.ready else "UNAVAILABLE"
        return [{"name": name, "version": VERSION, "state": state, "reason": ""} for name in self.models]

    def close(self) -> None:
        """Answer queued requests, and end the threads."""
        for batcher in self.batchers.values():
            batcher.close()
