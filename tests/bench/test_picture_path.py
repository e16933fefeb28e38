"""The whole path, timed: the pictures are what their cases say, and the stages are those that they go through."""

import pytest
from PIL import Image

from bench.picture_path import CASES, STAGES, Case, check, decoded, stages_of
from digit_infer import Predictor
from digit_infer.errors import MeasurementError


@pytest.fixture(scope="module")
def predictor():
    with Predictor(threads=1) as predictor:
        yield predictor


@pytest.mark.parametrize("name", CASES)
def test_a_picture_is_what_its_case_says(name, tmp_path, predictor):
    case = CASES[name]
    path = case.write(tmp_path)
    with Image.open(path) as image:
        assert image.size == case.size
        assert image.format == {".png": "PNG", ".jpg": "JPEG"}[case.suffix]
    assert decoded(path).shape == case.size[::-1]
    check(case, predictor, path)
    assert predictor.predict(path).digit == 7


def test_stages_are_timed_where_a_picture_goes_through_them(tmp_path, predictor):
    clean, doubtful = (case.write(tmp_path) for case in CASES.values() if case.suffix == ".png")
    assert set(stages_of(predictor, doubtful, 2)) == set(STAGES)
    taken = stages_of(predictor, clean, 2)
    assert set(taken) == set(STAGES) - {"ink network"}
    assert all(us > 0 for us in taken.values())


def test_a_case_that_times_another_look_than_it_says_is_refused(tmp_path, predictor):
    case = Case("canvas", ".png", (280, 280), "network", 4)
    with pytest.raises(MeasurementError, match="canvas is answered by the plain look"):
        check(case, predictor, case.write(tmp_path))
