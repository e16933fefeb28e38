"""Frozen apps: worker processes are workers there, and not the app again. Building one by PyInstaller takes minutes."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import digit_infer
from digit_infer import Predictor
from digit_infer.errors import UsageError
from digit_infer.parallel import processes
from digit_infer.runtimes import RUNTIMES

HOOKS = Path(digit_infer.__file__).parent / "_pyinstaller"
FROZEN = ("onnx-cpu", "tflite", "tflm")
IN_THE_APP = HOOKS / "rthooks" / "pyi_rth_digit_infer.py"

APP = """
import sys
from digit_infer import Predictor
print("the app starts", flush=True)
picture, model = sys.argv[1:]
for runtime in sys.stdin.read().split():
    with Predictor("digitnet", runtime=runtime) as predictor:
        answers = predictor.predict_many([picture] * 8, batch_size=2, workers=2, processes=True)
        print(runtime, *(answer.digit for answer in answers), flush=True)
with Predictor(model) as predictor:
    print("own", predictor.predict(picture).digit)
"""


def test_pyinstaller_is_told_where_the_hooks_are():
    [found] = [entry for entry in entry_points(group="pyinstaller40") if entry.value.startswith("digit_infer.")]
    assert (found.name, found.load()()) == ("hook-dirs", [str(HOOKS)])
    assert (HOOKS / "hook-digit_infer.py").is_file()
    assert IN_THE_APP.name in (HOOKS / "rthooks.dat").read_text(encoding="ascii")


def test_a_worker_that_the_app_starts_is_a_worker(monkeypatch, tmp_path, examples):
    """The script runs before the app, as it does in a frozen one."""
    app = tmp_path / "app.py"
    app.write_text(f"{IN_THE_APP.read_text(encoding='utf-8')}\nprint('the app starts', *sys.argv[1:])", encoding="utf-8")
    monkeypatch.setattr(processes, "_COMMAND", (sys.executable, str(app), *processes._COMMAND[1:]))
    with Predictor("softmax_regression") as predictor:
        answers = list(predictor.predict_many([examples / "seven.png"] * 4, batch_size=2, workers=2, processes=True))
    assert [answer.digit for answer in answers] == [7] * 4
    for words in ([], ["-m"], ["-m", "http.server"], ["picture.png", "-m", "digit_infer.parallel.processes"]):
        done = subprocess.run([sys.executable, app, *words], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["the", "app", "starts", *words]


def test_an_app_that_another_tool_froze_starts_no_processes(monkeypatch, examples):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with Predictor("softmax_regression") as predictor, pytest.raises(UsageError, match="cannot start worker processes"):
        list(predictor.predict_many([examples / "seven.png"], processes=True))


@pytest.mark.parametrize("form", ["--onedir", "--onefile"])
def test_a_frozen_app_has_every_runtime_and_starts_once(form, tmp_path, examples):
    pytest.importorskip("PyInstaller")
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    left_out = [f"--exclude-module={name}" for name in ("keras", "tensorflow", "torch", "jax", "scipy", "matplotlib")]
    command = [sys.executable, "-m", "PyInstaller", form, "--noconfirm", "--log-level=ERROR", *left_out, "app.py"]
    subprocess.run(command, cwd=tmp_path, check=True)
    app = tmp_path / "dist" / "app"
    model = next((Path(digit_infer.__file__).parent / "zoo" / "files").glob("cnn_arch1.*.onnx"))
    runtimes = [name for name, runtime in RUNTIMES.items() if runtime.availability().reason is None and name in FROZEN]
    done = subprocess.run(
        [app / "app" if app.is_dir() else app, examples / "seven.png", model],
        input=" ".join(runtimes),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    expected = [" ".join([runtime, *["7"] * 8]) for runtime in runtimes]
    assert done.stdout.splitlines() == ["the app starts", *expected, "own 7"]
