import pickle

import pytest

from digit_infer import errors


def all_errors() -> list[type[errors.DigitInferError]]:
    found = [errors.DigitInferError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("kind", all_errors())
def test_says_problem_and_advice_in_one_line_and_survives_pickling(kind):
    error = kind("the  file\nis odd", "take another")
    assert str(error) == "the  file is odd; take another"
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(copy) is kind
    assert str(copy) == str(error)


@pytest.mark.parametrize("kind", [kind for kind in all_errors() if kind.__module__ == errors.__name__])
def test_the_tree_in_the_docstring_names_every_error(kind):
    assert f" {kind.__name__}" in errors.__doc__.replace("─", "─ ")


def test_standard_kin():
    assert issubclass(errors.PictureNotFoundError, FileNotFoundError)
    assert issubclass(errors.UnknownModelError, LookupError)
    assert issubclass(errors.InvalidArrayError, ValueError)
    assert issubclass(errors.RuntimeUnavailableError, RuntimeError)


def test_exit_codes_are_two_for_wrong_use_and_one_for_failures():
    wrong_use = {kind.__name__ for kind in all_errors() if kind.exit_code == 2}
    assert wrong_use == {
        "PictureNotFoundError",
        "UnknownModelError",
        "MissingModelFileError",
        "UnknownRuntimeError",
        "UsageError",
        "RecordError",
    }
    assert all(kind.exit_code in (1, 2) for kind in all_errors())
