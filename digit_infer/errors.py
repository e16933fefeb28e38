"""All errors that digit_infer raises.

Each error states the problem with its cause (``problem``) and what to do next (``advice``). Many also inherit a
standard exception, so ``except FileNotFoundError`` works.

    DigitInferError
    ├── PictureError (ValueError)          one picture cannot be answered
    │   ├── PictureNotFoundError (FileNotFoundError)
    │   ├── UnreadablePictureError         not a picture, truncated, damaged
    │   ├── PictureTooLargeError
    │   └── InvalidArrayError              wrong shape, dtype or values
    ├── ModelError
    │   ├── UnknownModelError (LookupError)
    │   ├── MissingModelFileError (FileNotFoundError)
    │   ├── DamagedModelError (ValueError) altered, truncated, or not a model
    │   ├── ModelCodeError                 a Keras file that needs code of its author's
    │   └── ContractError (ValueError)     a model, but not what its contract says
    ├── UnknownRuntimeError (LookupError)
    ├── RuntimeUnavailableError (RuntimeError)
    ├── InferenceError (RuntimeError)      the runtime failed on a valid input
    ├── UsageError (ValueError)            arguments that contradict one another
    ├── DatasetError (ValueError)          an MNIST file is missing, truncated, swapped or altered
    ├── MeasurementError                   something could not be measured
    ├── RecordError (ValueError)           a file of measurements cannot be read, or not be compared
    ├── BatchError                         raised by digit-infer batch only: its engine is missing, or failed
    └── ServingError                       raised by digit-infer serve only: it cannot start
        ├── InvalidRequestError (ValueError)   a request violates the protocol, or does not fit the model
        │   └── UnsupportedError           a method or a compression that the server does not have
        ├── RequestTooLargeError           more bytes or pictures than the server accepts
        ├── RequestTimeoutError (TimeoutError)  the body did not arrive in time
        └── OverloadedError                too many requests are waiting, or the server is stopping
"""

from collections.abc import Mapping
from typing import ClassVar


def printable(text: str) -> str:
    """Escape control characters, which in a file name could control a terminal, and invalid UTF-8."""
    if text.isprintable():
        return text
    from unicodedata import category  # rarely needed

    def shown(character: str) -> str:
        controls = category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        return character.encode("unicode_escape").decode() if controls else character

    return "".join(map(shown, text))


def reason_of(error: BaseException, most: int = 160) -> str:
    """Return the message of another library's error on one line of at most ``most`` characters, or the error's name."""
    return " ".join(str(error).split())[:most] or type(error).__name__


def first_line_of(error: BaseException, most: int | None = 160) -> str:
    """Return the first line of another library's message, at most ``most`` characters of it, or the error's name."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip()[:most]


class DigitInferError(Exception):
    """Base class. ``str()`` is one line: the problem, then the advice."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return printable(" ".join(f"{self.problem}; {self.advice}".splitlines()))

    def told(self) -> dict[str, str]:
        """Return the error as JSON for another process; ``from_told`` reads it."""
        return {"kind": type(self).__name__, "problem": self.problem, "advice": self.advice}


class PictureError(DigitInferError, ValueError):
    """One picture cannot be answered."""


class PictureNotFoundError(PictureError, FileNotFoundError):
    """The picture's file does not exist, or has no page of the requested number."""

    exit_code = 2


class UnreadablePictureError(PictureError):
    """The bytes are not an image, or are truncated or damaged."""


class PictureTooLargeError(PictureError):
    """The picture has more pixels than the limit."""


class InvalidArrayError(PictureError):
    """An array has an unsupported shape, dtype or values."""


class ModelError(DigitInferError):
    """A model cannot be used."""


class UnknownModelError(ModelError, LookupError):
    """The zoo has no model of that name, format or precision."""

    exit_code = 2


class MissingModelFileError(ModelError, FileNotFoundError):
    """A model's file does not exist."""

    exit_code = 2


class DamagedModelError(ModelError, ValueError):
    """A model's file is altered, truncated, or not a model."""


class ModelCodeError(ModelError):
    """A Keras file is intact, but needs Python code that it lacks, or that is never run from a file."""


class ContractError(ModelError, ValueError):
    """A model's file is intact, but its inputs or outputs violate the contract."""


class UnknownRuntimeError(DigitInferError, LookupError):
    """There is no runtime of that name."""

    exit_code = 2


class RuntimeUnavailableError(DigitInferError, RuntimeError):
    """The runtime does not work on this machine; the message says why."""


class InferenceError(DigitInferError, RuntimeError):
    """The runtime failed on valid input."""


class UsageError(DigitInferError, ValueError):
    """Arguments that contradict one another or lie out of range."""

    exit_code = 2


class DatasetError(DigitInferError, ValueError):
    """An MNIST file is missing, truncated, swapped or altered."""


class MeasurementError(DigitInferError):
    """Something could not be measured."""


class RecordError(DigitInferError, ValueError):
    """A file of measurements is missing, damaged or of another schema, or cannot be compared with another."""

    exit_code = 2


class BatchError(DigitInferError):
    """The engine of ``digit-infer batch`` is missing, cannot be reached, or failed."""


class ServingError(DigitInferError):
    """The server cannot start, or refuses a request."""


class InvalidRequestError(ServingError, ValueError):
    """A request violates the protocol, or does not fit the model."""


class UnsupportedError(InvalidRequestError):
    """A request asks for a method or a compression that the server does not have."""


class RequestTooLargeError(ServingError):
    """A request has more bytes or pictures than the server accepts."""


class RequestTimeoutError(ServingError, TimeoutError):
    """The body of a request did not arrive in time."""


class OverloadedError(ServingError):
    """Too many requests are waiting, or the server is stopping."""


def from_told(error: Mapping[str, str]) -> DigitInferError:
    """Return the error from ``told`` of another process."""
    kind: type[DigitInferError] = globals()[error["kind"]]
    return kind(error["problem"], error["advice"])
