"""``digit-infer bench compare``, on files of which we know what changed."""

import json

import pytest

from digit_infer.benchmark.record import as_document

LENET = ("lenet5_v2", "onnx-cpu", "float32", 1, 1)
HERE = {"cpu": "Some CPU", "cores_visible": "2", "python": "CPython 3.11.7"}


@pytest.fixture
def compare(digit_infer_here, made_record, tmp_path):
    """Return what writes two records, of the given µs, and compares them."""

    def run(first_us, second_us, *words, environment=HERE, processes=7):
        paths = tmp_path / "a.json", tmp_path / "b.json"
        paths[0].write_text(json.dumps(as_document(made_record({LENET: first_us}, environment=HERE, processes=7))))
        second = made_record({LENET: second_us}, seed=1, environment=environment, processes=processes)
        paths[1].write_text(json.dumps(as_document(second)))
        return digit_infer_here("bench", "compare", *paths, *words)

    return run


def test_a_slowdown_fails_with_code_one(compare):
    run = compare(250, 300)
    assert run.code == 1
    assert run.out.count("FAIL") == 2
    assert "lenet5_v2 on onnx-cpu in float32, 1 thread, batch 1" in run.out
    assert run.err == "FAIL: 2 FAIL\n"


def test_the_same_again_and_something_faster_pass(compare):
    same = compare(250, 250)
    assert (same.code, same.err) == (0, "PASS: 2 PASS\n")
    run = compare(300, 250)
    assert run.code == 0
    assert run.out.count("faster by ") == 2


def test_limits_are_what_the_options_say(compare):
    assert compare(250, 300, "--fail-above", "50%").code == 0
    assert compare(250, 300, "--and-above", "1ms", "--metric", "p50").code == 0
    assert compare(250, 300, "--and-above", "10us", "--metric", "p50").code == 1


@pytest.mark.parametrize(
    "words", [("--fail-above", "5"), ("--and-above", "5"), ("--metric", "mean"), ("--json", "--markdown")]
)
def test_wrong_words_are_wrong_use(compare, words):
    run = compare(250, 250, *words)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith("error: ")


def test_inconclusive_is_a_line_and_a_code_where_it_is_asked_for(compare):
    run = compare(250, 300, processes=1)
    assert run.code == 0
    assert run.err == "INCONCLUSIVE: 2 INCONCLUSIVE\n"
    assert "1 process on one side" in run.out
    assert compare(250, 300, "--strict", processes=1).code == 1


def test_json_is_alone_on_stdout(compare):
    run = compare(250, 300, "--json")
    document = json.loads(run.out)
    assert (document["schema"], document["verdict"], run.code) == (1, "FAIL", 1)
    assert document["limits"] == {"share": 0.05, "absolute_us": 0.2}
    (median,) = [finding for finding in document["findings"] if finding["metric"] == "p50"]
    assert median["verdict"] == "FAIL"
    assert 1.05 < median["change"]["low"] < median["change"]["ratio"] < median["change"]["high"]


def test_markdown_is_one_table(compare):
    run = compare(250, 300, "--markdown", environment=HERE | {"python": "CPython 3.12.0"})
    lines = run.out.splitlines()
    assert lines[0].startswith("**FAIL**: ")
    table = [line for line in lines if line.startswith("|")]
    assert len(table) == 2 + 2
    assert {line.count("|") for line in table} == {9}
    assert lines[-1] == "- differs: python: CPython 3.11.7 and CPython 3.12.0"
    assert run.err == "differs: python: CPython 3.11.7 and CPython 3.12.0\nFAIL: 2 FAIL\n"


def test_another_machine_is_refused_unless_it_is_meant(compare):
    run = compare(250, 250, environment=HERE | {"cpu": "Other CPU"})
    assert (run.code, run.out) == (2, "")
    assert "cpu: Some CPU and Other CPU" in run.err
    assert compare(250, 250, "--across-machines", environment=HERE | {"cpu": "Other CPU"}).code == 0


@pytest.mark.parametrize(("field", "value"), [("images", 0), ("p50_us", 0.0), ("anchor_us", -1.0)])
def test_a_time_that_cannot_be_is_one_line(digit_infer_here, made_record, tmp_path, field, value):
    path = tmp_path / "it.json"
    document = as_document(made_record({LENET: 250}, environment=HERE))
    process = document["rows"][0]["processes"][0]
    for part in ("stream", "offline"):
        process[part]["blocks"][0][field] = value
    path.write_text(json.dumps(document))
    run = digit_infer_here("bench", "compare", path, path)
    assert (run.code, run.out) == (2, "")
    assert run.err.startswith(f"error: {path} holds an impossible time of lenet5_v2 on onnx-cpu")


def test_what_is_no_record_is_one_line(digit_infer, tmp_path):
    path = tmp_path / "it.json"
    path.write_text("[]")
    run = digit_infer("bench", "compare", path, tmp_path / "none.json")
    assert run.code == 2
    assert run.err == f"error: {path} holds no record; give what digit-infer bench --json printed\n"
