"""``python -m export --triton-repository`` writes what real Triton takes; ``python -m bench peers conformance`` asks it."""

import importlib
import subprocess
import sys

import pytest

from bench.peers.environments import ENVIRONMENTS
from digit_infer import zoo


def export(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "export", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def config_of(folder):
    """Read by Triton's own message, as Triton does."""
    messages = pytest.importorskip("tritonclient.grpc.model_config_pb2", reason="pip install 'digit-infer[clients]'")
    text_format = importlib.import_module("google.protobuf.text_format")
    return text_format.Parse((folder / "config.pbtxt").read_text(encoding="utf-8"), messages.ModelConfig())


def test_a_network_is_written_as_onnx_and_its_pictures_for_python(tmp_path):
    done = export("--triton-repository", tmp_path, "digitnet", "lenet")
    assert done.returncode == 0, done.stderr
    assert sorted(folder.name for folder in tmp_path.iterdir()) == [
        "digitnet",
        "digitnet_picture",
        "lenet",
        "lenet_picture",
    ]
    file = zoo.zoo_file(zoo.model_named("lenet"), zoo.files_of(zoo.model_named("lenet"), "onnx", "float32")[0])
    assert (tmp_path / "lenet" / "1" / "model.onnx").read_bytes() == file.path.read_bytes()
    config = config_of(tmp_path / "lenet")
    assert (config.name, config.backend, config.max_batch_size) == ("lenet", "onnxruntime", 1024)
    assert [(end.name, list(end.dims)) for end in (*config.input, *config.output)] == [
        ("images", [28, 28]),
        ("probabilities", [10]),
    ]
    assert config.HasField("dynamic_batching")
    assert config.instance_group[0].count == 1
    pictures = config_of(tmp_path / "lenet_picture")
    assert (pictures.backend, pictures.parameters["network"].string_value) == ("python", "lenet")
    assert [end.name for end in pictures.output] == ["digit", "is_digit", "confidence", "probabilities"]
    assert "class TritonPythonModel" in (tmp_path / "lenet_picture" / "1" / "model.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [("digitnut",), ("lenet", "lenet")])
def test_what_cannot_be_written_is_told_in_a_line(tmp_path, words):
    done = export("--triton-repository", tmp_path / "models", *words)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "models").exists()


@pytest.mark.skipif(not ENVIRONMENTS["triton"].folder.exists(), reason="python -m bench peers install triton")
def test_real_triton_passes_the_conformance_suite():
    done = subprocess.run(
        [sys.executable, "-m", "bench", "peers", "conformance"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
