"""Served models: one takes uint8 arrays, one takes image files."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping, Sequence
from itertools import accumulate, islice
from math import isfinite
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from digit_infer.contract import CLASSES, SIDE
from digit_infer.errors import DigitInferError, InferenceError, InvalidRequestError, PictureError, PictureTooLargeError
from digit_infer.image.picture_file import identified
from digit_infer.prediction import Unanswered
from digit_infer.serving.tensors import ModelSpec, Tensor, TensorSpec

if TYPE_CHECKING:
    from digit_infer.prediction import Prediction
    from digit_infer.predictor import Predictor
    from digit_infer.serving.protocol import Outputs

    Inputs = Mapping[str, Tensor]

_CALL = 64
"""Pictures per call of the runtime."""

_QUICK_S = 0.001
"""A call up to this long may block the event loop."""

_PROBABILITIES = TensorSpec("probabilities", "FP32", (-1, CLASSES))


class Served(Protocol):
    """A model as the protocol sees it."""

    @property
    def spec(self) -> ModelSpec:
        """Return the model's name, inputs and outputs."""

    @property
    def quick(self) -> int:
        """Return the largest number of pictures whose call may block the event loop; 0 for none."""

    def count(self, inputs: Inputs) -> int:
        """Return the number of pictures in a request."""

    def answer(self, requests: Sequence[Inputs]) -> list[Outputs | DigitInferError]:
        """Answer several requests in one call, in order; an invalid request gets its error.

        Raises:
            InferenceError: the runtime failed.
        """


class DigitModel:
    """``images`` uint8 [N, 28, 28] -> ``probabilities`` float32 [N, 10]."""

    def __init__(self, name: str, predictor: Predictor, most: int) -> None:
        images = TensorSpec("images", "UINT8", (-1, SIDE, SIDE))
        self.spec = ModelSpec(name, f"digit_infer_{predictor.runtime}", (images,), (_PROBABILITIES,), most)
        self.quick = int(_QUICK_S / _seconds_an_image(predictor))
        self._predictor = predictor

    def count(self, inputs: Inputs) -> int:
        """Return the number of images in a request."""
        return len(inputs["images"].values)

    def answer(self, requests: Sequence[Inputs]) -> list[Outputs | DigitInferError]:
        """Answer all images in one call.

        Raises:
            InferenceError: the runtime failed, or returned NaN or infinity.
        """
        arrays = [np.asarray(inputs["images"].values) for inputs in requests]
        rows = self._predictor.predict_array(arrays[0] if len(arrays) == 1 else np.concatenate(arrays))
        if not isfinite(sum(rows.ravel().tolist())):  # faster than numpy for so few numbers
            raise InferenceError("the model returned NaN or infinity", "export it again")
        if len(arrays) == 1:
            return [{"probabilities": rows}]
        ends = list(accumulate(map(len, arrays)))
        return [{"probabilities": rows[end - len(array) : end]} for array, end in zip(arrays, ends, strict=True)]


class PictureModel:
    """``picture`` BYTES [N, 1], image files -> ``digit``, ``is_digit``, ``confidence`` [N, 1], ``probabilities`` [N, 10].

    An element is the file's bytes, or their base64 if the tensor's parameter ``content_type`` is ``base64``.
    """

    quick = 0

    def __init__(self, name: str, predictor: Predictor, most: int, max_pixels: int) -> None:
        outputs = (
            TensorSpec("digit", "INT32", (-1, 1)),
            TensorSpec("is_digit", "BOOL", (-1, 1)),
            TensorSpec("confidence", "FP32", (-1, 1)),
            _PROBABILITIES,
        )
        pictures = TensorSpec("picture", "BYTES", (-1, 1))
        self.spec = ModelSpec(name, f"digit_infer_{predictor.runtime}", (pictures,), outputs, most)
        self._predictor = predictor
        self._max_pixels = max_pixels

    def count(self, inputs: Inputs) -> int:
        """Return the number of pictures in a request."""
        return len(inputs["picture"].values)

    def answer(self, requests: Sequence[Inputs]) -> list[Outputs | DigitInferError]:
        """Answer all pictures; an unreadable one fails its request.

        Raises:
            InferenceError: the runtime failed.
        """
        given = [self._pictures(inputs["picture"]) for inputs in requests]
        every = [picture for pictures in given if isinstance(pictures, list) for picture in pictures]
        answers = iter(self._predictor.predict_many(every, batch_size=_CALL, workers=1))
        return [
            pictures if isinstance(pictures, DigitInferError) else _outputs(list(islice(answers, len(pictures))))
            for pictures in given
        ]

    def _pictures(self, tensor: Tensor) -> list[bytes] | DigitInferError:
        pictures: list[bytes] = []
        for number, element in enumerate(tensor.values):
            try:
                pictures.append(_decoded(element, tensor.parameters))
                check_pixels(pictures[-1], self._max_pixels)
            except DigitInferError as error:
                return _told(error, number, len(tensor.values))
        return pictures


def _seconds_an_image(predictor: Predictor) -> float:
    """Return the shortest of five timed calls with one image; the first ones include loading."""
    image = np.zeros((1, SIDE, SIDE), np.uint8)
    times = []
    for _ in range(5):
        began = perf_counter()
        predictor.predict_array(image)
        times.append(perf_counter() - began)
    return min(times)


def check_pixels(picture: bytes, most: int) -> None:
    """Check the size of a picture from its header, before decoding, with the package's decoders only.

    Raises:
        PictureTooLargeError: it has more than ``most`` pixels.
        PictureError: it is not an image.
    """
    try:
        with identified(io.BytesIO(picture), "the picture") as opened:
            width, height = opened.size
    except PictureError:
        raise
    except Exception:  # any error of Pillow; the predictor reports it
        return
    if width * height > most:
        raise PictureTooLargeError(f"the picture has {width} × {height} pixels", f"send {most:,} at most")


def _decoded(element: bytes, parameters: Mapping[str, Any]) -> bytes:
    kind = parameters.get("content_type", "raw")
    if kind not in ("raw", "base64"):
        raise InvalidRequestError(f"the content_type of picture is {kind!r:.40}", "send raw or base64")
    if kind == "raw":
        return element
    try:
        return base64.b64decode(element, validate=True)
    except binascii.Error as error:
        raise InvalidRequestError(f"a picture is not base64 ({error})", "encode it again, or send it raw") from error


def _outputs(answers: list[Prediction | Unanswered]) -> Outputs | DigitInferError:
    predictions: list[Prediction] = []
    for number, answer in enumerate(answers):
        if isinstance(answer, Unanswered):
            return _told(answer.error, number, len(answers))
        predictions.append(answer)
    column = (len(predictions), 1)
    rows = [prediction.probabilities for prediction in predictions]
    return {
        "digit": np.array([prediction.digit for prediction in predictions], np.int32).reshape(column),
        "is_digit": np.array([prediction.is_digit for prediction in predictions], np.bool_).reshape(column),
        "confidence": np.array([prediction.confidence for prediction in predictions], np.float32).reshape(column),
        "probabilities": np.stack(rows) if rows else np.zeros((0, CLASSES), np.float32),
    }


def _told(error: DigitInferError, number: int, count: int) -> DigitInferError:
    """Prefix the number of the picture, if there are several."""
    if count == 1:
        return error
    return type(error)(f"picture {number} of {count}: {error.problem}", error.advice)
