"""The points at which a network keeps a share of its right digits."""

import json

import numpy as np
import pytest

from digit_infer import zoo
from digit_infer.errors import UsageError
from digit_infer.zoo.manifest import OperatingCurve, OperatingPoint
from training import operating_points
from training.errors import TrainingError


def answers(confidences, digit=3):
    rows = np.zeros((len(confidences), 10), np.float32)
    rows[:, digit] = confidences
    return rows


def test_points_keep_their_share_of_the_right_digits_alone():
    digits = np.concatenate([answers(np.linspace(0.5, 1, 1_000)), answers(np.full(500, 0.2))])
    labels = np.repeat(np.array([3, 4], np.uint8), [1_000, 500])
    found = operating_points.points(digits, labels, answers(np.linspace(0.1, 0.6, 100)))
    for point in found:
        assert (digits[:1_000, 3] >= point.confidence).mean() == pytest.approx(point.kept, abs=2e-3)
        assert point.rejected == pytest.approx((np.linspace(0.1, 0.6, 100) < point.confidence).mean(), abs=0.01)
    assert [point.confidence for point in found] == sorted((point.confidence for point in found), reverse=True)


def test_a_share_between_two_points_lies_between_their_confidences():
    curve = OperatingCurve("test", (OperatingPoint(0.9, 0.8, 0.9), OperatingPoint(0.99, 0.5, 0.7)))
    assert curve.keeping(0.9) == 0.8
    assert curve.keeping(0.99) == 0.5
    assert curve.keeping(0.945) == pytest.approx(0.65)
    for share in (0.5, 0.999):
        with pytest.raises(UsageError, match=r"0\.9 to 0\.99"):
            curve.keeping(share)


@pytest.mark.parametrize("name", ["digitnet", "digitnet_nano"])
def test_the_manifest_has_the_recorded_points(name):
    assert zoo.model_named(name).operating == operating_points.recorded(name)


def test_a_record_of_another_checkpoint_is_refused(tmp_path, monkeypatch):
    document = json.loads(operating_points.path_of("digitnet").read_text())
    monkeypatch.setattr(operating_points, "FOLDER", tmp_path)
    assert operating_points.recorded("digitnet") is None
    operating_points.path_of("digitnet").write_text(json.dumps({**document, "sha256": "0"}))
    with pytest.raises(TrainingError, match="another checkpoint"):
        operating_points.recorded("digitnet")
    operating_points.path_of("digitnet").write_text("{")
    with pytest.raises(TrainingError, match="damaged"):
        operating_points.recorded("digitnet")
