"""What can be said of the GPU runtimes wherever there is no GPU."""

import pytest

from digit_infer import zoo
from digit_infer.benchmark.environment import environment
from digit_infer.runtimes.model_file import ModelFile
from digit_infer.runtimes.onnx_gpu import (
    NvidiaDriver,
    ask_driver,
    cuda_options,
    engine_folder,
    tensorrt_options,
    why_driver_does_not_do,
    why_no_tensorrt,
)


def test_the_driver_names_its_devices_or_says_why_there_are_none():
    driver = ask_driver()
    if driver.devices:
        assert driver.reason is None
        assert all(driver.devices)
        assert driver.cuda >= (11, 0)
        assert environment()["gpu"] == ", ".join(driver.devices)
    else:
        assert driver.reason.startswith("no CUDA device: the NVIDIA driver ")
        assert "gpu" not in environment()


@pytest.mark.parametrize(("supported", "built_for"), [((13, 0), "13.0"), ((13, 0), "13.4"), ((14, 0), "13.0")])
def test_a_driver_runs_its_own_major_version_of_cuda_and_those_before(supported, built_for):
    assert why_driver_does_not_do(NvidiaDriver(("a device",), supported), built_for) is None


def test_a_driver_runs_no_later_cuda():
    reason = why_driver_does_not_do(NvidiaDriver(("a device",), (12, 8)), "13.0")
    assert reason == "the NVIDIA driver supports CUDA 12.8, and onnxruntime-gpu was built for 13.0: update it"


def test_without_a_device_that_is_the_reason():
    assert why_driver_does_not_do(NvidiaDriver(reason="no CUDA device: x"), "13.0") == "no CUDA device: x"


@pytest.mark.parametrize("captures", [False, True])
def test_float32_stays_float32_on_cuda(captures):
    options = cuda_options(captures=captures)
    assert options["use_tf32"] == "0"
    assert options.get("enable_cuda_graph") == ("1" if captures else None)


@pytest.mark.parametrize(("precision", "half"), [("float32", "0"), ("float16", "1"), ("int8", "0"), (None, "0")])
def test_tensorrt_computes_in_half_precision_for_a_float16_file_alone(precision, half, tmp_path):
    known = zoo.zoo_file(zoo.model_named("softmax_regression"), zoo.model_named("softmax_regression").files[0])
    file = ModelFile(known.model, known.path, "onnx", precision, known.bytes)
    options = tensorrt_options(file, tmp_path)
    assert options["trt_fp16_enable"] == half
    assert options["trt_engine_cache_path"] == str(tmp_path)
    assert options["trt_profile_min_shapes"] == "images:1x28x28"
    assert options["trt_profile_max_shapes"] == "images:1024x28x28"


def test_engines_lie_in_the_users_cache_by_the_content_of_the_file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    path = tmp_path / "mine.onnx"
    folders = set()
    for content in (b"old weights", b"new weights", b"old weights"):
        path.write_bytes(content)
        folders.add(engine_folder(ModelFile("mine", path, "onnx", None, len(content))))
    assert len(folders) == 2
    assert {folder.parent for folder in folders} == {tmp_path / "cache" / "digit_infer" / "tensorrt"}


def test_tensorrt_loads_or_says_what_is_missing():
    reason = why_no_tensorrt()
    assert reason is None or (reason.startswith("TensorRT does not load (") and "nvinfer" in reason)
