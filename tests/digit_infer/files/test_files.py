import subprocess
import sys

import pytest

from digit_infer.files import atomic_write, remove_unfinished, write_text


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "first")
    with pytest.raises(KeyError), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise KeyError
    assert path.read_text() == "first"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.txt"]


def test_others_may_read_what_was_written(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "x")
    plain = tmp_path / "plain.txt"
    plain.write_text("x")
    assert path.stat().st_mode == plain.stat().st_mode


def test_what_killed_writers_left_is_removed_and_what_is_being_written_stays(tmp_path):
    program = "import os, sys; from pathlib import Path; from digit_infer.files import atomic_write\n"
    program += f"with atomic_write(Path({str(tmp_path)!r}, 'out.bin')): os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", program], check=False)
    assert len(list(tmp_path.glob(".writing-*"))) == 1
    with atomic_write(tmp_path / "mine.bin") as mine:
        remove_unfinished(tmp_path)
        assert list(tmp_path.glob(".writing-*")) == [mine]
