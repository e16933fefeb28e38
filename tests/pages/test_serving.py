"""The guide to serving holds the times of its record, and names the commands where there is none."""

import json
from dataclasses import asdict

import pytest

from bench.peers.serving.compare import Served
from digit_infer.errors import RecordError
from pages.serving import serving_page


def served(rest_us: float, grpc_us: float, rate: float) -> dict:
    return asdict(Served(rest_us, None, grpc_us, None, (rest_us,), (grpc_us,), rate, (rate,)))


RECORD = {
    "schema": 1,
    "environment": {"cpu": "a processor", "cores_allowed": "2"},
    "settings": {"model": "digitnet", "rounds": 3, "seconds": 1.0, "clients": 16},
    "results": {"digit_infer": served(351.4, 612.9, 6123.4), "Triton": served(441.0, 520.0, 8000.0)},
}


def test_the_record_fills_the_table(tmp_path):
    record = tmp_path / "serving.json"
    record.write_text(json.dumps(RECORD), encoding="utf-8")
    page = serving_page(record)
    assert "| server | REST, p50 ms | gRPC, p50 ms | 16 clients over REST, requests/s |" in page
    assert "| digit_infer | 0.35 | 0.61 | 6,123 |\n| Triton | 0.44 | 0.52 | 8,000 |" in page
    assert "`digitnet`, 3 rounds, on a processor with 2 processors" in page
    assert "Nothing is recorded" not in page


def test_without_a_record_there_is_no_time_but_a_command(tmp_path):
    page = serving_page(tmp_path / "serving.json")
    assert "Nothing is recorded yet: `python -m bench peers serve`" in page
    assert "p50" not in page


@pytest.mark.parametrize("lost", ["results", "schema"])
def test_a_record_that_is_not_whole_is_refused(tmp_path, lost):
    record = tmp_path / "serving.json"
    record.write_text(json.dumps({name: held for name, held in RECORD.items() if name != lost}), encoding="utf-8")
    with pytest.raises(RecordError, match="measure again"):
        serving_page(record)
