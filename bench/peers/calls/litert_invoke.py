"""LiteRT: set, invoke, get, at a fixed batch with one thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from digit_infer.benchmark.measuring.queries import Answer
    from digit_infer.contract import Images, Probabilities


def open_call(path: Path, batch: int) -> Answer:
    """Load a file for one batch."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
    source, target = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    interpreter.resize_tensor_input(source, (batch, 28, 28))
    interpreter.allocate_tensors()
    set_tensor, invoke, get_tensor = interpreter.set_tensor, interpreter.invoke, interpreter.get_tensor

    def call(images: Images) -> Probabilities:
        set_tensor(source, images)
        invoke()
        answer: Probabilities = get_tensor(target)
        return answer

    return call
