import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def number(tmp_path, mnist_test):
    """A picture of 7 2 1 0 on paper."""
    path = tmp_path / "number.png"
    Image.fromarray(255 - np.hstack(list(mnist_test.images[:4]))).resize((448, 112)).save(path)
    return path


def test_a_number_is_read(digit_infer, number):
    run = digit_infer("read", number)
    assert (run.code, run.out) == (0, "7210\n")
    assert run.err == "digitnet · onnx-cpu (CPUExecutionProvider) · float32 · 1 thread\n"


def test_json_has_every_digit_with_its_box(digit_infer, number, bad_pictures):
    run = digit_infer("read", number, bad_pictures["blank"], "--json")
    document = json.loads(run.out)
    assert run.code == 1
    assert (document["schema"], document["runtime"]) == (1, "onnx-cpu")
    page, blank = document["pages"]
    assert (page["text"], page["turned"], page["size"]) == ("7210", 0, [448, 112])
    assert [digit["digit"] for digit in page["digits"]] == [7, 2, 1, 0]
    lefts = [digit["box"][0] for digit in page["digits"]]
    assert lefts == sorted(lefts)
    assert (blank["text"], blank["digits"], blank["size"]) == ("", [], [50, 50])
    assert "error: " not in run.err


def test_boxes_are_drawn(digit_infer, number, tmp_path):
    run = digit_infer("read", number, "--boxes", tmp_path / "boxes.png")
    assert run.code == 0
    with Image.open(tmp_path / "boxes.png") as drawn:
        colours = {colour for _, colour in drawn.getcolors(1 << 20)}
        assert drawn.size == (896, 224)
    assert (30, 120, 60) in colours


@pytest.mark.parametrize(("words", "says"), [(("a.png", "b.png"), "one picture"), ((), ".png")])
def test_boxes_want_one_picture_and_a_png(digit_infer, number, tmp_path, words, says):
    for name in words:
        (tmp_path / name).write_bytes(number.read_bytes())
    pictures = [tmp_path / name for name in words] or [number]
    run = digit_infer("read", *pictures, "--boxes", tmp_path / ("boxes.png" if words else "boxes.jpg"))
    assert run.code == 2
    assert says in run.err
    assert "Traceback" not in run.err


def test_several_pictures_have_a_line_each(digit_infer, number, examples):
    run = digit_infer("read", number, examples / "seven.png", number.parent / "nowhere.png")
    assert run.code == 2
    assert run.out.splitlines() == [f"7210  {number}", f"7  {examples / 'seven.png'}"]
    assert "nowhere.png does not exist" in run.err


def test_each_bad_picture_gives_one_clear_line_and_code_one(digit_infer, bad_pictures):
    pictures = [bad_pictures[name] for name in ("empty", "text", "truncated", "huge")]
    run = digit_infer("read", *pictures)
    assert (run.code, run.out) == (1, "")
    *errors, ran = run.err.splitlines()
    assert all(error.startswith(f"error: {picture} ") for error, picture in zip(errors, pictures, strict=True))
    assert ran.startswith("digitnet · ")
