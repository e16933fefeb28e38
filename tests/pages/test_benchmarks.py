"""The page of benchmarks is what the records say: every number comes from a file, and every verdict is computed."""

import json
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.paired import Pairs
from bench.peers.beside import Beside
from bench.peers.loadgen.record import Agreement, Arrivals, Percentiles, Round
from bench.peers.loadgen.record import Throughput as Offline
from bench.peers.stored import read_results
from bench.peers.throughput import Run, Throughput
from digit_infer import zoo
from digit_infer.errors import RecordError
from pages.benchmarks import RESULTS, SECTIONS, benchmarks_page
from pages.pictures.benchmarks import draw_benchmarks

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "benchmarks.md"
KINDS = {"peers.json": Beside, "loadgen.json": Agreement, "benchmark_app.json": Throughput}


def record(folder: Path, name: str, results: dict, **more: object) -> None:
    document = {"schema": 1, "environment": {"cpu": "a CPU", "commit": 40 * "c"}, **more, "results": results}
    (folder / name).write_text(json.dumps(document), encoding="utf-8")


def pairs(first: float, second: float) -> dict:
    difference, ratio = second - first, second / first
    return asdict(Pairs(100, difference, difference, difference, ratio, ratio, ratio, first, second))


def agreement(model: str, ours: float, loadgen: float) -> Agreement:
    floor, mine = Percentiles(1_000, 1.0, 1.0, 1.0), Percentiles(1_000, ours, ours, ours)
    theirs = Percentiles(1_000, loadgen + 1, loadgen + 1, loadgen + 1)
    only = Round(mine, theirs, floor, mine, mine)
    return Agreement(
        model, "onnx-cpu", "float32", "0", 1_000, (only,), Offline(256, (9.0,), (9.0,)), Arrivals(9.0, 9.0, mine, mine)
    )


def beside(name: str, rounds_us: tuple[float, ...]) -> Beside:
    return Beside("m", name, "m.onnx", None, 100, rounds_us[0], None, None, 1.0, (rounds_us,))


def test_without_records_there_is_no_number_but_a_command_for_each(tmp_path):
    page = benchmarks_page(tmp_path)
    for section in SECTIONS:
        assert f"Nothing is recorded yet in `bench/results/{section.record}`: `{section.command}`." in page
    assert re.findall(r"\d+(?:\.\d+)?", page) == ["95"], "only the intervals' level"


def test_every_picture_of_the_page_is_drawn_the_same_to_the_byte(tmp_path):
    for name in ("one", "two"):
        draw_benchmarks(RESULTS, tmp_path / name)
    linked = re.findall(r"\]\(benchmarks/([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    drawn = sorted(path.name for path in (tmp_path / "one").glob("*.png"))
    assert sorted(linked) == drawn
    for name in drawn:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        assert (DOCS / "benchmarks" / name).exists()


@pytest.mark.parametrize(("name", "kind"), KINDS.items())
def test_records_are_of_the_files_that_ship(name, kind):
    known = {file.sha256 for model in zoo.models().values() for file in model.files}
    known |= {model.checkpoint.sha256 for model in zoo.models().values()}
    assert {entry.sha256 for entry in read_results(RESULTS / name, kind).values()} <= known


def test_what_ours_adds_is_held_against_the_bars(tmp_path):
    one, many = {"a, onnx-cpu, batch 1": pairs(10, 14.9)}, {"a, onnx-cpu, batch 1024": pairs(1_000, 1_009)}
    record(tmp_path, "predict_array.json", one | many)
    page = benchmarks_page(tmp_path)
    assert "At most 5 µs at one picture: met by all 1. At most 1 % at batch 1,024: met by all 1." in page
    one, many = {"a, onnx-cpu, batch 1": pairs(10, 15.1)}, {"a, onnx-cpu, batch 1024": pairs(1_000, 1_011)}
    record(tmp_path, "predict_array.json", one | many)
    page = benchmarks_page(tmp_path)
    assert "not by a on onnx-cpu (+5.1 µs)" in page
    assert "not by a on onnx-cpu (+1.1 %)" in page


def test_agreement_with_loadgen_is_computed_and_small_networks_are_explained(tmp_path):
    found = [agreement("large", 200, 209), agreement("small", 10, 13)]
    record(tmp_path, "loadgen.json", {entry.model: asdict(entry) for entry in found})
    page = benchmarks_page(tmp_path)
    draw_benchmarks(tmp_path, tmp_path)
    assert (tmp_path / "loadgen.png").exists()
    assert "Within 5 % for every network above 100 µs, at p50 and at p90: met by all 2." in page
    assert "For the 1 other files, LoadGen's median without its floor differs by +30.0 % from ours" in page
    assert "take 4 µs around a call that has filled the caches, and 1 µs around nothing" in page
    record(tmp_path, "loadgen.json", {"large": asdict(agreement("large", 200, 211))})
    page = benchmarks_page(tmp_path)
    assert "met by 0 of 2, not by large on onnx-cpu, p50 (+5.5 %), large on onnx-cpu, p90 (+5.5 %)." in page
    assert "For the" not in page


def test_agreement_in_throughput_is_computed(tmp_path):
    def entry(ours: float) -> dict:
        return asdict(Throughput("m", "benchmark_app", 32, "0", 8, (Run(1_000, 1.0, 0.25),), (ours,), 251.0, 0.0))

    record(tmp_path, "benchmark_app.json", {"m": entry(1_049)})
    assert "| m | 1,049 / 1,000, +4.9 % | 251 / 250 |" in benchmarks_page(tmp_path)
    record(tmp_path, "benchmark_app.json", {"m": entry(940)})
    assert "met by 0 of 1, not by m by benchmark_app at batch 32 (-6.0 %, -2042.55 µs a call)." in benchmarks_page(tmp_path)


def test_peers_stand_beside_ours_of_the_same_file(tmp_path):
    names = {"onnxruntime_run": (10.0, 10.0), "digit_infer onnx-cpu": (11.0, 13.0), "digit_infer tflite": (4.0, 4.0)}
    found = {name: asdict(beside(name, rounds)) for name, rounds in names.items()}
    record(tmp_path, "peers.json", found, versions={"onnxruntime": {"onnxruntime": "1.2.3"}})
    page = benchmarks_page(tmp_path)
    draw_benchmarks(tmp_path, tmp_path)
    assert (tmp_path / "peers.png").exists()
    assert "| m | 11 | 4 | 10 |" in page
    assert "| `InferenceSession.run` | `digit_infer onnx-cpu` | +2 | +2 | +2 | 1.2 | 1.2 | 1.2 |" in page
    assert "| onnxruntime | onnxruntime 1.2.3 |" in page


def test_planted_slowdowns_are_counted(tmp_path):
    entry = {"trials": 20, "slowed": {"FAIL": 19, "INCONCLUSIVE": 1}, "same": {"PASS": 18, "FAIL": 2}}
    record(tmp_path, "planted.json", {"m, p50": entry}, factor=1.1, rounds=7, seconds=1.4)
    page = benchmarks_page(tmp_path)
    assert "made slower by 10 %" in page
    assert "The slowdown is found in at least 95 % of the trials: met by all 1." in page
    assert "An unchanged runtime is called FAIL in at most 5 %: met by 0 of 1, not by m, p50 (10 %)." in page


def test_a_cold_start_is_held_against_its_bar(tmp_path):
    record(tmp_path, "cold_start.json", {"digit-infer predict": pairs(100_000, 121_000)})
    page = benchmarks_page(tmp_path)
    assert "| digit-infer predict | 100 | 100.0 | 121.0 | × 1.210 (1.210 to 1.210) |" in page
    assert "At most 1.2 times the unavoidable: met by 0 of 1" in page


def test_a_damaged_record_is_an_error_and_no_half_page(tmp_path):
    record(tmp_path, "loadgen.json", {"m": {"model": "m"}})
    with pytest.raises(RecordError, match="is no whole record"):
        benchmarks_page(tmp_path)


def test_what_digit_infer_bench_saves_becomes_a_line_a_network_and_runtime(tmp_path):
    wanted = ("--model", "softmax_regression", "--runtime", "onnx-cpu", "--runtime", "null", "--batch", "1,32")
    little = ("--time", "0.02", "--rounds", "1", "--save", str(tmp_path / "zoo.json"))
    program = "from digit_infer.cli import run; run()"
    subprocess.run([sys.executable, "-c", program, "bench", *wanted, *little], check=True, capture_output=True)
    text = benchmarks_page(tmp_path).partition("## Every network\n")[2].partition("\n## ")[0]
    heading, _, *lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert heading[-5:-3] == ["images/s at 1", "images/s at 32"]
    assert [line[1] for line in lines] == ["onnx-cpu", "null"]
    (network, *_), accuracy = lines[0], zoo.model_named("softmax_regression").accuracy
    assert network == "| softmax_regression"
    assert lines[0][4].startswith(f"{100 * accuracy.share:.2f} (")
    assert all(len(line) == len(heading) for line in lines)
    assert "](benchmarks/zoo.png)" in text
    draw_benchmarks(tmp_path, tmp_path)
    assert (tmp_path / "zoo.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_folder_is_held_against_decoding_alone(tmp_path):
    figures = {"pictures": 9, "side": 28, "samples": 3, "seconds": 1.5, "pictures_per_second": 6.0, "peak_mib": 90.0}
    shares = {"decoding, one thread": 1.0, "digit-infer predict --json, m": 0.95, "digit-infer predict --json, n": 0.4}
    record(tmp_path, "folder.json", {name: figures | {"share": share} for name, share in shares.items()}, rounds=3)
    page = benchmarks_page(tmp_path)
    assert "| digit-infer predict --json, n | 1.50 | 6 | 0.40 | 90 |" in page
    assert "At least 0.9 of the rate of decoding alone: met by 1 of 2, not by n (0.40)." in page


def test_a_batch_job_is_held_against_predict_many(tmp_path):
    packed = {"pictures": 1000, "seconds": 0.5, "pictures_per_second": 2000.0, "peak_mib": 90.0}
    document = {
        "schema": 1,
        "environment": {},
        "pictures": 100,
        "workers": 2,
        "beside": pairs(1e6, 1.25e6),
        "packed": [packed],
    }
    document |= {"killed": {"kills": 2, "pictures": 100, "rows": 100, "paths": 99}, "nodes": {"node 1": 40, "node 2": 60}}
    (tmp_path / "batch.json").write_text(json.dumps(document), encoding="utf-8")
    page = benchmarks_page(tmp_path)
    assert "| `digit-infer batch` | 1.2 | 80 |" in page
    assert "At least 0.9 of its rate, in a pair: met by 0 of 1, not by it (0.80)." in page
    assert "| 1,000 | 0.5 | 2,000 | 90 |" in page
    assert "At this rate a million take 8.3 minutes." in page
    assert "killed 2 times and resumed: 100 rows for 100 pictures, with 99 different paths" in page
    assert "2 nodes on this machine, 40 and 60 pictures" in page


def test_settings_stand_beside_the_defaults(tmp_path):
    found = {"m, batch 1, nothing": pairs(10, 10), "m, batch 1, 2 threads, no spinning": pairs(10, 12)}
    record(tmp_path, "defaults.json", found)
    page = benchmarks_page(tmp_path)
    assert "| network, batch | nothing | 2 threads, no spinning |" in page
    assert "| m, batch 1 | × 1.00 | × 1.20 |" in page
