"""``onnx-gpu`` with a CUDA graph for each number of images; see ``OnnxGpu`` for what that is and when to ask for it."""

from __future__ import annotations

from digit_infer.runtimes.onnx_gpu import OnnxGpu
from digit_infer.runtimes.protocol import Runtime

RUNTIME: Runtime = OnnxGpu("onnx-gpu-graph", captures=True)
