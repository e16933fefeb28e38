"""``digit-infer serve`` answers wrong use in one line, and nothing of it is imported elsewhere."""

import re
import socket
import subprocess
import sys

import pytest

SERVING = {"starlette", "uvicorn", "httptools", "prometheus_client", "zttp", "google.protobuf", "digit_infer.serving"}


def imported_by(code: str) -> set[str]:
    program = f"{code}\nimport sys\nprint(' '.join(sys.modules))"
    return set(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split())


def test_nothing_of_serving_is_imported_unless_it_runs(examples):
    answered = f"from digit_infer import Predictor; Predictor().predict({str(examples / 'seven.png')!r})"
    assert imported_by(f"import digit_infer.cli.serve; {answered}").isdisjoint(SERVING)


@pytest.mark.parametrize(("words", "lacking", "extra"), [
    ((), "starlette", "serve"), (("--grpc-port", "0"), "zttp", "grpc")
])  # fmt: skip
def test_an_extra_that_lacks_is_named_in_one_line(words, lacking, extra):
    if extra == "grpc":
        pytest.importorskip("starlette", reason="pip install 'digit-infer[serve]'")
    hidden = f"import sys; sys.modules[{lacking!r}] = None"  # as a package that is not installed: import and find_spec fail
    program = f"{hidden}; from digit_infer.cli import main; main(['serve', '--port', '0', *{words!r}])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(rf"error: serve needs .*{lacking}.* pip install 'digit-infer\[{extra}\]'\n", done.stderr)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--model", "digitnut"), 2, "there is no model 'digitnut'"),
        (("--model", "nosuch.onnx"), 2, "nosuch.onnx does not exist"),
        (("--model", "digitnet", "--model", "digitnet"), 2, "two models would be served as digitnet"),
        (("--port", "65536"), 2, "65536 is not in the range"),
        (("--workers", "0"), 2, "0 is not in the range"),
        (("--host", "192.0.2.1"), 1, "192.0.2.1:0 cannot be bound"),
    ],
)
def test_wrong_use_is_told_in_a_line(digit_infer, words, code, told):
    pytest.importorskip("starlette", reason="pip install 'digit-infer[serve]'")
    run = digit_infer("serve", "--port", 0, *words)
    assert run.code == code
    assert run.err.startswith("error: ")
    assert told in run.err
    assert len(run.err.splitlines()) == 1
    assert run.out == ""


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("option", ["--port", "--grpc-port"])
def test_a_port_that_is_taken_is_told_in_a_line(digit_infer, option, workers):
    pytest.importorskip("zttp", reason="pip install 'digit-infer[grpc]'")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = digit_infer("serve", "--port", 0, option, port, "--workers", workers)
    assert run.code == 1
    assert f"127.0.0.1:{port} cannot be bound" in run.err
    assert len([line for line in run.err.splitlines() if line.startswith("error: ")]) == 1


def test_a_worker_that_cannot_start_ends_all(digit_infer, tmp_path):
    pytest.importorskip("starlette", reason="pip install 'digit-infer[serve]'")
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"\x08\x07\x12" + bytes(100))
    run = digit_infer("serve", "--port", 0, "--model", damaged, "--workers", 2)
    assert run.code == 1
    assert str(damaged) in run.err
    assert "Traceback" not in run.err
