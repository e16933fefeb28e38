"""Short runs of what ``python tests/fuzz`` does: the corpus is made, mutants are taken, and nothing foreign comes out."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def run(*words):
    return subprocess.run([sys.executable, HERE, *words], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("target", ["pictures", "onnx", "tflite", "keras-config", "records", "state"])
def test_a_few_seconds_of_mutants_find_nothing(target, tmp_path):
    if target == "tflite":
        pytest.importorskip("ai_edge_litert")
    if target == "keras-config":
        pytest.importorskip("keras")
    done = run(target, "--seconds", "3", "--seed", "3", "--keep", str(tmp_path / "kept"))
    assert done.returncode == 0, done.stdout + done.stderr[-2_000:]
    assert " 0 findings" in done.stdout


def test_a_target_that_raises_what_is_not_ours_is_a_finding(tmp_path):
    program = (
        f"import sys; sys.path.insert(0, {str(HERE)!r}); sys.argv = ['fuzz']; from pathlib import Path\n"
        "import runpy; main = runpy.run_path(sys.path[0] + '/__main__.py')\n"
        "from targets import Target; from mutations import mutated\n"
        "def take(path): raise ValueError('foreign')\n"
        f"print(main['fuzz']('x', Target(lambda: {{'a': b'abc'}}, mutated, take), 0.05, 0, Path({str(tmp_path)!r})) > 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout.endswith("True\n"), done.stderr
    assert list(tmp_path.glob("x-0-1-a"))


@pytest.mark.skipif(sys.platform != "linux", reason="it looks for children in /proc")
def test_twenty_interrupts_end_with_130_and_leave_nothing():
    done = run("interrupts", "--times", "20", "--seed", "5")
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif("DIGIT_INFER_HOSTILE" not in os.environ, reason="DIGIT_INFER_HOSTILE names no folder of hostile files")
def test_every_hostile_file_is_answered_in_a_line_in_bounds(digit_infer_measured):
    folder = Path(os.environ["DIGIT_INFER_HOSTILE"])
    seven = HERE.parents[1] / "examples" / "seven.png"
    wrong = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".md":
            continue
        is_model = path.suffix in (".onnx", ".tflite", ".keras")
        for runtime in ("tflite", "tflm") if path.suffix == ".tflite" else ("auto",):
            words = ["predict", seven, "--model", path, "--runtime", runtime] if is_model else ["predict", path]
            run = digit_infer_measured(*words)
            errors = [line for line in run.err.splitlines() if line.startswith("error: ")]
            told = run.code in (0, 1, 2) and len(errors) == (0 if run.answered else 1) and "Traceback" not in run.err
            heavy = path.suffix != ".keras"  # TensorFlow alone takes more
            if not told or (heavy and (run.seconds > 5 or run.megabytes > 500)):
                wrong.append((path.name, runtime, run))
    assert not wrong


@pytest.mark.skipif("DIGIT_INFER_HOSTILE" not in os.environ, reason="DIGIT_INFER_HOSTILE names no folder of hostile files")
def test_a_folder_of_hostile_files_beside_ten_good_pictures_answers_the_ten(digit_infer, tmp_path):
    seven = HERE.parents[1] / "examples" / "seven.png"
    for number in range(10):
        (tmp_path / f"good{number}.png").symlink_to(seven)
    for path in Path(os.environ["DIGIT_INFER_HOSTILE"]).iterdir():
        (tmp_path / f"{path.name}.png").symlink_to(path)
    run = digit_infer("predict", tmp_path)
    assert run.code == 1
    assert sum(line.startswith("7 ") and "/good" in line for line in run.out.splitlines()) == 10
