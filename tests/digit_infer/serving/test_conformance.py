"""What every server of these models must do, by the real clients: ours, and Triton (``bench peers conformance``)."""

import asyncio
import importlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

BATCHED = 1e-6
"""How far an answer may lie from that to the request alone."""


def test_a_server_that_runs_is_live_and_ready(client):
    asking = client.asking
    assert asking.is_server_live()
    assert asking.is_server_ready()
    assert asking.is_model_ready("digitnet")
    assert asking.is_model_ready("digitnet_picture", "1")


def as_dict(client, answer):
    if client.door == "http":
        return answer
    json_format = importlib.import_module("google.protobuf.json_format")
    return json_format.MessageToDict(answer, preserving_proto_field_name=True)


def test_metadata_names_what_a_model_takes_and_gives(client):
    found = as_dict(client, client.asking.get_model_metadata("digitnet"))
    assert (found["name"], found["versions"]) == ("digitnet", ["1"])
    ends = [
        (end["name"], end["datatype"], [int(size) for size in end["shape"]]) for end in found["inputs"] + found["outputs"]
    ]
    assert ends == [("images", "UINT8", [-1, 28, 28]), ("probabilities", "FP32", [-1, 10])]
    found = as_dict(client, client.asking.get_model_metadata("digitnet_picture"))
    assert [end["name"] for end in found["outputs"]] == ["digit", "is_digit", "confidence", "probabilities"]
    assert [(end["datatype"], [int(size) for size in end["shape"]]) for end in found["inputs"]] == [("BYTES", [-1, 1])]
    assert as_dict(client, client.asking.get_server_metadata())["name"]


@pytest.mark.parametrize("raw_in", [True, False], ids=["raw", "json"])
@pytest.mark.parametrize("raw_out", [True, False], ids=["to-raw", "to-json"])
@pytest.mark.parametrize("count", [1, 8])
def test_each_mix_of_json_and_raw_equals_the_predictor_to_the_bit(client, predictor, images, raw_in, raw_out, count):
    found = client.probabilities(images[:count], raw_in=raw_in, raw_out=raw_out)
    assert found.dtype == np.float32
    assert np.array_equal(found, predictor.predict_array(images[:count]))


def test_pictures_are_answered_by_the_whole_picture_path(client, predictor, examples):
    files = sorted(examples.glob("*.png"))[:4]
    pictures = np.array([[path.read_bytes()] for path in files], np.object_)
    answer = client.asking.infer("digitnet_picture", [client.tensor("picture", pictures, "BYTES")])
    own = [predictor.predict(path) for path in files]
    assert answer.as_numpy("digit").ravel().tolist() == [prediction.digit for prediction in own]
    assert answer.as_numpy("is_digit").ravel().tolist() == [prediction.is_digit for prediction in own]
    assert np.allclose(answer.as_numpy("confidence").ravel(), [one.confidence for one in own], rtol=0, atol=BATCHED)
    assert np.allclose(answer.as_numpy("probabilities"), [one.probabilities for one in own], rtol=0, atol=BATCHED)


def test_pictures_may_come_as_base64(client, examples):
    base64 = importlib.import_module("base64")
    text = base64.b64encode((examples / "seven.png").read_bytes())
    picture = client.tensor("picture", np.array([[text]], np.object_), "BYTES", raw=client.door == "grpc")
    answer = client.asking.infer("digitnet_picture", [picture], parameters={"content_type": "base64"})
    assert answer.as_numpy("digit").tolist() == [[7]]


def test_the_id_of_a_request_comes_back(client, images):
    inputs = [client.tensor("images", images, "UINT8")]
    answer = client.asking.infer("digitnet", inputs, request_id="the seventh").get_response()
    assert (answer["id"] if client.door == "http" else answer.id) == "the seventh"


def refusal(client, model: str, *tensors, version: str = "", outputs=None) -> str:
    utils = importlib.import_module("tritonclient.utils")
    with pytest.raises(utils.InferenceServerException) as refused:
        client.asking.infer(model, list(tensors), model_version=version, outputs=outputs)
    return str(refused.value)


def test_what_does_not_exist_is_refused_by_its_name(client, images):
    tensor = client.tensor("images", images, "UINT8")
    assert "digitnut" in refusal(client, "digitnut", tensor)
    assert "digitnet" in refusal(client, "digitnet", tensor, version="7")
    assert "pixels" in refusal(client, "digitnet", client.tensor("pixels", images, "UINT8"))
    assert "logits" in refusal(client, "digitnet", tensor, outputs=[client.wanted("logits")])


def test_wrong_types_and_shapes_are_refused(client, images):
    assert "UINT8" in refusal(client, "digitnet", client.tensor("images", images.astype(np.float32), "FP32"))
    for wrong in (images[:, :27], images[0], images[..., None]):
        assert "shape" in refusal(client, "digitnet", client.tensor("images", np.ascontiguousarray(wrong), "UINT8"))


def test_a_picture_that_cannot_be_read_is_refused_and_the_next_is_answered(client, examples):
    for content in (b"", b"a seven, in words", (examples / "seven.png").read_bytes()[:200]):
        picture = client.tensor("picture", np.array([[content]], np.object_), "BYTES")
        assert "picture" in refusal(client, "digitnet_picture", picture)
    picture = np.array([[(examples / "seven.png").read_bytes()]], np.object_)
    answer = client.asking.infer("digitnet_picture", [client.tensor("picture", picture, "BYTES")])
    assert answer.as_numpy("digit").tolist() == [[7]]


def counts(client) -> tuple[int, int]:
    [found] = as_dict(client, client.asking.get_inference_statistics("digitnet"))["model_stats"]
    return int(found.get("inference_count", 0)), int(found.get("execution_count", 0))


CLIENTS = 16
REQUESTS = 25


def test_sixteen_clients_get_their_own_answers_in_fewer_calls_than_requests(client, server, predictor, mnist_test):
    own = predictor.predict_array(mnist_test.images[:CLIENTS])
    images_before, calls_before = counts(client)
    address = server.rest if client.door == "http" else server.grpc
    library = importlib.import_module(f"tritonclient.{client.door}.aio")

    async def ask_all() -> list[list[np.ndarray]]:
        async def ask(number: int) -> list[np.ndarray]:
            async with library.InferenceServerClient(address) as asking:
                tensor = client.library.InferInput("images", [1, 28, 28], "UINT8")
                tensor.set_data_from_numpy(mnist_test.images[number : number + 1])
                return [(await asking.infer("digitnet", [tensor])).as_numpy("probabilities") for _ in range(REQUESTS)]

        return await asyncio.gather(*map(ask, range(CLIENTS)))

    for number, answers in enumerate(asyncio.run(ask_all())):
        for answer in answers:
            assert np.allclose(answer, own[number : number + 1], rtol=0, atol=BATCHED)
    images_after, calls_after = counts(client)
    assert images_after - images_before == CLIENTS * REQUESTS
    assert 0 < calls_after - calls_before < CLIENTS * REQUESTS


def test_threads_with_a_client_each_are_answered_alike(client, server, predictor, images):
    own = predictor.predict_array(images)

    def ask(number: int) -> np.ndarray:
        with client.library.InferenceServerClient(server.rest if client.door == "http" else server.grpc) as asking:
            mine = type(client)(client.library, asking, client.door)
            return mine.probabilities(images[number : number + 1])

    with ThreadPoolExecutor(len(images)) as pool:
        found = list(pool.map(ask, range(len(images))))
    assert np.allclose(np.concatenate(found), own, rtol=0, atol=BATCHED)


def test_the_index_lists_what_is_served(client):
    found = as_dict(client, client.asking.get_model_repository_index())
    entries = found if client.door == "http" else found["models"]
    assert {"digitnet", "digitnet_picture"} <= {entry["name"] for entry in entries if entry["state"] == "READY"}
