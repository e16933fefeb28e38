"""Everything that digit_infer raises on purpose.

Each error says what was wrong and with what (``problem``) and what to do next (``advice``); many also inherit the
standard exception that a caller would expect, so ``except FileNotFoundError`` works.

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
    ├── BatchError                         raised by digit-infer batch alone: its engine is missing, or failed
    └── ServingError                       raised by digit-infer serve alone: it cannot start
        ├── InvalidRequestError (ValueError)   a request that breaks the protocol, or does not fit the model
        ├── RequestTooLargeError           more bytes or pictures than the server takes
        ├── RequestTimeoutError (TimeoutError)  the body did not come in time
        └── OverloadedError                too much is waiting already, or the server is stopping
"""

from collections.abc import Mapping
from typing import ClassVar


def printable(text: str) -> str:
    """Return a text with control characters escaped: those of a file's name would command a terminal.

    Of half a character, as in a name that is no UTF-8, the number is shown.
    """
    if text.isprintable():
        return text
    from unicodedata import category  # hardly a name needs it

    def shown(character: str) -> str:
        controls = category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        return character.encode("unicode_escape").decode() if controls else character

    return "".join(map(shown, text))


class DigitInferError(Exception):
    """The root of the tree. ``str()`` of it is one line: the problem, then the advice."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return printable(" ".join(f"{self.problem}; {self.advice}".splitlines()))

    def told(self) -> dict[str, str]:
        """Return it as JSON that ``from_told`` reads in another process."""
        return {"kind": type(self).__name__, "problem": self.problem, "advice": self.advice}


class PictureError(DigitInferError, ValueError):
    """One picture cannot be answered."""


class PictureNotFoundError(PictureError, FileNotFoundError):
    """No file lies where the picture should be."""

    exit_code = 2


class UnreadablePictureError(PictureError):
    """The bytes are no picture, or a truncated or damaged one."""


class PictureTooLargeError(PictureError):
    """The picture has more pixels than will be decoded."""


class InvalidArrayError(PictureError):
    """An array has a shape, a dtype or values that no picture has."""


class ModelError(DigitInferError):
    """A model cannot be used."""


class UnknownModelError(ModelError, LookupError):
    """The zoo has no model of that name, or none in that format and precision."""

    exit_code = 2


class MissingModelFileError(ModelError, FileNotFoundError):
    """A model's file is not where it should be."""

    exit_code = 2


class DamagedModelError(ModelError, ValueError):
    """A model's file is altered, truncated, or no model at all."""


class ModelCodeError(ModelError):
    """A Keras file is sound, but needs Python code that is not in it, or that is not run from there."""


class ContractError(ModelError, ValueError):
    """A model's file is sound, but its inputs and outputs are not those of the contract."""


class UnknownRuntimeError(DigitInferError, LookupError):
    """There is no runtime of that name."""

    exit_code = 2


class RuntimeUnavailableError(DigitInferError, RuntimeError):
    """The runtime cannot work on this machine; the message says precisely why."""


class InferenceError(DigitInferError, RuntimeError):
    """The runtime failed on an input that keeps the contract."""


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
    """A request breaks the protocol, or does not fit the model."""


class RequestTooLargeError(ServingError):
    """A request has more bytes or pictures than the server takes."""


class RequestTimeoutError(ServingError, TimeoutError):
    """The body of a request did not come in time."""


class OverloadedError(ServingError):
    """Too much is waiting already, or the server is stopping."""


def from_told(error: Mapping[str, str]) -> DigitInferError:
    """Return the error that another process of ours told."""
    kind: type[DigitInferError] = globals()[error["kind"]]
    return kind(error["problem"], error["advice"])
