"""How a server starts, counts, stops, and what it leaves behind."""

import json
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from digit_infer import zoo

from .conftest import serving
from .test_faults import HEAD, sample, tensor

pytest.importorskip("starlette", reason="pip install 'digit-infer[serve]'")

WHOLE = json.dumps({"inputs": [tensor()]}).encode()


def test_metrics_count_requests_errors_batches_and_time(server):
    def count(name: str) -> float:
        return sample(server.request("GET", "/metrics")[1].decode(), name)

    answered = 'digit_infer_requests_total{door="rest",model="softmax_regression"}'
    refused = 'digit_infer_errors_total{door="rest",kind="invalid",model="softmax_regression"}'
    unknown = 'digit_infer_errors_total{door="rest",kind="unknown_model",model=""}'
    calls = 'digit_infer_batch_pictures_count{model="softmax_regression"}'
    pictures = 'digit_infer_batch_pictures_sum{model="softmax_regression"}'
    timed = 'digit_infer_request_seconds_count{door="rest",model="softmax_regression"}'
    queued = 'digit_infer_queue_seconds_count{model="softmax_regression"}'
    names = (answered, refused, unknown, calls, pictures, timed, queued)
    before = [count(name) for name in names]
    two = {"inputs": [tensor(shape=[2, 28, 28], data=[0] * 1568)]}
    assert server.infer("softmax_regression", two)[0] == 200
    assert server.infer("softmax_regression", b"{")[0] == 400
    assert server.infer("an%20own%20name", b"{")[0] == 404
    assert [count(name) - was for name, was in zip(names, before, strict=True)] == [2, 1, 1, 1, 2, 1, 1]
    assert count('digit_infer_waiting_requests{model="softmax_regression"}') == 0
    [told] = server.request("GET", "/v2/models/softmax_regression/stats")[1]["model_stats"]
    assert told["inference_count"] == count(pictures)
    assert told["execution_count"] == count(calls)
    assert told["inference_stats"]["success"]["count"] == count(timed)
    assert told["inference_stats"]["success"]["ns"] > told["inference_stats"]["compute_infer"]["ns"] > 0
    assert abs(told["last_inference"] / 1000 - time.time()) < 60


def test_the_access_log_is_json_a_line(server):
    server.request("GET", "/v2/health/live?who=me")
    deadline = time.monotonic() + 10
    while not (found := [event for event in server.events() if event.get("path") == "/v2/health/live"]):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    event = found[-1]
    assert (event["event"], event["door"], event["method"], event["status"]) == ("request", "rest", "GET", 200)
    assert event["ms"] > 0
    assert event["client"] == "127.0.0.1"
    assert event["pid"] == server.process.pid


def refuses(address: str) -> bool:
    host, port = address.split(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


def test_sigterm_makes_it_unready_answers_what_is_in_flight_and_then_ends():
    with serving("--drain", 2, "--body-timeout", 10) as server:
        host, port = server.rest.split(":")
        with socket.create_connection((host, int(port)), timeout=30) as in_flight:
            head = HEAD.replace(b"5000", str(len(WHOLE)).encode())
            in_flight.sendall(head + WHOLE[:100])
            assert server.request("GET", "/v2/health/ready")[0] == 200
            server.process.send_signal(signal.SIGTERM)
            deadline = time.monotonic() + 10
            while server.request("GET", "/v2/health/ready")[0] == 200:
                assert time.monotonic() < deadline
            assert server.request("GET", "/v2/health/ready")[:2] == (503, {"ready": False})
            assert server.infer("digitnet", WHOLE)[0] == 200, "what still comes while others are told is answered"
            while not refuses(server.rest):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            in_flight.sendall(WHOLE[100:])
            assert in_flight.recv(1 << 16).startswith(b"HTTP/1.1 200 ")
        assert server.process.wait(10) == 0
    assert [event["event"] for event in server.events() if event["event"] != "request"] == ["stopping", "stopped"]


def begun(server) -> float:
    names = ('waiting_requests{model="digitnet"}', 'requests_total{door="grpc",model="digitnet"}')
    told = server.request("GET", "/metrics")[1].decode()
    return sum(sample(told, f"digit_infer_{name}") for name in names)


def test_sigterm_over_grpc_answers_what_is_in_flight():
    library = pytest.importorskip("tritonclient.grpc", reason="pip install 'digit-infer[clients]'")
    with serving("--grpc-port", 0) as server, ThreadPoolExecutor(8) as pool:
        asking = library.InferenceServerClient(server.grpc)
        many = library.InferInput("images", [1024, 28, 28], "UINT8")
        many.set_data_from_numpy(np.zeros((1024, 28, 28), np.uint8))
        asking.infer("digitnet", [many])
        answers = [pool.submit(asking.infer, "digitnet", [many]) for _ in range(8)]
        while begun(server) < 9:
            time.sleep(0.01)
        server.process.send_signal(signal.SIGTERM)
        for answer in answers:
            assert answer.result().as_numpy("probabilities").shape == (1024, 10)
        assert server.process.wait(20) == 0
        asking.close()


def test_more_than_may_wait_are_told_to_come_again():
    with serving("--max-waiting", 2, "--body-timeout", 20) as server:
        host, port = server.rest.split(":")
        waiting = [socket.create_connection((host, int(port)), timeout=30) for _ in range(2)]
        for one in waiting:
            one.sendall(HEAD)
        deadline = time.monotonic() + 10
        while (found := server.infer("digitnet", WHOLE))[0] == 200:  # until both have arrived
            assert time.monotonic() < deadline
        assert found[0] == 503
        assert "try again" in found[1]["error"]
        for one in waiting:
            one.close()
        while server.infer("digitnet", WHOLE)[0] == 503:
            assert time.monotonic() < deadline


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").split()[2] != "Z"
    except FileNotFoundError:
        return False


def ended(pids: list[int]) -> bool:
    deadline = time.monotonic() + 30
    while any(map(alive, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


on_linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc for processes")


@on_linux
def test_workers_count_together_a_lost_one_is_replaced_and_none_is_left():
    with serving("--workers", 2) as server:
        first = children(server.process.pid)
        assert len(first) == 2
        with ThreadPoolExecutor(8) as pool:
            codes = list(pool.map(lambda _: server.infer("digitnet", WHOLE)[0], range(40)))
        assert codes == [200] * 40
        name = 'digit_infer_requests_total{door="rest",model="digitnet"}'
        told = {sample(server.request("GET", "/metrics")[1].decode(), name) for _ in range(6)}
        assert told == {40}, "whichever worker is asked"
        os.kill(first[0], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while not [event for event in server.events() if event["event"] == "worker_lost"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while len(children(server.process.pid)) < 2:
            assert time.monotonic() < deadline
        second = children(server.process.pid)
        assert server.infer("digitnet", WHOLE)[0] == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    assert ended([*first, *second])


@on_linux
def test_workers_end_when_their_supervisor_is_killed():
    with serving("--workers", 2, "--grpc-port", 0) as server:
        workers = children(server.process.pid)
        server.process.kill()
        assert ended(workers)


def test_workers_share_the_port_of_grpc(predictor, images):
    library = pytest.importorskip("tritonclient.grpc", reason="pip install 'digit-infer[clients]'")
    own = predictor.predict_array(images)
    with serving("--workers", 2, "--grpc-port", 0) as server:
        for _ in range(6):
            with library.InferenceServerClient(server.grpc) as asking:
                tensor_of = library.InferInput("images", list(images.shape), "UINT8").set_data_from_numpy(images)
                assert np.array_equal(asking.infer("digitnet", [tensor_of]).as_numpy("probabilities"), own)


def test_a_model_of_ones_own_is_served_by_the_name_of_its_file(tmp_path, images):
    [file] = [
        zoo.zoo_file(zoo.model_named("lenet"), file) for file in zoo.model_named("lenet").files if file.format == "onnx"
    ]
    path = tmp_path / "mine.onnx"
    path.write_bytes(file.path.read_bytes())
    with serving("--model", path, "--model", "cnn_arch3") as server:
        names = [entry["name"] for entry in server.request("POST", "/v2/repository/index")[1]]
        assert names == ["mine", "mine_picture", "cnn_arch3", "cnn_arch3_picture"]
        assert server.infer("mine", {"inputs": [tensor(data=images[0].ravel().tolist())]})[0] == 200


def test_settings_come_from_the_environment_too():
    settings = {"DIGIT_INFER_MODEL": "cnn_arch3 softmax_regression", "DIGIT_INFER_ACCESS_LOG": "false"}
    with serving(DIGIT_INFER_MAX_PICTURES="3", DIGIT_INFER_RUNTIME="onnx-cpu", **settings) as server:
        assert server.request("GET", "/v2/models/cnn_arch3")[1]["platform"] == "digit_infer_onnx-cpu"
        status, answer, _ = server.infer("softmax_regression", {"inputs": [tensor(shape=[4, 28, 28], data=[0] * 3136)]})
        assert (status, "3 in a request" in answer["error"]) == (413, True)
        assert server.request("GET", "/v2/models/digitnet")[0] == 404
        server.process.send_signal(signal.SIGINT)
        server.process.wait(20)
    assert [event["event"] for event in server.events()] == ["stopping", "stopped"]
