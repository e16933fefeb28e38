"""Pipes, devices, loops of links, locked and deep folders, and names that would command a terminal."""

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")


@pytest.fixture
def odd_folder(tmp_path, examples):
    """A folder of two pictures beside a pipe, a loop of links, a link to the folder above and one to a device."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    shutil.copy(examples / "seven.png", folder / "a.png")
    shutil.copy(examples / "seven.png", folder / "z.png")
    os.mkfifo(folder / "pipe.png")
    (folder / "loop.png").symlink_to("loop.png")
    (folder / "zero.png").symlink_to("/dev/zero")
    (folder / "above").symlink_to(tmp_path, target_is_directory=True)
    return folder


@pytest.mark.parametrize("command", ["predict", "read"])
def test_what_is_no_regular_file_is_named_and_the_others_are_answered(digit_infer, odd_folder, command):
    run = digit_infer(command, odd_folder)
    assert run.code == 1
    assert [line.rpartition("/")[2] for line in run.out.splitlines()] == ["a.png", "z.png"]
    errors = [line for line in run.err.splitlines() if line.startswith("error: ")]
    assert [line.split()[1].rpartition("/")[2] for line in errors] == ["loop.png", "pipe.png", "zero.png"]


def test_other_files_of_a_folder_are_named(digit_infer_here, examples, tmp_path):
    shutil.copy(examples / "seven.png", tmp_path / "a.png")
    for name in ("notes.txt", "model.onnx", ".hidden", "line\nbreak.csv", *(f"{number:02}.csv" for number in range(30))):
        (tmp_path / name).write_text("1")
    (tmp_path / "picture.avif").write_bytes(b"")
    run = digit_infer_here("predict", tmp_path)
    assert run.out.startswith("7")
    [line] = [line for line in run.err.splitlines() if line.startswith("left out (not the suffix of a picture")]
    assert "00.csv" in line
    assert ".hidden" in line
    assert line.endswith("and 14 more, which --json names")
    assert "picture.avif is empty" in run.err
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for command in ("predict", "read"):
        left_out = json.loads(digit_infer_here(command, tmp_path, "--json").out)["left_out"]
        assert {"path": str(tmp_path / "29.csv"), "reason": "not the suffix of a picture"} in left_out
        assert {"path": str(tmp_path / "link"), "reason": "a link to a folder"} in left_out
        assert len(left_out) == 35


def test_worker_processes_skip_it_as_well(digit_infer, odd_folder):
    run = digit_infer("predict", odd_folder, "--workers", 2, "--json")
    assert run.code == 1
    answers = json.loads(run.out)["predictions"]
    assert ["error" in answer for answer in answers] == [False, True, True, False, True]


def test_a_pattern_names_a_pipe_and_leaves_out_folders(digit_infer, odd_folder):
    run = digit_infer("predict", odd_folder / "*")
    assert run.code == 1
    assert run.out.count("seven") + run.out.count(".png") == 2
    assert "pipe.png is a pipe" in run.err
    assert f"left out (a folder, which a pattern does not search): {odd_folder / 'above'}" in run.err.splitlines()


def test_a_pipe_as_a_model_a_picture_and_a_record_is_no_hang(digit_infer_here, examples, tmp_path):
    for name in ("pipe.onnx", "pipe.png", "pipe.json"):
        os.mkfifo(tmp_path / name)
    cases = [
        (("predict", examples / "seven.png", "--model", tmp_path / "pipe.onnx"), 1),
        (("predict", tmp_path / "pipe.png"), 1),
        (("read", tmp_path / "pipe.png"), 1),
        (("bench", "compare", tmp_path / "pipe.json", tmp_path / "pipe.json"), 2),
        (("bench", "compare", "/dev/zero", "/dev/zero"), 2),
    ]
    for words, code in cases:
        run = digit_infer_here(*words)
        assert (run.code, run.out) == (code, ""), words
        assert run.err.count("is a pipe, a socket or a device") == 1
        assert "cannot be opened" not in run.err


def test_folders_in_one_another_a_thousand_deep_are_searched(digit_infer, examples, tmp_path):
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(1_100):
            Path("d").mkdir()
            os.chdir("d")
        shutil.copy(examples / "seven.png", "deep.png")
    finally:
        os.chdir(before)
    shutil.copy(examples / "seven.png", tmp_path / "flat.png")
    run = digit_infer("predict", tmp_path)
    subprocess.run(["rm", "-rf", str(tmp_path / "d")], check=True)
    assert "flat.png" in run.out
    assert run.code == 0, run.err
    assert "deep.png" in run.out


def test_a_path_longer_than_the_system_takes_is_named(digit_infer, examples, tmp_path):
    before = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(60):
            Path("d" * 100).mkdir()
            os.chdir("d" * 100)
    finally:
        os.chdir(before)
    shutil.copy(examples / "seven.png", tmp_path / "flat.png")
    run = digit_infer("predict", tmp_path)
    subprocess.run(["rm", "-rf", str(tmp_path / ("d" * 100))], check=True)
    assert run.code == 1
    assert "flat.png" in run.out
    assert "cannot be opened" in run.err


def test_a_locked_folder_is_named_and_the_others_are_answered(digit_infer, examples, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    shutil.copy(examples / "seven.png", tmp_path / "seven.png")
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("nothing is locked for this user")
        run = digit_infer("predict", tmp_path)
    finally:
        locked.chmod(0o700)
    assert run.code == 1
    assert "seven.png" in run.out
    assert "locked is a folder that may not be read" in run.err


@pytest.mark.parametrize("words", [("predict",), ("read",), ("predict", "--json"), ("predict", "--workers", "2")])
def test_control_characters_in_names_do_not_reach_the_terminal(digit_infer, examples, tmp_path, words):
    for number, name in enumerate(("\x1b[31mred.png", "\x1b]0;title\x07.png", "bad\u202egnp.png")):
        (tmp_path / name).write_bytes((examples / "seven.png").read_bytes() if number else b"no picture")
    run = digit_infer(*words, tmp_path)
    assert run.code == 1
    for text in (run.out, run.err):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    assert "x1b[31mred.png" in run.err


def test_endless_standard_input_is_refused():
    script = Path(sys.executable).parent / "digit-infer"
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run([script, "predict", "-"], stdin=endless, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard input is too large")


def test_complaints_of_libtiff_and_pillow_do_not_reach_the_terminal(digit_infer, tmp_path):
    whole = Image.new("L", (40, 30), 200)
    for number, compression in enumerate(("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg")):
        whole.save(tmp_path / f"{number}.tif", compression=compression)
        content = bytearray((tmp_path / f"{number}.tif").read_bytes())
        for place in range(6, len(content), 7):
            (tmp_path / f"{number}-{place}.tif").write_bytes(content[:place] + b"\xff\x5b" + content[place + 2 :])
    run = digit_infer("predict", tmp_path)
    others = [line for line in run.err.splitlines() if not line.startswith("error: ")]
    assert len(others) == 1, others[:3]


@pytest.fixture
def several_pages(tmp_path, examples):
    """A TIFF file of a blank page, one with a 7 and one with a 3."""
    seven, three = (Image.open(examples / name).convert("L") for name in ("seven.png", "three_in_red_marker.png"))
    path = tmp_path / "pages.tif"
    Image.new("L", (99, 99), 255).save(path, save_all=True, append_images=[seven, three])
    return path


@pytest.mark.parametrize("command", ["predict", "read"])
def test_pages_are_counted_and_chosen(digit_infer_here, several_pages, command):
    run = digit_infer_here(command, several_pages)
    assert run.out.startswith("7")
    assert run.err.splitlines()[0] == f"{several_pages} has 3 pages or frames; this is number 2, and --page takes another"
    assert digit_infer_here(command, several_pages, "--page", 3).out.startswith("3")
    assert digit_infer_here(command, several_pages, "--page", 1).code == 1
    document = json.loads(digit_infer_here(command, several_pages, "--page", 3, "--json").out)
    [entry] = document["predictions" if command == "predict" else "pages"]
    assert (entry["page"], entry["pages"]) == (3, 3)
    absent = digit_infer_here(command, several_pages, "--page", 4)
    assert (absent.code, absent.out) == (2, "")
    assert absent.err.startswith(f"error: {several_pages} has 3 pages, and no page 4")
    assert digit_infer_here(command, several_pages, several_pages, "--page", 2).code == 2


def test_worker_processes_tell_pages_as_well(digit_infer, several_pages):
    run = digit_infer("predict", several_pages, several_pages, "--workers", 2, "--json")
    assert [(entry["page"], entry["pages"]) for entry in json.loads(run.out)["predictions"]] == [(2, 3)] * 2
    assert run.err.count("has 3 pages or frames; this is number 2") == 2


def test_a_data_url_is_a_picture_and_other_long_words_are_not_repeated(digit_infer_here, examples):
    url = "data:image/png;base64," + base64.b64encode((examples / "seven.png").read_bytes()).decode()
    assert digit_infer_here("predict", url).out.startswith("7")
    run = digit_infer_here("predict", "a" * 100_000)
    assert run.code == 1
    assert run.err.startswith(f"error: {'a' * 40}…, a text of 100,000 characters, cannot be opened (File name too long)")
    assert len(run.err) < 400
