"""Subclassed models: their code comes from the user's own file, and only where the user asks for it."""

import subprocess
import sys
import uuid

import keras
import numpy as np
import pytest

from digit_infer.errors import DamagedModelError, MissingModelFileError, ModelCodeError, UsageError
from export.errors import ExportError
from export.interface import picture_shape
from export.own_network import Declared
from export.source import load_source
from export.user_code import run_user_code

CODE = """
import keras
from {neighbour} import UNITS

class Net(keras.Model):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.flatten = keras.layers.Flatten()
        self.dense = keras.layers.Dense(UNITS, activation=sharp)

    def call(self, pixels):
        return self.dense(self.flatten(pixels))

@keras.saving.register_keras_serializable("{stem}")
def sharp(values):
    return keras.ops.softmax(5 * values)

class Inside(keras.Model):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.network = keras.Sequential([keras.Input((784,)), keras.layers.Dense(UNITS, "softmax")])

    def call(self, pixels):
        return self.network(pixels)

class AnyShape(Inside):
    def call(self, pixels):
        return self.network(keras.ops.reshape(pixels, (-1, 784)))

class ByShape(Inside):
    def call(self, pixels):
        return self.network(keras.ops.reshape(pixels, (-1, 784)) * len(pixels.shape))
"""


@pytest.fixture
def code(tmp_path):
    """A user's file, with a neighbour that it imports; modules of one name can be imported only once."""
    stem = f"mine_{uuid.uuid4().hex}"
    (tmp_path / f"{stem}_sizes.py").write_text("UNITS = 10\n", encoding="utf-8")
    path = tmp_path / f"{stem}.py"
    path.write_text(CODE.format(neighbour=f"{stem}_sizes", stem=stem), encoding="utf-8")
    yield path
    sys.path.remove(str(tmp_path))


def saved(network, path, shape=None):
    if shape is not None:
        network(np.zeros((1, *shape), np.float32))
    network.save(path)
    return str(path)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,)])
def test_a_subclassed_network_keeps_the_shape_that_it_was_called_with(code, tmp_path, shape):
    classes = run_user_code(code)
    assert set(classes) == {"Net", "sharp", "Inside", "AnyShape", "ByShape"}
    network = classes["Net"]()
    path = saved(network, tmp_path / "own.keras", shape)
    source = load_source(path, Declared(code=classes))
    assert source.interface.shape == shape
    pixels = np.random.default_rng(0).random((4, *shape), np.float32)
    np.testing.assert_allclose(source.network(pixels), network(pixels), atol=1e-6)


def test_the_command_imports_the_users_code_and_only_when_asked(code, tmp_path):
    path = saved(run_user_code(code)["Net"](), tmp_path / "own.keras", (28, 28))

    def export(*words):
        command = [sys.executable, "-m", "export", path, "--format", "onnx", "--precision", "float32"]
        words = [*command, "--out", str(tmp_path / "out"), *map(str, words)]
        return subprocess.run(words, check=False, capture_output=True, text=True)

    done = export()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {path} needs the class Net, whose code is not in a .keras file;"
        f" python -m export {path} --import FILE.py, with the file that defines it\n"
    )
    done = export("--import", code)
    assert (done.returncode, "own.float32.onnx" in done.stdout) == (0, True)
    done = export("--import", tmp_path / "nosuch.py")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: there is no file {tmp_path / 'nosuch.py'}; name the Python file")


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_a_network_that_declares_no_shape_is_tried_and_never_guessed(code, tmp_path):
    classes = run_user_code(code)

    def loaded(name):
        path = saved(classes[name](), tmp_path / f"{name}.keras")
        return keras.saving.load_model(path, custom_objects=classes)

    assert picture_shape("own", loaded("Inside")) == (784,)
    assert picture_shape("own", loaded("AnyShape")) == (28, 28)
    with pytest.raises(ExportError, match=r"answers differently to \(28, 28\) and \(28, 28, 1\) and \(784,\)"):
        picture_shape("own", loaded("ByShape"))


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_a_network_that_was_never_built_has_no_weights_to_export(code, tmp_path):
    classes = run_user_code(code)
    for network in (classes["Net"](), keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10, "softmax")])):
        path = saved(network, tmp_path / "own.keras")
        with pytest.raises(ExportError, match="was saved before it was built, so its file holds no weights"):
            load_source(path, Declared(code=classes))


def test_code_that_does_not_fit_the_file_is_told(code, tmp_path):
    classes = run_user_code(code)
    path = saved(classes["Net"](), tmp_path / "own.keras", (28, 28))
    with pytest.raises(ModelCodeError, match="needs the class Net"):
        load_source(path)
    with pytest.raises(DamagedModelError, match=r"own\.keras is no Keras model"):
        load_source(path, Declared(code={"Net": classes["Inside"]}))


@pytest.mark.parametrize(
    ("name", "content", "error", "words"),
    [
        ("a.txt", "", UsageError, r"a\.txt is no Python file"),
        ("json.py", "", UsageError, "a module json is imported already; rename json"),
        ("raises_here.py", "1 / 0", ExportError, r"fails while it is imported \(ZeroDivisionError: division by zero\)"),
        ("leaves_here.py", "raise SystemExit(3)", ExportError, r"fails while it is imported \(SystemExit: 3\)"),
        ("broken_here.py", "def", ExportError, "SyntaxError"),
    ],
)
def test_files_that_cannot_be_imported(tmp_path, monkeypatch, name, content, error, words):
    monkeypatch.setattr(sys, "path", list(sys.path))
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=words):
        run_user_code(path)
    assert path.stem not in sys.modules or name == "json.py"
    with pytest.raises(MissingModelFileError, match="there is no file"):
        run_user_code(tmp_path / "nosuch.py")
