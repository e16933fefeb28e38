"""The process that answers pictures for another one: ``python -m digit_infer.answering``, see ``digit_infer.processes``.

What comes in is pickled: a predictor, then lists of pictures; what goes out is a list of answers for each, or an error.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import BinaryIO

from digit_infer.errors import DigitInferError
from digit_infer.predictor import Predictor


def serve(requests: BinaryIO, replies: BinaryIO) -> None:
    """Answer until the requests end."""
    try:
        predictor: Predictor = pickle.load(requests)  # noqa: S301  # from the process that started this one
        while True:
            pictures = pickle.load(requests)  # noqa: S301
            _reply(replies, list(predictor.predict_many(pictures, batch_size=len(pictures), workers=1)))
    except EOFError:
        return
    except DigitInferError as error:
        _reply(replies, error)


def _reply(replies: BinaryIO, reply: object) -> None:
    pickle.dump(reply, replies, pickle.HIGHEST_PROTOCOL)
    replies.flush()


if __name__ == "__main__":
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever libraries print is no answer
    serve(sys.stdin.buffer, answers)
    os._exit(0)  # without taking down the libraries piece by piece
