"""``Predictor.predict_array`` beside the runtime's bare call on the same array. Run with ``pytest bench``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.bare import fastest_call, some_images
from digit_infer import Predictor, zoo

if TYPE_CHECKING:
    from pytest_benchmark.fixture import BenchmarkFixture

    from digit_infer.runtimes.protocol import RuntimeName

RUNTIMES: tuple[RuntimeName, ...] = ("onnx-cpu", "tflite")
BATCHES = (1, 256, 1_024)


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("model", list(zoo.models()))
@pytest.mark.parametrize("who", ["bare", "predictor"])
def test_predict_array(benchmark: BenchmarkFixture, who: str, model: str, runtime: RuntimeName, batch: int) -> None:
    """Time one of the two; each pair is a group of the table."""
    benchmark.group = f"{model}, {runtime}, batch {batch}"
    images = some_images(batch)
    with Predictor(model, runtime=runtime) as predictor:
        bare = fastest_call(predictor, images)
        answer = benchmark(bare) if who == "bare" else benchmark(predictor.predict_array, images)
        np.testing.assert_array_equal(answer, bare())
