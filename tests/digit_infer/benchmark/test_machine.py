import gc
import os
import sys

import pytest

from digit_infer.benchmark.machine import (
    clock_read_ns,
    clock_step_ns,
    collector_off,
    matrix_product_gflops,
    peak_memory_bytes,
)
from digit_infer.errors import MeasurementError


def test_a_matrix_product_is_measured_and_this_process_keeps_its_environment():
    before = dict(os.environ)
    found = matrix_product_gflops(1)
    # A Raspberry Pi's core makes a few GFLOP/s; the widest cores of today, some hundreds.
    assert 0.1 < found < 10_000
    assert dict(os.environ) == before


def test_a_process_that_fails_is_told(monkeypatch, tmp_path):
    (tmp_path / "numpy.py").write_text("raise ImportError('no numpy of this machine')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    with pytest.raises(MeasurementError, match="no numpy of this machine"):
        matrix_product_gflops(1)


def test_an_interpreter_that_is_not_there_is_told(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(MeasurementError, match="cannot be measured"):
        matrix_product_gflops(1)


def test_the_clock_and_the_memory_are_plausible():
    assert 0 < clock_step_ns() < 1e6
    assert 0 < clock_read_ns() < 1e5
    assert 10_000_000 < peak_memory_bytes() < 100_000_000_000
    with collector_off():
        assert not gc.isenabled()
    assert gc.isenabled()
