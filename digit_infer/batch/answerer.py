"""Columns in, columns out: what an engine calls in each of its workers. Nothing here knows an engine."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from digit_infer.errors import PictureError, UnreadablePictureError
from digit_infer.prediction import Prediction, Unanswered
from digit_infer.reading import Reading

if TYPE_CHECKING:
    from digit_infer.predictor import Predictor

PREDICTED = pa.schema(
    [
        ("digit", pa.int8()),
        ("is_digit", pa.bool_()),
        ("confidence", pa.float32()),
        ("reason", pa.string()),
        ("look", pa.string()),
        ("error", pa.string()),
    ]
)
"""What is answered of a picture of one digit: the attributes of a ``Prediction``, or the error alone."""

_DIGIT = {"digit": pa.int8(), "confidence": pa.float32(), "line": pa.int32()}
_BOX = dict.fromkeys(("left", "top", "right", "bottom"), pa.int32())

READ = pa.schema(
    [
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("turned", pa.int16()),
        ("digits", pa.list_(pa.struct(_DIGIT | _BOX))),
        ("error", pa.string()),
    ]
)
"""What is read from a picture of numbers: the attributes of a ``Reading``, or the error alone."""


@dataclass(frozen=True)
class Answerer:
    """A predictor as bytes, so that what is sent around loads no model; each worker loads it for its first batch."""

    pickled: bytes
    reads: bool

    @classmethod
    def of(cls, predictor: Predictor, *, reads: bool = False) -> Answerer:
        """Make one that predicts, or reads numbers."""
        return cls(pickle.dumps(predictor), reads)

    @property
    def schema(self) -> pa.Schema:
        """The columns of the answers."""
        return READ if self.reads else PREDICTED

    @cached_property
    def _predictor(self) -> Predictor:
        predictor: Predictor = pickle.loads(self.pickled)  # noqa: S301  # from ``of``
        gc.freeze()  # the engine's many objects stay; walking them costs time, last when the worker ends
        return predictor

    def __call__(self, pictures: pa.Array) -> pa.StructArray:
        """Answer pictures, each a path, the content of a file, or null where the engine could not read it.

        A picture that cannot be answered has an error and nothing else.

        Raises:
            InferenceError: the runtime failed.
        """
        sources = pictures.to_pylist()
        answers = self._answers([source for source in sources if source is not None])
        each = (_UNREAD if source is None else next(answers) for source in sources)
        row = _read_row if self.reads else _predicted_row
        return _column(
            [_error_row(one) if isinstance(one, Unanswered) else row(one) for one in each], pa.struct(self.schema)
        )

    def _answers(self, sources: list[Any]) -> Iterator[Any]:
        if self.reads:
            return map(self._read, sources)
        return self._predictor.predict_many(sources, workers=1)

    def _read(self, source: Any) -> Reading | Unanswered:
        try:
            return self._predictor.read(source)
        except PictureError as error:
            return Unanswered(error)


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Do what ``pa.array`` does, which imports pandas where it is installed: 0.3 s in each worker."""
    valid = pa.py_buffer(np.packbits(np.array([value is not None for value in values], np.bool_), bitorder="little"))
    if isinstance(kind, pa.StructType):
        inner = [
            _column([None if value is None else value.get(field.name) for value in values], field.type) for field in kind
        ]
        return pa.Array.from_buffers(kind, len(values), [valid], children=inner)
    if isinstance(kind, pa.ListType):
        ends = np.cumsum([0, *(len(value or ()) for value in values)], dtype=np.int32)
        inner = [_column([one for value in values for one in value or ()], kind.value_type)]
        return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(ends)], children=inner)
    if kind == pa.string():
        builder = pa.lib.StringBuilder()
        builder.append_values(values)
        return builder.finish()
    numbers: NDArray[Any] = np.array([value or 0 for value in values], _NUMPY[kind])
    packed = np.packbits(numbers, bitorder="little") if kind == pa.bool_() else numbers
    return pa.Array.from_buffers(kind, len(values), [valid, pa.py_buffer(packed)])


_NUMPY = {
    pa.bool_(): np.bool_, pa.int8(): np.int8, pa.int16(): np.int16, pa.int32(): np.int32, pa.float32(): np.float32,
}  # fmt: skip

_UNREAD = Unanswered(UnreadablePictureError("its bytes could not be read", "check the file and its permissions"))


def _error_row(answer: Unanswered) -> dict[str, Any]:
    return {"error": str(answer.error)}


def _predicted_row(answer: Prediction) -> dict[str, Any]:
    return {
        "digit": answer.digit,
        "is_digit": answer.is_digit,
        "confidence": answer.confidence,
        "reason": answer.reason,
        "look": answer.look,
    }


def _read_row(reading: Reading) -> dict[str, Any]:
    return {
        "text": reading.text,
        "confidence": reading.confidence,
        "turned": reading.turned,
        "digits": [
            {
                "digit": one.prediction.digit,
                "confidence": one.prediction.confidence,
                "line": one.line,
                **{side: getattr(one.box, side) for side in _BOX},
            }
            for one in reading.digits
        ],
    }
