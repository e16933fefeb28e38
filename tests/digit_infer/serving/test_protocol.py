"""The protocol as functions: whatever bytes come, the answer is a request that fits or one of our errors."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_infer import serving
from digit_infer.errors import DigitInferError, UnknownModelError
from digit_infer.serving.protocol import InferRequest, WantedOutput, check_version, read_request, write_response
from digit_infer.serving.tensors import ModelSpec, TensorSpec

IMAGES = TensorSpec("images", "UINT8", (-1, 2, 3))
PICTURE = TensorSpec("picture", "BYTES", (-1, 1))
OUTPUTS = (
    TensorSpec("digit", "INT32", (-1, 1)),
    TensorSpec("is_digit", "BOOL", (-1, 1)),
    TensorSpec("sure", "FP32", (-1, 4)),
)
MODEL = ModelSpec("model", "none", (IMAGES, PICTURE), OUTPUTS, 5)

arrays = st.integers(0, 5).flatmap(lambda count: st.binary(min_size=6 * count, max_size=6 * count))
texts = st.lists(st.text(st.characters(codec="utf-8")), max_size=5)


def body(images: bytes, pictures: list[str], *, raw_images: bool, raw_pictures: bool) -> tuple[bytes, str | None]:
    entries = [
        {"name": "images", "datatype": "UINT8", "shape": [len(images) // 6, 2, 3]},
        {"name": "picture", "datatype": "BYTES", "shape": [len(pictures)]},
    ]
    raw = b""
    elements = b"".join(len(one.encode()).to_bytes(4, "little") + one.encode() for one in pictures)
    for entry, is_raw, content, values in (
        (entries[0], raw_images, images, list(images)),
        (entries[1], raw_pictures, elements, pictures),
    ):
        if is_raw:
            entry["parameters"] = {"binary_data_size": len(content)}
            raw += content
        else:
            entry["data"] = values
    document = json.dumps({"inputs": entries}).encode()
    return document + raw, str(len(document)) if raw_images or raw_pictures else None


@given(arrays, texts, st.booleans(), st.booleans())
def test_json_and_raw_in_any_mix_are_the_same_request(images, pictures, raw_images, raw_pictures):
    found = read_request(*body(images, pictures, raw_images=raw_images, raw_pictures=raw_pictures), MODEL)
    assert np.array_equal(found.inputs["images"].values, np.frombuffer(images, np.uint8).reshape(-1, 2, 3))
    assert found.inputs["picture"].values == [one.encode() for one in pictures]
    assert [wanted.name for wanted in found.wanted] == ["digit", "is_digit", "sure"]


@given(st.binary(max_size=60), st.none() | st.text(max_size=6) | st.integers(0, 70).map(str))
def test_any_bytes_are_a_request_or_one_of_our_errors(content, length):
    try:
        read_request(content, length, MODEL)
    except DigitInferError as error:
        assert str(error)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
entries = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["images", "picture"]) | values,
        "datatype": st.sampled_from(["UINT8", "BYTES"]) | values,
        "shape": st.sampled_from([[1, 2, 3], [0, 2, 3], [1], [2, 1]]) | values,
        "data": st.just([[[1, 2, 3], [4, 5, 6]]]) | values,
        "parameters": st.fixed_dictionaries({}, optional={"binary_data_size": values}) | values,
    },
)
documents = st.fixed_dictionaries(
    {}, optional={"inputs": st.lists(entries, max_size=3) | values, "outputs": values, "parameters": values, "id": values}
)


@given(documents, st.binary(max_size=12))
def test_any_json_is_a_request_or_one_of_our_errors(document, raw):
    content = json.dumps(document).encode()
    for length in (None, str(len(content))):
        try:
            read_request(content + raw, length, MODEL)
        except DigitInferError as error:
            assert str(error)


@pytest.mark.parametrize("raw", [(), ("digit",), ("sure",), ("is_digit", "sure"), ("digit", "is_digit", "sure")])
def test_a_response_holds_each_output_as_it_is_wanted(raw):
    given_outputs = {
        "digit": np.array([[7], [9]], np.int32),
        "is_digit": np.array([[True], [False]]),
        "sure": np.array([[0.1, 0.2, 0.3, 0.4]] * 2, np.float32),
    }
    wanted = tuple(WantedOutput(name, name in raw) for name in given_outputs)
    content, length = write_response(MODEL, InferRequest("an id", {}, wanted), given_outputs)
    assert (length is None) == (not raw)
    document, rest = json.loads(content[:length]), content[len(content) if length is None else length :]
    assert (document["model_name"], document["model_version"], document["id"]) == ("model", "1", "an id")
    for output in document["outputs"]:
        array = given_outputs[output["name"]]
        assert output["shape"] == list(array.shape)
        size = output.get("parameters", {}).get("binary_data_size")
        if size is None:
            found = np.array(output["data"], array.dtype)
        else:
            found, rest = np.frombuffer(rest[:size], array.dtype), rest[size:]
        assert np.array_equal(found, array.ravel())
    assert rest == b""


def test_another_version_is_refused_by_its_name():
    check_version("model", "")
    check_version("model", "1")
    with pytest.raises(UnknownModelError, match="model has no version '3'"):
        check_version("model", "3")


@pytest.mark.skipif(find_spec("grpc_tools") is None, reason="pip install 'digit-infer[clients]'")
def test_the_compiled_messages_are_those_of_the_proto_file(tmp_path):
    folder = Path(serving.__path__[0])
    made = tmp_path / "made.binpb"
    command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{folder}", f"--descriptor_set_out={made}"]
    subprocess.run([*command, str(folder / "open_inference.proto")], check=True)
    assert made.read_bytes() == (folder / "open_inference.binpb").read_bytes()
