"""The pages on networks of our own are what the records say, and what the records say keeps the bars."""

import json
import statistics

from bench.robustness.command import REAL_PICTURES, ROBUSTNESS
from digit_infer import zoo
from pages.cards import BESIDE, FOLDER, own_models
from pages.pareto import SHIPPED, front, networks

OWN = own_models()
ROBUST = json.loads(ROBUSTNESS.read_text(encoding="utf-8"))["models"]
REAL = json.loads(REAL_PICTURES.read_text(encoding="utf-8"))
PAIRS = json.loads(SHIPPED.read_text(encoding="utf-8"))["results"]


def test_ours_are_small_and_the_largest_of_them_is_the_best_of_all():
    assert [(model.name, model.parameters <= limit) for model, limit in zip(OWN, (100_000, 10_000), strict=True)] == [
        ("digitnet", True),
        ("digitnet_nano", True),
    ]
    best, *_ = networks()
    assert best.name == "digitnet"
    assert {"digitnet", "digitnet_nano"} <= front(networks(), "parameters")


def test_integers_cost_three_hundredths_of_a_point_and_the_smallest_file_fits_in_twenty_kilobytes():
    for model in OWN:
        for file in model.files:
            assert model.accuracy.share - file.parity.accuracy.share <= 0.0003
    (smallest,) = (file for file in OWN[1].files if (file.format, file.precision) == ("tflite", "int8"))
    assert smallest.bytes <= 20_000


def test_nano_keeps_its_accuracy():
    assert statistics.fmean(zoo.model_named("digitnet_nano").training.accuracy_by_seed) >= 0.9955


def test_no_slower_than_the_published_network_and_the_small_one_in_less_than_half_the_time():
    assert PAIRS["digitnet"]["ratio_high"] <= 1
    assert PAIRS["digitnet_nano"]["ratio_high"] <= 0.5
    assert all(entry["pairs"] >= 1_000 for entry in PAIRS.values())


def test_real_pictures():
    found = REAL["folders"][FOLDER]["models"]["digitnet"]
    single = found["predict"].values()
    assert sum(kind["right"] for kind in single) >= 0.996 * sum(kind["pictures"] for kind in single)
    several = found["read"].values()
    assert sum(kind["right"] for kind in several) >= 0.8 * sum(kind["pictures"] for kind in several)


def test_drawn_out_pictures_are_answered_as_the_originals():
    drawn = ROBUST["digitnet"]["drawn"]
    assert drawn["agreeing_pictures"] == 10_000
    assert drawn["agreeing"] >= 0.993


def test_out_of_distribution_pictures_are_rejected_where_digits_are_kept():
    shares = ROBUST["digitnet"]["strangers"]["by_kept"]["0.95"]
    assert statistics.fmean(shares.values()) >= 0.9


def test_damage_costs_less_than_it_costs_the_best_published_network():
    ours, theirs = ROBUST["digitnet"]["corrupted"], ROBUST[BESIDE]["corrupted"]
    assert 1 - ours["mean"] < 0.5 * (1 - theirs["mean"])
    for model in OWN:
        calibration = ROBUST[model.name]["calibration"]
        assert calibration["error"] < 0.005
