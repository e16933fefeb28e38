import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import digit_infer

HEAVY = ("numpy", "PIL", "onnxruntime", "ai_edge_litert", "tensorflow", "keras", "rich", "click")


def test_exported_names():
    assert digit_infer.__all__ == [
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
    for name in digit_infer.__all__:
        assert getattr(digit_infer, name).__class__ is not type(None)
        assert name in dir(digit_infer)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'Predicter'"):
        digit_infer.Predicter  # noqa: B018  # the look-up is the test


def modules_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split())


def test_importing_the_package_imports_nothing_heavy():
    assert modules_after("import digit_infer").isdisjoint(HEAVY)


def test_importing_the_predictor_and_the_runtimes_imports_no_runtime():
    loaded = modules_after(
        "import digit_infer.predictor\nfrom digit_infer.runtimes import RUNTIMES\nlist(RUNTIMES.values())"
    )
    assert loaded.isdisjoint({"onnxruntime", "ai_edge_litert", "tflite_runtime", "tensorflow", "keras"})


def test_predicting_never_imports_tensorflow(examples):
    loaded = modules_after(f"from digit_infer import Predictor\nPredictor().predict({str(examples / 'seven.png')!r})")
    assert "onnxruntime" in loaded
    assert loaded.isdisjoint({"tensorflow", "keras", "rich"})


PROGRAM = """
from pathlib import Path

import numpy as np

from digit_infer import DigitInferError, Prediction, Predictor, Reading, Unanswered


def digits(folder: Path) -> list[int]:
    found: list[int] = []
    with Predictor("digitnet", runtime="auto", precision=None, threads=1, reject_below=0.5) as predictor:
        for answer in predictor.predict_many(folder.glob("*.png"), batch_size=32, workers=2, processes=True):
            if not isinstance(answer, Unanswered) and answer.is_digit:
                found.append(answer.digit)
    return found


def confidence(picture: bytes) -> float:
    try:
        prediction: Prediction = Predictor().predict(picture)
    except DigitInferError as error:
        raise SystemExit(error.exit_code) from error
    return prediction.confidence


def text(picture: Path) -> str:
    reading: Reading = Predictor().read(picture)
    return reading.text + str(reading.digits[0].box.left)


def sums(predictor: Predictor) -> float:
    return float(predictor.predict_array(np.zeros((1, 28, 28), np.uint8)).sum())
"""


@pytest.fixture(scope="module")
def checked_by_mypy(tmp_path_factory):
    """Run mypy over a program of a user, in a folder of its own."""
    pytest.importorskip("mypy", reason="types are checked where mypy is installed")
    folder = tmp_path_factory.mktemp("typed")

    def check(program):
        (folder / "program.py").write_text(program)
        command = [sys.executable, "-m", "mypy", "--strict", "program.py"]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)

    return check


def test_a_typed_program_passes_mypy_strict(checked_by_mypy):
    done = checked_by_mypy(PROGRAM)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_a_wrong_type_is_found_by_mypy(checked_by_mypy):
    done = checked_by_mypy(f"{PROGRAM}\n\ndigit: str = Predictor().predict('seven.png').digit\n")
    assert 'expression has type "int", variable has type "str"' in done.stdout


def test_an_archive_is_refused_in_words(tmp_path):
    archive = tmp_path / "digit_infer.zip"
    folder = Path(digit_infer.__file__).parent
    with zipfile.ZipFile(archive, "w") as packed:
        for path in folder.rglob("*.py"):
            packed.write(path, path.relative_to(folder.parent))
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import digit_infer"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ImportError: digit_infer does not run from an archive")
