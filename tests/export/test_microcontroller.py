"""The file for microcontrollers, what is said of it, and that C++ holds the same bytes."""

import copy
import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest

from digit_infer import zoo
from digit_infer.errors import ContractError, UsageError
from digit_infer.runtimes import RUNTIMES
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.tflm import interpreter_of
from export.arena import STEP, _suffices
from export.c_array import header, identifier, resolver_call, source
from export.errors import ParityError
from export.fixed_batch import fixed_batch
from export.microcontroller import export_microcontroller
from export.records.microcontrollers import read_tflm_results

REASON = RUNTIMES["tflm"].availability().reason
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"tflm: {REASON}")

FILES = ("mine.int8.batch1.tflite", "mine.int8.batch1.tflite.microcontroller.json", "mine.int8.cc", "mine.int8.h")


def opened(path, runtime):
    return RUNTIMES[runtime].open(ModelFile(path.name, path, "tflite", None, path.stat().st_size), None)


@pytest.fixture(scope="module")
def made(small_exporter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("micro")
    return folder, export_microcontroller(small_exporter, folder)


def test_all_files_are_written_and_a_second_run_writes_the_same(made, small_exporter, tmp_path):
    folder, micro = made
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert export_microcontroller(small_exporter, tmp_path) == micro
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_the_file_has_static_shapes_and_says_so(made):
    from tensorflow.lite.python import schema_py_generated as schema
    from tensorflow.lite.tools import flatbuffer_utils

    folder, micro = made
    content = (folder / FILES[0]).read_bytes()
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    graph = model.subgraphs[0]
    assert all(tensor.shapeSignature is None for tensor in graph.tensors)
    codes = [code.builtinCode for code in model.operatorCodes]
    reshapes = [found for found in graph.operators if codes[found.opcodeIndex] == schema.BuiltinOperator.RESHAPE]
    shapes = [bytes(model.buffers[graph.tensors[found.inputs[1]].buffer].data) for found in reshapes]
    assert [list(np.frombuffer(shape, np.int32)) for shape in shapes] == [[1, 28, 28, 1], [1, 864]]
    entry = graph.tensors[graph.inputs[0]].quantization
    assert (entry.scale[0], entry.zeroPoint[0]) == (np.float32(1 / 255), 0) == (np.float32(micro.input_scale), 0)
    about = json.loads(bytes(model.buffers[model.metadata[-1].buffer].data))
    assert "uint8 [1, 28, 28]" in about["contract"]
    assert micro.file.sha256 == hashlib.sha256(content).hexdigest()


def test_it_answers_on_the_device_what_the_dynamic_file_answers_there(made, small_exporter, tmp_path, mnist_test):
    folder, micro = made
    dynamic = small_exporter.export("tflite", "int8", tmp_path)
    images = mnist_test.images[:200]
    fixed = opened(folder / FILES[0], "tflm").answers(images)
    np.testing.assert_array_equal(fixed, opened(tmp_path / dynamic.file, "tflm").answers(images))
    assert micro.file.parity.runtime.startswith("tflm, tflite-micro 0.dev")
    assert micro.file.parity.accuracy.images == 10_000
    assert micro.file.bytes < dynamic.bytes
    with pytest.raises(ContractError, match=r"uint8 \[1, 28, 28\]"):
        opened(folder / FILES[0], "tflite")


def test_the_arena_is_the_smallest(made, mnist_test):
    folder, micro = made
    content = (folder / FILES[0]).read_bytes()
    assert micro.arena_bytes % STEP == 0
    assert not _suffices(content, micro.arena_bytes - STEP)
    image = mnist_test.images[:1]
    tight = interpreter_of(content, micro.arena_bytes)
    tight.set_input(image, 0)
    tight.invoke()
    np.testing.assert_array_equal(tight.get_output(0), opened(folder / FILES[0], "tflm").answers(image))


@pytest.mark.skipif(shutil.which("g++") is None, reason="there is no g++ here")
def test_a_compiler_makes_the_same_bytes_of_the_array(made, tmp_path):
    folder, micro = made
    (tmp_path / "main.cc").write_text(
        '#include <cstdint>\n#include <cstdio>\n#include "mine.int8.h"\n'
        f'static_assert(mine_int8_arena_bytes == {micro.arena_bytes}, "arena");\n'
        "int main() {\n"
        "  std::fwrite(mine_int8, 1, mine_int8_len, stdout);\n"
        "  return reinterpret_cast<std::uintptr_t>(mine_int8) % 16 ? 1 : 0;\n"
        "}\n",
        encoding="utf-8",
    )
    words = ["-std=c++11", "-Wall", "-Wextra", "-pedantic", "-Werror", f"-I{folder}", "main.cc", folder / "mine.int8.cc"]
    subprocess.run(["g++", *words, "-o", "mine"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "mine"], check=True, capture_output=True).stdout == (folder / FILES[0]).read_bytes()


def test_the_header_registers_every_operator_once(made):
    folder, micro = made
    text = (folder / "mine.int8.h").read_text(encoding="utf-8")
    assert text == header(micro)
    assert (folder / "mine.int8.cc").read_text(encoding="utf-8") == source(micro, (folder / FILES[0]).read_bytes())
    assert set(micro.operators) >= {"QUANTIZE", "CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED", "SOFTMAX", "DEQUANTIZE"}
    assert f"MicroMutableOpResolver<{len(micro.operators)}> resolver;" in text
    assert text.count("resolver.Add") == len(micro.operators)
    assert micro.file.sha256 in text
    assert "Scale 1/255, zero point 0" in text


@pytest.mark.parametrize(
    ("operator", "method"),
    [
        ("CONV_2D", "AddConv2D"),
        ("FULLY_CONNECTED", "AddFullyConnected"),
        ("L2_POOL_2D", "AddL2Pool2D"),
        ("RELU6", "AddRelu6"),
        ("SPACE_TO_BATCH_ND", "AddSpaceToBatchNd"),
        ("BATCH_MATMUL", "AddBatchMatMul"),
        ("PADV2", "AddPadV2"),
    ],
)
def test_operators_are_registered_as_the_library_spells_them(operator, method):
    assert resolver_call(operator) == method


@pytest.mark.parametrize(
    ("model", "array"),
    [("lenet5_v2", "lenet5_v2_int8"), ("my-net.v2", "my_net_v2_int8"), ("7th", "model_7th_int8"), ("_x", "x_int8")],
)
def test_an_array_has_a_name_that_the_language_takes(model, array):
    assert identifier(model) == array


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-dynamic"])
def test_files_that_compute_in_floats_are_refused_in_one_line(precision, small_exporter, tmp_path):
    file = small_exporter.export("tflite", precision, tmp_path)
    with pytest.raises(UsageError, match=r"tflm runs full-integer files, and .* computes in float") as caught:
        opened(tmp_path / file.file, "tflm")
    assert len(str(caught.value).splitlines()) == 1


def test_what_does_not_answer_the_same_is_not_written(small_exporter, tmp_path):
    int8 = small_exporter.export("tflite", "int8", tmp_path)
    content = fixed_batch((tmp_path / int8.file).read_bytes())
    demanding = copy.copy(small_exporter)
    demanding.reference = np.eye(10, dtype=np.float32)[small_exporter.test.labels]  # a trained model that is always right
    with pytest.raises(ParityError, match=r"wrong\.tflite is not written: accuracy falls"):
        demanding.prove_and_write(tmp_path / "wrong.tflite", content, RUNTIMES["tflm"], "tflite", "int8")
    assert [path.name for path in tmp_path.iterdir()] == [int8.file]


@pytest.mark.parametrize("row", read_tflm_results(), ids=lambda row: row.model)
def test_the_record_is_of_the_files_that_ship(row, locked):
    model = zoo.model_named(row.model)
    (shipped,) = zoo.files_of(model, "tflite", "int8")
    content = fixed_batch((zoo.FILES / shipped.file).read_bytes())
    assert (row.file.sha256, row.file.bytes) == (hashlib.sha256(content).hexdigest(), len(content)) or not locked
    assert row.file.parity.accuracy.images == 10_000
    assert model.accuracy.correct - row.file.parity.accuracy.correct <= 20
    assert row.arena_bytes > 2 * 784


def test_the_record_holds_every_network_in_the_order_of_the_zoo():
    assert [row.model for row in read_tflm_results()] == list(zoo.models())
