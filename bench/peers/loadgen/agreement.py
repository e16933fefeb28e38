"""Measures every model with our harness and LoadGen, each in a process of the environment that has both."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from bench.peers.environments import ENVIRONMENTS
from bench.peers.loadgen.record import Agreement
from bench.peers.table import OURS_ONNX, OURS_TFLITE
from digit_infer.benchmark.record import rebuilt


def measure_agreement(
    models: Sequence[str], rounds: int, seconds: float, seed: int, tell: Callable[[str], None]
) -> dict[str, Agreement]:
    """Measure every model as float32 ONNX and as int8 TFLite."""
    found = {}
    for model in models:
        for ours in (OURS_ONNX, OURS_TFLITE):
            name = f"{model}, {ours.runtime}"
            tell(name)
            found[name] = _measured(model, ours.runtime, rounds, seconds, seed)
    return found


def _measured(model: str, runtime: str, rounds: int, seconds: float, seed: int) -> Agreement:
    words = (model, runtime, str(rounds), str(seconds), str(seed))
    told = ENVIRONMENTS["loadgen"].output_of("python", "-m", "bench.peers.loadgen.session", *words)
    return rebuilt(Agreement, json.loads(told))
