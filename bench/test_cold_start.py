"""Cold start of the CLI as a whole process, beside the imports and session creation that it needs anyway."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from bench.cold_start import environment_of_user, predict_command, unavoidable_command

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture


@pytest.mark.benchmark(group="cold start")
@pytest.mark.parametrize("who", ["unavoidable", "digit-infer predict"])
def test_cold_start(benchmark: BenchmarkFixture, who: str) -> None:
    """Time a whole process."""
    command = predict_command() if who == "digit-infer predict" else unavoidable_command()
    done = benchmark.pedantic(  # type: ignore[no-untyped-call]  # untyped
        subprocess.run,
        (command,),
        {"check": True, "capture_output": True, "env": environment_of_user()},
        rounds=20,
        warmup_rounds=2,
    )
    assert done.returncode == 0
