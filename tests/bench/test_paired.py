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


def parts(value):
    """Yield every object of a document."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(inner)


@pytest.mark.parametrize("path", sorted(RESULTS.glob("*.json")), ids=lambda path: path.name)
def test_recorded_results_carry_their_environment_and_counts(path):
    document = json.loads(path.read_text(encoding="utf-8"))
    if "rows" in document:
        assert document["schema"] == RECORD_SCHEMA
        assert read_record(path).rows
        return
    environments = [part["environment"] for part in parts(document) if "environment" in part]
    assert environments
    assert all({"cpu", "cores_visible", "python", "onnxruntime"} <= set(one) for one in environments)
    least = 2 if document.get("pictures", 0) >= 100_000 else 10  # whole jobs are timed less often than calls
    for part in parts(document):
        assert all(part[name] >= least for name in ("pairs", "samples", "trials") if name in part)
        if isinstance(models := part.get("models"), dict):  # answers of the networks as they are
            for name, entry in models.items():
                assert entry["sha256"] == zoo.model_named(name).checkpoint.sha256
