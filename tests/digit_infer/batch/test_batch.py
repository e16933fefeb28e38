"""``digit-infer batch`` through the real command and the real engine."""

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

pytest.importorskip("daft", reason="pip install 'digit-infer[batch]'")
pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from digit_infer import Predictor, Unanswered
from digit_infer.batch.answerer import PREDICTED, READ, Answerer, _column
from digit_infer.batch.parts import Parts
from digit_infer.errors import UsageError

IN_SHORT_PARTS = """
from digit_infer.batch import parts
parts._SHORTEST_S = parts._LONGEST_S = 0.02
from digit_infer.cli import run
run()
"""
"""The command, with parts as short as a test needs."""


NO_CLUSTER = "there is no Ray cluster at 127.0.0.1:1" if find_spec("ray") else "Ray is not installed; pip install"


def rows_of(folder):
    return {row["path"]: row for row in pq.read_table(folder).to_pylist()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory, mnist_test, bad_pictures, examples):
    """Digits and numbers, pictures that cannot be read, a pipe and a text."""
    folder = tmp_path_factory.mktemp("batch") / "pictures"
    (folder / "further down").mkdir(parents=True)
    for number, image in enumerate(mnist_test.images[:8]):
        Image.fromarray(image).save(folder / f"{number}%20#?.png")
    shutil.copy(examples / "seven.png", folder / "further down" / "zwölf.PNG")
    for name, path in bad_pictures.items():
        shutil.copy(path, folder / f"bad {name}.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "notes.txt").write_text("no picture", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def answers(pictures, tmp_path_factory, digit_infer):
    out = tmp_path_factory.mktemp("answers") / "answers.parquet"
    run = digit_infer("batch", pictures, "--out", out, "--workers", 2)
    assert run.code == 0, run.err
    assert "answered 15 pictures" in run.out
    assert "5 of them with an error" in run.out
    assert "notes.txt" in run.err
    return rows_of(out)


def test_a_folder_is_answered_as_predict_many_answers_it(pictures, answers):
    paths = [path for path in sorted(pictures.rglob("*")) if path.suffix.lower() == ".png"]
    assert set(answers) == set(map(str, paths))
    with Predictor() as predictor:
        for path, expected in zip(paths, predictor.predict_many(paths), strict=True):
            row = answers[str(path)]
            if isinstance(expected, Unanswered):
                assert row["error"] == str(expected.error)
                assert {row[name] for name in PREDICTED.names if name != "error"} == {None}
            else:
                assert (row["digit"], row["is_digit"], row["look"]) == (expected.digit, expected.is_digit, expected.look)
                assert row["reason"] == expected.reason
                assert row["confidence"] == pytest.approx(expected.confidence)
                assert row["error"] is None


def test_packed_pictures_are_answered_as_their_files(pictures, answers, tmp_path, digit_infer):
    packed = tmp_path / "pictures.parquet"
    (pictures / "pipe.png").unlink()  # packing would wait for a writer, were it opened
    run = digit_infer("batch", pictures, "--pack", packed)
    os.mkfifo(pictures / "pipe.png")
    assert run.code == 0, run.err
    contents = rows_of(packed)
    assert contents[str(pictures / "bad text.png")]["bytes"] == b"a seven, in words"
    assert digit_infer("batch", packed, "--out", tmp_path / "answers").code == 0
    found = rows_of(tmp_path / "answers")
    assert set(found) == set(answers) - {str(pictures / "pipe.png")}
    for path, row in found.items():
        assert {name: row[name] for name in row if name != "error"} == {
            name: answers[path][name] for name in row if name != "error"
        }
        assert (row["error"] is None) == (answers[path]["error"] is None)


def test_a_url_is_read_by_the_engine_and_numbers_are_read(pictures, tmp_path, digit_infer):
    run = digit_infer("batch", f"file://{pictures}/further down/*.PNG", "--read", "--out", tmp_path / "read")
    assert run.code == 0, run.err
    [row] = rows_of(tmp_path / "read").values()
    assert row["text"] == "7"
    assert row["error"] is None
    assert row["digits"][0]["digit"] == 7
    assert row["digits"][0]["left"] < row["digits"][0]["right"]


def test_a_job_that_is_killed_twice_goes_on_without_gaps_and_duplicates(mnist_test, tmp_path, digit_infer):
    folder, out = tmp_path / "pictures", tmp_path / "answers.parquet"
    folder.mkdir()
    for number, image in enumerate(mnist_test.images[:4000]):
        Image.fromarray(image).save(folder / f"{number}.png")
    command = [sys.executable, "-c", IN_SHORT_PARTS, "batch", folder, "--out", out, "--resume"]
    parts = 0
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(list(out.glob("part-*.parquet"))) <= parts:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        parts = len(list(out.glob("part-*.parquet")))
    done = sum(pq.read_metadata(path).num_rows for path in out.glob("part-*.parquet"))
    assert 0 < done < 4000
    run = digit_infer("batch", folder, "--out", out, "--resume")
    assert run.code == 0, run.err
    assert f"answered {4000 - done:,} pictures" in run.out
    paths = pq.read_table(out)["path"].to_pylist()
    assert sorted(paths) == sorted(map(str, folder.iterdir()))
    assert [path for path in out.iterdir() if path.name.startswith(".")] == []
    again = digit_infer("batch", folder, "--out", out, "--resume", "--model", "lenet5_v2")
    assert again.code == 2
    assert "model digitnet" in again.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["nowhere", "--out", "o"], 2, "nowhere does not exist"),
        (["full"], 2, "give one of --out and --pack"),
        (["full", "--out", "full"], 2, "full is not empty; go on with --resume"),
        (["full", "--out", "full/text.txt"], 2, "is no folder"),
        (["full", "--out", "o"], 2, "full holds no picture"),
        (["full/none.parquet", "--out", "o"], 2, "holds no Parquet that can be read"),
        (["other.parquet", "--out", "o"], 2, "has no column bytes of type Binary"),
        (["file:///nowhere/*.png", "--out", "o"], 2, "matches nothing"),
        (["full", "--out", "o", "--ray", "127.0.0.1:1"], 1, NO_CLUSTER),
    ],
)
def test_wrong_use_is_told_in_a_line(words, code, told, tmp_path, digit_infer, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "text.txt").touch()
    pq.write_table(pa.table({"path": ["a.png"], "content": [b""]}), tmp_path / "other.parquet")
    run = digit_infer("batch", *words)
    errors = [line for line in run.err.splitlines() if not line.startswith("left out")]
    assert run.code == code, run.err
    assert told in errors[0]
    assert len(errors) == 1
    assert not (tmp_path / "o").exists()


def test_without_the_extra_the_command_says_how_to_install_it():
    program = "import sys; sys.modules['daft'] = None; from digit_infer.cli import main; main(['batch', 'x', '--out', 'y'])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert run.stderr == ('error: batch needs Daft, which is not installed here; pip install "digit_infer[batch]"\n')


def test_the_engine_tells_nobody_of_its_runs():
    program = "from digit_infer.batch import engine; from daft.scarf_telemetry import opted_out; print(opted_out())"
    environment = {name: value for name, value in os.environ.items() if name not in ("DO_NOT_TRACK", "SCARF_NO_ANALYTICS")}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=environment)
    assert run.stdout == "True\n"


def test_an_answerer_is_picklable_and_light_until_it_answers(examples):
    answerer = pickle.loads(pickle.dumps(Answerer.of(Predictor("softmax_regression"))))  # noqa: S301  # our own
    assert "_predictor" not in vars(answerer)
    found = answerer(pa.array([str(examples / "seven.png"), None, "nowhere.png"])).to_pylist()
    assert [row["digit"] for row in found] == [7, None, None]
    assert [row["error"] is None for row in found] == [True, False, False]
    assert "nowhere.png does not exist" in found[2]["error"]


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "text": st.text(),
                "confidence": st.floats(0, 1, width=32) | st.none(),
                "turned": st.sampled_from([0, 90]),
                "digits": st.lists(st.fixed_dictionaries({"digit": st.integers(0, 9), "left": st.integers(0, 99)})),
            },
        )
    )
)
def test_columns_are_what_pyarrow_makes_of_the_rows(rows):
    kind = pa.struct(READ)
    made = _column(rows, kind)
    made.validate(full=True)
    assert made.equals(pa.array(rows, kind))


class TestParts:
    SCHEMA = pa.schema([("path", pa.string())])

    def rows(self, count):
        return pa.table({"path": pa.array([f"{number}.png" for number in range(count)])})

    def test_rows_before_an_error_are_kept_and_counted_on(self, tmp_path):
        with pytest.raises(RuntimeError), Parts(tmp_path / "o", self.SCHEMA, {}, resume=False) as parts:
            parts.add(self.rows(3))
            assert list((tmp_path / "o").glob("part-*")) == []
            raise RuntimeError
        with Parts(tmp_path / "o", self.SCHEMA, {}, resume=True) as parts:
            parts.add(self.rows(2))
        assert [pq.read_metadata(path).num_rows for path in sorted((tmp_path / "o").iterdir())] == [3, 2]

    def test_a_folder_has_one_writer_and_one_kind_of_rows(self, tmp_path):
        with Parts(tmp_path, self.SCHEMA, {"model": "a"}, resume=False) as parts:
            parts.add(self.rows(1))
            with pytest.raises(UsageError, match="another process writes to"):
                Parts(tmp_path, self.SCHEMA, {"model": "a"}, resume=True)
        with pytest.raises(UsageError, match="model a; now model b"):
            Parts(tmp_path, self.SCHEMA, {"model": "b"}, resume=True)
        pq.write_table(self.rows(1), tmp_path / "part-000007.parquet")
        with pytest.raises(UsageError, match="by others"):
            Parts(tmp_path, self.SCHEMA, {"model": "a"}, resume=True)
