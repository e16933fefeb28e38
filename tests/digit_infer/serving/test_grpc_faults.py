"""What the client of gRPC does not send by itself: contents that are not raw, or lie, and calls that there are not."""

import numpy as np
import pytest

from .conftest import MAX_BODY

grpc = pytest.importorskip("grpc", reason="pip install 'digit-infer[clients]'")
messages = pytest.importorskip("tritonclient.grpc.service_pb2", reason="pip install 'digit-infer[clients]'")
stubs = pytest.importorskip("tritonclient.grpc.service_pb2_grpc", reason="pip install 'digit-infer[clients]'")


@pytest.fixture
def service(server):
    with grpc.insecure_channel(server.grpc) as channel:
        yield stubs.GRPCInferenceServiceStub(channel)


def tensor(**changes):
    whole = {"name": "images", "datatype": "UINT8", "shape": [1, 28, 28], **changes}
    return messages.ModelInferRequest.InferInputTensor(**whole)


def listed(values):
    return {"contents": messages.InferTensorContents(uint_contents=values)}


def request(*inputs, raw=(), model: str = "digitnet", **more):
    return messages.ModelInferRequest(model_name=model, inputs=inputs, raw_input_contents=raw, **more)


def refused(service, asked) -> tuple[str, str]:
    with pytest.raises(grpc.RpcError) as told:
        service.ModelInfer(asked)
    return told.value.code().name, told.value.details()


def test_values_that_are_not_raw_equal_those_that_are(service, predictor, images):
    own = predictor.predict_array(images[:1]).tobytes()
    plain = service.ModelInfer(request(tensor(**listed(images[0].ravel().tolist()))))
    raw = service.ModelInfer(request(tensor(), raw=[images[0].tobytes()]))
    assert plain.raw_output_contents[0] == raw.raw_output_contents[0] == own


def test_pictures_that_are_not_raw_and_a_parameter_of_their_tensor(service, examples):
    content = (examples / "seven.png").read_bytes()
    picture = {"name": "picture", "datatype": "BYTES", "contents": messages.InferTensorContents(bytes_contents=[content])}
    parameters = {"content_type": messages.InferParameter(string_param="raw")}
    for shape in ([1], [1, 1]):
        asked = request(tensor(**picture, shape=shape, parameters=parameters), model="digitnet_picture")
        assert np.frombuffer(service.ModelInfer(asked).raw_output_contents[0], np.int32).tolist() == [7]


BLANK = [0] * 784


@pytest.mark.parametrize(
    ("inputs", "raw", "told"),
    [
        ([tensor(**listed([300, *BLANK[1:]]))], [], "0 to 300"),
        ([tensor(**listed(BLANK[1:]))], [], "783 values"),
        ([tensor()], [], "0 values"),
        ([tensor()], [bytes(783)], "783 bytes"),
        ([tensor()], [bytes(785)], "785 bytes"),
        ([tensor()], [bytes(784)] * 2, "1 inputs and 2 raw"),
        ([tensor(), tensor()], [bytes(784)] * 2, "twice"),
        ([tensor(shape=[-1, 28, 28])], [bytes(784)], "shape"),
        ([tensor(shape=[])], [bytes(784)], "shape"),
        ([tensor(datatype="FP32")], [bytes(784)], "'FP32'"),
        ([tensor(name="pixels")], [bytes(784)], "'pixels'"),
        ([], [], "lacks the input images"),
        ([tensor(parameters={"shared_memory_region": messages.InferParameter(string_param="mine")})], [], "shared memory"),
    ],
)
def test_contents_that_do_not_fit_are_refused_with_the_reason(service, inputs, raw, told):
    code, details = refused(service, request(*inputs, raw=raw))
    assert code == "INVALID_ARGUMENT"
    assert told in details


def test_each_kind_of_error_has_its_code(service):
    fits = {"raw": [bytes(784)]}
    assert refused(service, request(tensor(), model="digitnut", **fits))[0] == "NOT_FOUND"
    assert refused(service, request(tensor(), model_version="7", **fits))[0] == "NOT_FOUND"
    many = request(tensor(shape=[1025, 28, 28]), raw=[bytes(1025 * 784)])
    assert refused(service, many)[0] == "RESOURCE_EXHAUSTED"
    large = request(tensor(), raw=[bytes(MAX_BODY + (1 << 20))])
    assert refused(service, large)[0] == "RESOURCE_EXHAUSTED"
    assert service.ModelInfer(request(tensor(), **fits)).model_name == "digitnet"


def test_calls_of_triton_that_there_are_not_are_unimplemented(service):
    with pytest.raises(grpc.RpcError) as told:
        service.ModelConfig(messages.ModelConfigRequest(name="digitnet"))
    assert told.value.code() is grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(grpc.RpcError) as told:
        list(service.ModelStreamInfer(iter([request(tensor(), raw=[bytes(784)])])))
    assert told.value.code() is grpc.StatusCode.UNIMPLEMENTED
