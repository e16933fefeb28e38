"""Gain or loss of each ONNX Runtime setting against digit_infer's default on the CPU, in pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.bare import shipped_onnx, some_images
from bench.paired import Call, Pairs, time_pairs
from digit_infer.contract import DIGITS
from digit_infer.runtimes.onnx_session import answering, ends

if TYPE_CHECKING:
    import onnxruntime

    Change: TypeAlias = Callable[[onnxruntime.SessionOptions], None]

MODELS = ("softmax_regression", "mlp_512", "shallow_cnn", "lenet5_v2", "lenet")
BATCHES = (1, 32, 256)
_ROUNDS = 12


def changes() -> Mapping[str, Change]:
    """Return the settings by name, each as a change to digit_infer's default options."""
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    return {
        "nothing": lambda _: None,  # control: shows how far a ratio is from 1 by chance
        "2 threads": lambda options: setattr(options, "intra_op_num_threads", 2),
        "2 threads, no spinning": _two_threads_without_spinning,
        "graph level extended": lambda options: setattr(options, "graph_optimization_level", levels.ORT_ENABLE_EXTENDED),
        "graph level basic": lambda options: setattr(options, "graph_optimization_level", levels.ORT_ENABLE_BASIC),
        "no memory arena": lambda options: setattr(options, "enable_cpu_mem_arena", False),
        "no memory pattern": lambda options: setattr(options, "enable_mem_pattern", False),
        "parallel execution": lambda options: setattr(options, "execution_mode", onnxruntime.ExecutionMode.ORT_PARALLEL),
    }


def compare(
    models: Sequence[str], pairs_within: Callable[[Callable[[bool], tuple[Call, Call]]], int]
) -> Iterator[tuple[str, Pairs]]:
    """Time each setting on each model at each batch; ``pairs_within`` returns how many pairs fit the time."""
    for model in models:
        for batch in BATCHES:
            for name, change in changes().items():
                make = partial(_pair, model, batch, change)
                pairs = pairs_within(make)
                yield f"{model}, batch {batch}, {name}", time_pairs(make, pairs, _ROUNDS, warm_up=max(3, pairs // 100))


def _pair(model: str, batch: int, change: Change, default_first: bool) -> tuple[Call, Call]:  # noqa: FBT001  # for time_pairs
    if default_first:
        default, changed = _call(model, batch, None), _call(model, batch, change)
    else:
        changed, default = _call(model, batch, change), _call(model, batch, None)
    return default, changed


def _call(model: str, batch: int, change: Change | None) -> Call:
    import onnxruntime

    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    if change is not None:
        change(options)
    path = shipped_onnx(model)
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return partial(answering(session, *ends(session, str(path), DIGITS), DIGITS), some_images(batch))


def _two_threads_without_spinning(options: onnxruntime.SessionOptions) -> None:
    options.intra_op_num_threads = 2
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
