"""Files without layers, as other people publish them: each is put between the contract's two ends, and proven."""

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
import tf2onnx

from digit_infer import Predictor
from digit_infer.runtimes.adapter import Adapter
from digit_infer.runtimes.preprocessing import Preprocessing
from export import contract_onnx, contract_tflite
from export.errors import ExportError
from export.graph_source import load_graph
from export.pipeline import Exporter
from export.user_code import run_user_code

from .conftest import small_network


@pytest.fixture(scope="module")
def theirs(tmp_path_factory, mnist_test):
    """A network that learned a little from standardised pixels, and ends in logits: as TFLite, ONNX, HDF5 or SavedModel."""
    folder = tmp_path_factory.mktemp("theirs")
    network = small_network(activation="linear", functional=True)
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    images = Preprocessing(mean=0.1307, std=0.3081).values(mnist_test.images[:3000])[..., None]
    network.fit(images, mnist_test.labels[:3000], epochs=2, verbose=0)
    (folder / "theirs.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(network).convert())
    model, _ = tf2onnx.convert.from_keras(network, opset=13)
    onnx.save(model, folder / "theirs.onnx")
    network.export(folder / "saved", verbose=False)
    network.save(folder / "old.h5")
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "pairs"),
    [
        ("theirs.onnx", [("onnx", "float32"), ("onnx", "int8")]),
        ("theirs.tflite", [("tflite", "float32"), ("tflite", "int8"), ("onnx", "float32")]),
        ("saved", [("tflite", "float32"), ("onnx", "float32")]),
    ],
)
def test_the_contract_is_put_around_a_graph(name, pairs, theirs, mnist_calibration, mnist_test, tmp_path):
    source = load_graph(theirs / name, None)
    assert source.adapter.ending == "logits"
    assert source.notes[0].startswith("assumed of ")
    exporter = Exporter(source, mnist_calibration, allowed_loss=0.01)
    for pair in pairs:
        assert source.refusal(pair) is None
        file = exporter.export(*pair, tmp_path)
        with Predictor(tmp_path / file.file) as predictor:
            assert predictor.adapter is None
            right = (predictor.predict_array(mnist_test.images).argmax(axis=1) == mnist_test.labels).sum()
        assert right == file.parity.accuracy.correct


def test_what_a_graph_does_not_allow_is_told(theirs):
    reason = load_graph(theirs / "theirs.onnx", None).refusal(("tflite", "int8"))
    assert reason.startswith("no TFLite file is made of theirs.onnx: no converter from ONNX is maintained")


def test_a_fixed_batch_becomes_any(theirs, mnist_test):
    import onnxruntime

    model = onnx.load(theirs / "theirs.onnx")
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    adapter = Adapter(Preprocessing(mean=0.1307, std=0.3081), "channels-last", None, (28, 28, 1), batch=1, ending="logits")
    whole = contract_onnx.with_contract("theirs", model, adapter)
    onnx.checker.check_model(whole, full_check=True)
    session = onnxruntime.InferenceSession(whole.SerializeToString())
    [answers] = session.run(None, {"images": mnist_test.images[:7]})
    assert answers.shape == (7, 10)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_a_tflite_file_for_one_picture_without_an_axis_for_more_is_refused(theirs):
    content = (theirs / "theirs.tflite").read_bytes()
    assert contract_tflite.precision_of(content) == "float32"
    with pytest.raises(ExportError, match="without an axis for several"):
        contract_tflite.with_contract("theirs", content, Adapter(Preprocessing(), batch=0))


@pytest.mark.filterwarnings("ignore")
def test_hdf5_and_a_saved_model_answer_as_the_network_does(theirs, mnist_test):
    with Predictor(theirs / "theirs.onnx") as expected:
        answers = expected.predict_array(mnist_test.images[:500])
    for name in ("old.h5", "saved"):
        with Predictor(theirs / name) as predictor:
            assert predictor.runtime == "keras"
            np.testing.assert_allclose(predictor.predict_array(mnist_test.images[:500]), answers, atol=1e-4)


NETWORK_OF_TORCH = """
import torch


class Other(torch.nn.Module):
    pass


class Nearest(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(784, 10)

    def forward(self, pictures):
        return torch.log_softmax(self.linear(pictures), 1)
"""


def test_files_of_torch_are_refused_without_the_code_of_their_network(tmp_path):
    path = tmp_path / "net.pth"
    path.write_bytes(b"weights")
    with pytest.raises(ExportError, match=r"--import NAME\.py"):
        load_graph(path, None)


@pytest.mark.parametrize("whole", [False, True], ids=["weights", "network"])
def test_weights_and_networks_of_torch_are_loaded_by_the_code_of_their_class(whole, mnist_test, tmp_path):
    torch = pytest.importorskip("torch", reason="pip install torch onnxscript")
    pytest.importorskip("onnxscript")
    (tmp_path / f"nearest_{whole}.py").write_text(NETWORK_OF_TORCH, encoding="utf-8")
    code = run_user_code(tmp_path / f"nearest_{whole}.py")
    pixels = mnist_test.images.reshape(-1, 784) / np.float32(255)
    means = np.stack([pixels[mnist_test.labels == digit].mean(axis=0) for digit in range(10)])
    network = code["Nearest"]()
    network.load_state_dict(
        {"linear.weight": torch.tensor(means), "linear.bias": torch.tensor(-(means**2).sum(axis=1) / 2)}
    )
    torch.save(network if whole else network.state_dict(), tmp_path / "net.pth")
    source = load_graph(tmp_path / "net.pth", None, code)
    expected = network(torch.tensor(pixels[:100])).exp().detach().numpy()
    np.testing.assert_allclose(source.reference(mnist_test.images[:100]), expected, atol=1e-5)
