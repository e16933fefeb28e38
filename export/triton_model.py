"""A model for Triton's Python backend; ``python -m export --triton-repository`` writes this file as its ``model.py``.

Triton runs it with its own Python, in which ``digit-infer[cpu]`` must be installed. The parameters of ``config.pbtxt``
name the network and whether it takes images or pictures; the answers are those of ``digit-infer serve``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import triton_python_backend_utils as triton

from digit_infer import DigitInferError, Predictor
from digit_infer.serving.models import DigitModel, PictureModel, Served
from digit_infer.serving.tensors import Tensor

MAX_PIXELS = 50_000_000


class TritonPythonModel:
    """The class that Triton loads by this name."""

    def initialize(self, arguments: Mapping[str, str]) -> None:
        """Load the network that the parameters name."""
        config = json.loads(arguments["model_config"])
        told = {name: held["string_value"] for name, held in config["parameters"].items()}
        predictor, most = Predictor(told["network"]), int(config["max_batch_size"])
        self._served: Served = (
            PictureModel(config["name"], predictor, most, MAX_PIXELS)
            if told["answers"] == "pictures"
            else DigitModel(config["name"], predictor, most)
        )

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer the requests of a batch in one call."""
        answers = self._served.answer([self._inputs(request) for request in requests])
        return [_response(answer) for answer in answers]

    def _inputs(self, request: Any) -> Mapping[str, Tensor]:
        parameters = json.loads(request.parameters() or "{}")
        inputs = {}
        for spec in self._served.spec.inputs:
            array = triton.get_input_tensor_by_name(request, spec.name).as_numpy()
            inputs[spec.name] = Tensor(array.ravel().tolist() if spec.datatype == "BYTES" else array, parameters)
        return inputs


def _response(answer: Mapping[str, Any] | DigitInferError) -> Any:
    if isinstance(answer, DigitInferError):
        return triton.InferenceResponse(error=triton.TritonError(str(answer), triton.TritonError.INVALID_ARG))
    return triton.InferenceResponse([triton.Tensor(name, values) for name, values in answer.items()])
