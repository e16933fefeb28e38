"""Files that crash a runtime, never end, or take all memory: each made here, byte by byte or node by node."""

import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from digit_infer import Predictor, zoo
from digit_infer.contract import SIDE
from digit_infer.errors import ContractError, DamagedModelError, MissingModelFileError, ModelError, from_told
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import LARGEST_OWN_FILE, own_file
from digit_infer.zoo import resolve

SMALL = "digitnet_nano"


def of_the_zoo(model_format, precision):
    [file] = zoo.files_of(zoo.model_named(SMALL), model_format, precision)
    return (zoo.FILES / file.file).read_bytes()


def onnx_file(path, *nodes, constants=()):
    """Write a model that keeps the contract, of nodes that lead from ``images`` to ``answers``."""
    onnx = pytest.importorskip("onnx")
    helper, types = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node(kind, takes, gives, **attributes) for kind, takes, gives, attributes in nodes],
        "digits",
        [helper.make_tensor_value_info("images", types.UINT8, ["N", SIDE, SIDE])],
        [helper.make_tensor_value_info("answers", types.FLOAT, ["N", 10])],
        [onnx.numpy_helper.from_array(np.array(value, dtype), name) for name, value, dtype in constants],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


SOUND = (
    ("Cast", ["images"], ["floats"], {"to": 1}),
    ("ReduceMean", ["floats"], ["means"], {"axes": [1, 2], "keepdims": 0}),
    ("Unsqueeze", ["means", "last"], ["column"], {}),
    ("MatMul", ["column", "weights"], ["logits"], {}),
    ("Softmax", ["logits"], ["answers"], {"axis": 1}),
)
CONSTANTS = (("last", [1], np.int64), ("weights", np.zeros((1, 10)), np.float32))


def test_a_sound_file_of_ones_own_answers(tmp_path):
    path = onnx_file(tmp_path / "sound.onnx", *SOUND, constants=CONSTANTS)
    with Predictor(path) as predictor:
        assert predictor.predict_array(np.zeros((3, SIDE, SIDE), np.uint8)).shape == (3, 10)


def test_a_loop_without_end_is_ended_and_told(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper, types = onnx.helper, onnx.TensorProto
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_next"]) for name in ("going", "carried")],
        "body",
        [
            helper.make_tensor_value_info("turn", types.INT64, []),
            helper.make_tensor_value_info("going", types.BOOL, []),
            helper.make_tensor_value_info("carried", types.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("going_next", types.BOOL, []),
            helper.make_tensor_value_info("carried_next", types.FLOAT, None),
        ],
    )
    loop = ("Loop", ["most", "true", "logits"], ["looped"], {"body": body})
    path = onnx_file(
        tmp_path / "loop.onnx",
        *SOUND[:-1],
        loop,
        ("Softmax", ["looped"], ["answers"], {"axis": 1}),
        constants=(*CONSTANTS, ("most", 2**62, np.int64), ("true", True, np.bool_)),
    )
    with pytest.raises(DamagedModelError, match=r"loop\.onnx took more processor time on onnx-cpu"):
        Predictor(path)


@pytest.mark.skipif(sys.platform != "linux", reason="the system has no such limit")
def test_a_file_that_asks_for_gigabytes_is_refused(tmp_path):
    path = onnx_file(
        tmp_path / "hungry.onnx",
        *SOUND[:-1],
        ("Shape", ["images"], ["shape"], {}),
        ("ReduceProd", ["shape"], ["size"], {"keepdims": 1}),
        ("Mul", ["size", "much"], ["many"], {}),
        ("ConstantOfShape", ["many"], ["zeros"], {}),
        ("ReduceSum", ["zeros"], ["sum"], {"keepdims": 0}),
        ("Add", ["logits", "sum"], ["added"], {}),
        ("Softmax", ["added"], ["answers"], {"axis": 1}),
        constants=(*CONSTANTS, ("much", [2_000_000], np.int64)),
    )
    with pytest.raises(ModelError, match="hungry"):
        Predictor(path)


@pytest.mark.parametrize("name", ["tflite", "tflm"])
def test_whatever_bytes_of_a_tflite_file_are_altered_this_process_lives(name, tmp_path):
    if not RUNTIMES[name].availability().available:
        pytest.skip(f"{name} is not installed")
    whole, random = of_the_zoo("tflite", "int8"), np.random.default_rng(7)
    for number in range(6):
        content = bytearray(whole)
        for place in random.integers(0, len(content) // 4, 3):
            content[place] = random.integers(256)
        path = tmp_path / f"altered{number}.tflite"
        path.write_bytes(content)
        try:
            Predictor(path, runtime=name).close()
        except ModelError as error:
            assert str(path) in str(error)


def test_a_file_of_the_zoo_is_verified_before_the_runtime_opens_it(monkeypatch, tmp_path):
    entry = zoo.model_named(SMALL)
    for file in entry.files:
        (tmp_path / file.file).write_bytes(b"not what it was")
    monkeypatch.setattr(zoo, "FILES", tmp_path)
    with pytest.raises(DamagedModelError, match="its sha256 is"):
        resolve.plan(SMALL, "onnx-cpu", None, None)


def test_files_of_the_zoo_are_not_tried_in_another_process(monkeypatch):
    def refuse(*words, **settings):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    Predictor(SMALL).close()


def test_an_interrupted_trial_leaves_no_process(tmp_path):
    path = onnx_file(tmp_path / "sound.onnx", *SOUND, constants=CONSTANTS)
    program = f"from digit_infer import Predictor; Predictor({str(path)!r})"
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE)
    children = []
    while process.poll() is None and not children:
        children = children_of(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    end = time.monotonic() + 10
    while any(map(runs, children)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(runs, children))


def children_of(number):
    try:
        return [int(word) for word in Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii").split()]
    except FileNotFoundError:
        pytest.skip("this system does not list children")


def runs(number):
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_pipe_a_folder_and_a_device_are_no_models(tmp_path):
    pipe, folder = tmp_path / "pipe.onnx", tmp_path / "folder.onnx"
    os.mkfifo(pipe)
    folder.mkdir()
    device = tmp_path / "device.onnx"
    device.symlink_to("/dev/zero")
    for path, what in ((pipe, "a pipe"), (folder, "a folder"), (device, "a pipe, a socket or a device")):
        with pytest.raises(DamagedModelError, match=what):
            Predictor(path)
    loop = tmp_path / "loop.onnx"
    loop.symlink_to(loop)
    with pytest.raises(ModelError, match="cannot be read"):
        Predictor(loop)
    with pytest.raises(MissingModelFileError):
        Predictor("null\0.onnx")


def test_a_file_of_terabytes_is_not_read(tmp_path):
    path = tmp_path / "sparse.tflite"
    with path.open("wb") as file:
        file.truncate(LARGEST_OWN_FILE + 1)
    with pytest.raises(DamagedModelError, match="at most"):
        own_file(path)


def keras_file(path, config, **others):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", config if isinstance(config, str) else json.dumps(config))
        for name, content in others.items():
            archive.writestr(name, content)
    return path


def test_a_keras_file_is_checked_before_keras_starts(tmp_path):
    dense = {"class_name": "Dense", "config": {"units": 2_000_000_000}}
    cases = {
        "asks for a layer of 2,000,000,000 units": {"config": {"layers": [dense]}},
        "recursion": '{"a":' * 100_000 + "}" * 100_000,
        "is no Keras model": "[[[",
        r"config\.json of more than": json.dumps(" " * 17_000_000),
    }
    for number, (words, config) in enumerate(cases.items()):
        with pytest.raises(DamagedModelError, match=words):
            own_file(keras_file(tmp_path / f"{number}.keras", config))
    with zipfile.ZipFile(keras_file(tmp_path / "bomb.keras", {}, weights=b""), "a") as archive:
        archive.writestr("more", b"")
        archive.filelist[-1].file_size = 1_000_000_001  # as the directory of a bomb says it
    with pytest.raises(DamagedModelError, match="unpacks to"):
        own_file(tmp_path / "bomb.keras")


def test_an_error_of_another_process_is_the_same_error_here():
    told = ContractError("it maps", "convert it").told()
    assert type(from_told(json.loads(json.dumps(told)))) is ContractError
    assert str(from_told(told)) == "it maps; convert it"
