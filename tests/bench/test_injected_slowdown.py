import json
from pathlib import Path
from time import perf_counter_ns

import numpy as np

from bench.injected_slowdown import Trial, counted
from bench.slowed import slowed
from digit_infer.benchmark.comparison.judgement import Change, Finding

RECORD = Path(__file__).parents[2] / "bench" / "results" / "planted.json"


def finding(verdict, ratio, metric="p50"):
    return Finding("it", metric, verdict, "", 1.0, ratio, Change(ratio, ratio, ratio), 0.05)


def test_a_slowed_call_answers_the_same_and_takes_longer_by_its_factor():
    taken = []

    def busy(images):
        start = perf_counter_ns()
        while perf_counter_ns() < start + 20_000:
            pass
        taken.append(perf_counter_ns() - start)
        return images.sum()

    images = np.ones((1, 28, 28), np.uint8)
    call = slowed(busy, 3.0, [images] * 100)
    start = perf_counter_ns()
    assert call(images) == 784
    assert perf_counter_ns() - start >= 2.9 * taken[-1]


def test_verdicts_are_counted_by_figure():
    trials = [
        Trial((finding("PASS", 1.0),), (finding("FAIL", 1.1),)),
        Trial((finding("PASS", 1.01),), (finding("PASS", 1.0),)),
    ]
    assert counted(trials) == {
        "it, p50": {
            "trials": 2,
            "slowed": {"FAIL": 1, "PASS": 1},
            "same": {"PASS": 2},
            "slowed_ratios": [1.1, 1.0],
            "same_ratios": [1.0, 1.01],
        }
    }


def test_the_record_accuses_nobody_and_acquits_nothing_that_was_slowed():
    """How often a slowdown is found depends on how quiet the machine was, which the page says; a wrong verdict does not."""
    document = json.loads(RECORD.read_text(encoding="utf-8"))
    assert document["factor"] == 1.1
    for name, entry in document["results"].items():
        assert entry["trials"] >= 20
        assert entry["same"].get("FAIL", 0) <= 0.05 * entry["trials"], name
        assert entry["slowed"].get("PASS", 0) <= 0.05 * entry["trials"], name
