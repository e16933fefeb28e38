import json
import time
from pathlib import Path

import pytest

from bench.paired import time_pairs
from digit_infer import zoo
from digit_infer.benchmark.record import RECORD_SCHEMA, read_record

RESULTS = Path(__file__).parents[2] / "bench" / "results"


def test_a_slower_second_is_found_to_be_slower():
    pairs = time_pairs(lambda _: (lambda: time.sleep(0.001), lambda: time.sleep(0.003)), 20, rounds=2, warm_up=1)
    assert pairs.pairs == 20
    assert pairs.difference_low_us > 1_000
    assert pairs.ratio_low > 1
    assert pairs.difference_low_us <= pairs.difference_us <= pairs.difference_high_us


def test_each_is_called_twice_in_a_row_whoever_is_the_first():
    """A model that follows itself finds its weights in the cache, so neither may do so more often than the other."""
    called = []
    time_pairs(lambda _: (lambda: called.append("A"), lambda: called.append("B")), 8, rounds=4, warm_up=0)
    assert "".join(called) == "ABBAABBA" * 2 + "BAABBAAB" * 2


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.name)
def test_recorded_results_carry_their_environment_and_counts(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    if "rows" in document:
        assert document["schema"] == RECORD_SCHEMA
        assert read_record(path).rows
        return
    if path.name == "published.json":  # right answers by hand and by Predictor
        assert all({"source", "by_hand", "digit_infer"} <= set(entry) for entry in document["files"].values())
        return
    for part in document["folders"].values() if "folders" in document else [document]:
        assert {"cpu", "cores_visible", "python", "onnxruntime"} <= set(part["environment"])
    if "folders" in document:  # of real pictures
        for folder in document["folders"].values():
            for name, entry in folder["models"].items():
                assert entry["sha256"] == zoo.model_named(name).checkpoint.sha256
                assert all(kind["pictures"] > 0 for kind in entry["predict"].values())
        return
    if "models" in document:  # answers, not times: of the networks as they are
        for name, entry in document["models"].items():
            assert entry["sha256"] == zoo.model_named(name).checkpoint.sha256
        return
    if "clients" in document.get("settings", {}):  # of servers: rounds of seconds
        rounds = document["settings"]["rounds"]
        assert rounds >= 8
        assert all(len(entry["rest_rounds_us"]) == rounds for entry in document["results"].values())
        return
    if "drawn" in document:  # of normalisers
        assert all(count >= 10 for entry in document["drawn"].values() for count in entry["pictures"].values())
        document["results"] = {name: entry["imported"] for name, entry in document["libraries"].items()}
    if path.name == "batch.json":  # whole processes
        assert document["beside"]["pairs"] >= 2
        assert all(entry["pictures"] > 0 for entry in document["packed"])
        return
    if isinstance(document["results"], list):  # answers of files elsewhere
        assert all(entry["pictures"] > 0 for entry in document["results"])
        return
    counts = [
        [entry[name] for name in ("pairs", "samples", "trials") if name in entry] for entry in document["results"].values()
    ]
    assert all(count >= 10 for (count,) in counts)
