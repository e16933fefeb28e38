import subprocess
import sys

import pytest

import digit_infer

HEAVY = ("numpy", "PIL", "onnxruntime", "ai_edge_litert", "tensorflow", "keras", "rich", "click")


def test_exported_names():
    assert digit_infer.__all__ == ["DigitInferError", "Prediction", "Predictor", "Reading", "Unanswered", "__version__"]
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
