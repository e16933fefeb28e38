"""What no client would send on purpose. Every fault is answered in the protocol's form, and the server goes on."""

import base64
import gzip
import http.client
import io
import json
import socket
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from .conftest import BODY_TIMEOUT, MAX_BODY

JSON = "application/json"


def tensor(**changes) -> dict:
    """An input that fits, but for the changes; None takes a field away."""
    whole = {"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], "data": [0] * 784, **changes}
    return {name: value for name, value in whole.items() if value is not None}


def raw(size: object, **changes) -> dict:
    return tensor(data=None, parameters={"binary_data_size": size}, **changes)


def still_answers(server, predictor, images) -> bool:
    document = {"inputs": [tensor(data=images[0].ravel().tolist())]}
    status, answer, _ = server.infer("digitnet", document)
    own = predictor.predict_array(images[:1])
    return status == 200 and np.array_equal(np.array(answer["outputs"][0]["data"], np.float32), own.ravel())


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ([tensor(data=[300] + [0] * 783)], "0 to 300"),
        ([tensor(data=[-1] + [0] * 783)], "-1 to 0"),
        ([tensor(data=[10**30] + [0] * 783)], "0 to 1000000"),
        ([tensor(data=[0.5] + [0] * 783)], "float"),
        ([tensor(data=[True] + [0] * 783)], "bool"),
        ([tensor(data=["7"] + [0] * 783)], "str"),
        ([tensor(data=[None] + [0] * 783)], "NoneType"),
        ([tensor(data=[[[[0] * 784]]])], "1 values"),
        ([tensor(data=[[0] * 28] * 27)], "756 values"),
        ([tensor(data=[[[0] * 28] * 27 + [0]])], "757 values"),
        ([tensor(data="0" * 784)], "not a list"),
        ([tensor(data=[0] * 783)], "783 values"),
        ([tensor(data=None)], "no data"),
        ([tensor(shape=[28, 28])], "shape"),
        ([tensor(shape=[-1, 28, 28])], "shape"),
        ([tensor(shape=[1.0, 28, 28])], "shape"),
        ([tensor(shape="1x28x28")], "shape"),
        ([tensor(shape=[10**18, 28, 28])], "1024 in a request"),
        ([tensor(datatype="FP32")], "'FP32'"),
        ([tensor(datatype=None)], "None"),
        ([tensor(name="pixels")], "'pixels'"),
        ([tensor(name=None)], "None"),
        ([tensor(), tensor()], "twice"),
        ([], "lacks the input images"),
        (["images"], "list of inputs"),
        (None, "list of inputs"),
        ([tensor(parameters=[])], "parameters"),
        ([tensor(parameters={"shared_memory_region": "mine"}, data=None)], "shared memory"),
        ([tensor(parameters={"binary_data_size": 784})], "both"),
    ],
)
def test_an_input_that_does_not_fit_is_refused_with_the_reason(server, inputs, told):
    status, answer, headers = server.infer("digitnet", {"inputs": inputs})
    assert status == 413 if "in a request" in told else 400
    assert list(answer) == ["error"]
    assert told in answer["error"]
    assert headers["content-type"] == JSON


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"inputs": NaN}', b"[" * 100_000, b'{"inputs": [{"name": "images"', b"7"],
)
def test_broken_json_is_refused(server, content):
    status, answer, _ = server.infer("digitnet", content)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize(
    ("document", "rest", "length"),
    [
        ({"inputs": [raw(784)]}, bytes(783), None),
        ({"inputs": [raw(784)]}, bytes(785), None),
        ({"inputs": [raw(783)]}, bytes(783), None),
        ({"inputs": [raw(-784)]}, bytes(784), None),
        ({"inputs": [raw("784")]}, bytes(784), None),
        ({"inputs": [raw(784.0)]}, bytes(784), None),
        ({"inputs": [raw(10**30)]}, bytes(784), None),
        ({"inputs": [raw(784)]}, bytes(784), "0"),
        ({"inputs": [raw(784)]}, bytes(784), "-5"),
        ({"inputs": [raw(784)]}, bytes(784), "99999"),
        ({"inputs": [raw(784)]}, bytes(784), "12x"),
        ({"inputs": [raw(784)]}, bytes(784), "9" * 5000),
        ({"inputs": [tensor()]}, bytes(8), None),
    ],
)
def test_lengths_that_lie_are_refused(server, document, rest, length):
    headers = {} if length is None else {"Inference-Header-Content-Length": length}
    status, answer, _ = server.infer("digitnet", document, rest, **headers)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize("content", [b"\x05\x00\x00\x00ab", b"\xff\xff\xff\xff", b"\x01", b"", b"\x00\x00\x00\x00" * 2])
def test_elements_whose_lengths_lie_are_refused(server, content):
    picture = {
        "name": "picture", "datatype": "BYTES", "shape": [1, 1], "parameters": {"binary_data_size": len(content)}
    }  # fmt: skip
    status, answer, _ = server.infer("digitnet_picture", {"inputs": [picture]}, content)
    assert status == 400
    assert "picture" in answer["error"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"outputs": [{"name": "logits"}]}, "'logits'"),
        ({"outputs": ["probabilities"]}, "list of outputs"),
        ({"outputs": [{"name": "probabilities", "parameters": {"binary_data": 1}}]}, "binary_data"),
        ({"outputs": [{"name": "probabilities", "parameters": {"classification": 3}}]}, "classification"),
        ({"parameters": {"binary_data_output": "yes"}}, "binary_data_output"),
        ({"parameters": "none"}, "parameters"),
        ({"id": 7}, "id"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(server, change, told):
    status, answer, _ = server.infer("digitnet", {"inputs": [tensor()], **change})
    assert status == 400
    assert told in answer["error"]


def picture_request(content: object, **parameters) -> dict:
    entry = {"name": "picture", "datatype": "BYTES", "shape": [1], "data": [content], "parameters": parameters}
    return {"inputs": [entry]}


def test_a_picture_in_json_comes_as_base64_and_may_leave_out_its_last_size(server, examples):
    text = base64.b64encode((examples / "seven.png").read_bytes()).decode()
    status, answer, _ = server.infer("digitnet_picture", picture_request(text, content_type="base64"))
    assert status == 200
    found = {output["name"]: (output["shape"], output["data"]) for output in answer["outputs"]}
    assert found["digit"] == ([1, 1], [7])
    assert found["is_digit"] == ([1, 1], [True])
    assert found["probabilities"][0] == [1, 10]
    assert "id" not in answer


@pytest.mark.parametrize(
    ("content", "parameters", "told"),
    [
        ("not base64!", {"content_type": "base64"}, "base64"),
        ("abc", {"content_type": "np"}, "'np'"),
        ("a seven", {}, "no picture"),
        ("", {}, "empty"),
        ("\ud800", {}, "not valid UTF-8"),
        (7, {}, "int"),
    ],
)
def test_pictures_that_are_none_are_refused(server, content, parameters, told):
    status, answer, _ = server.infer("digitnet_picture", picture_request(content, **parameters))
    assert status == 400
    assert told in answer["error"]


def test_one_bad_picture_of_several_is_named(server, examples):
    good = base64.b64encode((examples / "seven.png").read_bytes()).decode()
    bad = base64.b64encode(b"a seven").decode()
    entry = {"name": "picture", "datatype": "BYTES", "shape": [3], "data": [good, bad, good]}
    document = {"inputs": [entry], "parameters": {"content_type": "base64"}}
    status, answer, _ = server.infer("digitnet_picture", document)
    assert status == 400
    assert answer["error"].startswith("picture 1 of 3: ")


@pytest.mark.parametrize("side", [2_000, 20_000])
def test_a_picture_bomb_is_refused_and_the_server_goes_on(server, predictor, images, side):
    bomb = io.BytesIO()
    Image.new("1", (side, side)).save(bomb, "PNG")
    text = base64.b64encode(bomb.getvalue()).decode()
    status, answer, _ = server.infer("digitnet_picture", picture_request(text, content_type="base64"))
    assert status == 413
    assert "pixels" in answer["error"]
    assert server.request("POST", "/page/look", bomb.getvalue())[0] == 413
    assert still_answers(server, predictor, images)


def test_no_pictures_have_no_answers(server):
    status, answer, _ = server.infer("digitnet", {"inputs": [tensor(shape=[0, 28, 28], data=[])]})
    assert (status, answer["outputs"][0]["shape"], answer["outputs"][0]["data"]) == (200, [0, 10], [])
    empty = {"name": "picture", "datatype": "BYTES", "shape": [0, 1], "data": []}
    status, answer, _ = server.infer("digitnet_picture", {"inputs": [empty]})
    assert (status, [output["data"] for output in answer["outputs"]]) == (200, [[], [], [], []])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_request_is_read_and_one_that_swells_is_refused(server, encoding):
    squeeze = gzip.compress if encoding == "gzip" else zlib.compress
    headers = {"Content-Encoding": encoding}
    content = json.dumps({"inputs": [tensor()]}).encode()
    assert server.infer("digitnet", squeeze(content), **headers)[0] == 200
    assert server.infer("digitnet", squeeze(bytes(MAX_BODY + 1)), **headers)[0] == 413
    assert server.infer("digitnet", squeeze(content)[:-5], **headers)[0] == 400
    assert server.infer("digitnet", content, **headers)[0] == 400
    assert server.infer("digitnet", content, **{"Content-Encoding": "br"})[0] == 400


def test_too_large_a_body_is_refused_announced_or_not(server, predictor, images):
    status, answer, _ = server.infer("digitnet", bytes(MAX_BODY + 1))
    assert status == 413
    assert str(MAX_BODY) in answer["error"]
    connection = http.client.HTTPConnection(server.rest, timeout=30)
    parts = iter([bytes(1 << 16)] * (MAX_BODY // (1 << 16) + 2))
    connection.request(
        "POST", "/v2/models/digitnet/infer", parts, encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
    )
    assert connection.getresponse().status == 413
    connection.close()
    assert still_answers(server, predictor, images)


def opened(server) -> socket.socket:
    host, port = server.rest.split(":")
    return socket.create_connection((host, int(port)), timeout=30)


HEAD = b"POST /v2/models/digitnet/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"


def test_a_slow_body_is_told_so_and_others_are_answered_meanwhile(server, predictor, images):
    with opened(server) as slow:
        slow.sendall(HEAD + b'{"inputs"')
        assert still_answers(server, predictor, images)
        answer = slow.recv(4096)
    assert b" 408 " in answer.splitlines()[0]
    assert f"within {BODY_TIMEOUT:g} s".encode() in answer


def test_dropped_connections_leave_nothing_behind(server, predictor, images):
    before = server.request("GET", "/metrics")[1].decode()
    for part in (b"", b"POST /v2/mod", HEAD, HEAD + b'{"inputs": ['):
        for _ in range(5):
            with opened(server) as dropped:
                dropped.sendall(part)
    assert still_answers(server, predictor, images)
    name = 'digit_infer_errors_total{door="rest",kind="disconnected",model="digitnet"}'
    deadline = time.monotonic() + 10
    while sample(server.request("GET", "/metrics")[1].decode(), name) < sample(before, name) + 10:
        assert time.monotonic() < deadline, "two in each five announced a body that never came"
        time.sleep(0.05)


def sample(exposition: str, name: str) -> float:
    return next((float(line.split()[-1]) for line in exposition.splitlines() if line.startswith(name + " ")), 0.0)


@pytest.mark.parametrize("content", [b"\x00\x01\x02\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_no_http_is_answered_by_400(server, predictor, images, content):
    with opened(server) as odd:
        odd.sendall(content)
        assert odd.recv(4096).startswith(b"HTTP/1.1 400 ")
    assert still_answers(server, predictor, images)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/digitnut", 404),
        ("GET", "/v2/models/digitnet/versions/2", 404),
        ("GET", "/v2/models/digitnet/versions/2/ready", 404),
        ("POST", "/v2/models/digitnut/infer", 404),
        ("POST", "/v2/models/digitnet/versions/2/infer", 404),
        ("GET", "/v2/models/digitnut/stats", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", "/page/../../../etc/passwd", 404),
        ("GET", "/page/%2e%2e/page.py", 404),
        ("GET", "/v2/models/digitnet/infer", 405),
        ("DELETE", "/v2", 405),
    ],
)
def test_every_path_that_is_none_is_told_in_the_same_form(server, method, path, status):
    found, answer, _ = server.request(method, path)
    assert found == status
    assert list(answer) == ["error"]


def test_health_and_metadata_in_the_protocols_words(server):
    assert server.request("GET", "/v2/health/live")[:2] == (200, {"live": True})
    assert server.request("GET", "/v2/health/ready")[:2] == (200, {"ready": True})
    assert server.request("GET", "/v2/models/digitnet/versions/1/ready")[:2] == (200, {"name": "digitnet", "ready": True})
    status, answer, _ = server.request("GET", "/v2")
    assert (status, set(answer)) == (200, {"name", "version", "extensions"})
    names = [entry["name"] for entry in server.request("POST", "/v2/repository/index")[1]]
    assert names == ["digitnet", "digitnet_picture", "softmax_regression", "softmax_regression_picture"]


def test_the_version_may_stand_in_the_path(server):
    document = {"inputs": [tensor()]}
    status, answer, _ = server.request("POST", "/v2/models/digitnet/versions/1/infer", json.dumps(document).encode())
    assert (status, answer["model_version"]) == (200, "1")
