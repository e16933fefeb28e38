"""Sessions of ONNX Runtime whose input and output are bound to a device's memory: one copy each way per call.

``InferenceSession.run`` would allocate memory for every call. Here input and output are allocated once for each number of
images and keep their addresses, which CUDA graphs need. The device may be ``cpu``, so the code can be tested without a GPU.

A session is opened only if the requested providers run every node that matters. ``session.disable_cpu_ep_fallback`` would
refuse as well, but without naming the node, and it refuses the arithmetic of shapes, which ONNX Runtime leaves to the CPU
on purpose.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
import onnxruntime

from digit_infer.contract import DIGITS, Contract, check_images
from digit_infer.errors import InferenceError, RuntimeUnavailableError, first_line_of
from digit_infer.runtimes.onnx_session import device_errors, ends, load
from digit_infer.runtimes.placement import RECORD_PLACEMENT, read_placement, refuse_misplaced
from digit_infer.runtimes.protocol import answer_in_parts

if TYPE_CHECKING:
    from digit_infer.runtimes.model_file import ModelFile
    from digit_infer.runtimes.placement import Placement
    from digit_infer.runtimes.protocol import Answers, Pictures, RuntimeName

    Provider: TypeAlias = tuple[str, dict[str, str]]
    """An execution provider's name and its options."""

LARGEST_BATCH = 1_024
"""The most images of one call; longer arrays are split, so that the device's memory does not grow with N."""

KEPT_BATCHES = 32
"""At most so many numbers of images keep their memory, 27 MB in all for images of digits; others allocate it for one call.

None is ever freed: a captured graph writes to the addresses that it was captured with."""


@dataclass(frozen=True)
class Device:
    """The device of input and output: its kind as ONNX Runtime calls it, and its name."""

    kind: Literal["cuda", "cpu"]
    name: str


@dataclass(frozen=True)
class _Batch:
    """The memory for one number of images, bound to the session."""

    source: onnxruntime.OrtValue
    binding: onnxruntime.IOBinding
    options: onnxruntime.RunOptions | None


class BoundSession:
    """An ``onnxruntime.InferenceSession`` with bound input and output.

    Threads take turns: they share the memory, and ONNX Runtime replays CUDA graphs for one thread at a time.
    """

    def __init__(
        self,
        session: onnxruntime.InferenceSession,
        name: str,
        placement: Placement,
        device: Device,
        threads: int,
        *,
        captures: bool = False,
        contract: Contract = DIGITS,
    ) -> None:
        """Wrap a session.

        Args:
            session: a session of ONNX Runtime.
            name: the model's path, for messages.
            placement: the execution provider of each node.
            device: the device of input and output.
            threads: its intra-op threads.
            captures: the session was made with ``enable_cuda_graph``: every number of images that keeps its memory gets a
                graph of its own, captured by its first call; the others run without.
            contract: the model's contract.

        Raises:
            ContractError: the model does not keep the contract.
        """
        self._input, self._output = ends(session, name, contract)
        self._contract = contract
        self._session = session
        self._placement = placement
        self._device = device
        self._threads = threads
        self._captures = captures
        self._kept: dict[int, _Batch] = {}
        self._lock = threading.Lock()

    @property
    def provider(self) -> str:
        """Return the requested execution provider, which runs at least one node; ``placement`` has all."""
        provider: str = self._session.get_providers()[0]
        return provider

    @property
    def device(self) -> str:
        """Return the name of the device."""
        return self._device.name

    @property
    def placement(self) -> Placement:
        """Return the execution provider of each node."""
        return self._placement

    @property
    def threads(self) -> int | None:
        """Return the intra-op threads, used by nodes on the CPU."""
        return self._threads

    def answers(self, pictures: Pictures) -> Answers:
        """Return the outputs of the contract for its inputs, in a new array."""
        check_images(pictures, self._contract)  # a device accepts any buffer of the right size
        if len(pictures) == 0:
            return np.empty((0, *self._contract.gives), self._contract.dtype)
        if len(pictures) > LARGEST_BATCH:
            return answer_in_parts(self.answers, pictures, LARGEST_BATCH)
        try:
            with self._lock:
                return self._answer(np.ascontiguousarray(pictures))
        except Exception as error:  # of ONNX Runtime, or of the device, its driver or its libraries
            raise InferenceError(
                f"ONNX Runtime failed on {pictures.shape} on {self.device} ({first_line_of(error, None)})",
                "report this model",
            ) from error

    def _answer(self, pictures: Pictures) -> Answers:
        batch = self._kept.get(len(pictures)) or self._allocated(len(pictures))
        batch.source.update_inplace(pictures)
        self._session.run_with_iobinding(batch.binding, batch.options)
        answer: Answers = batch.binding.copy_outputs_to_cpu()[0]
        return answer

    def _allocated(self, count: int) -> _Batch:
        """Allocate and bind the memory for a number of images, and keep it if there is room."""
        allocate = onnxruntime.OrtValue.ortvalue_from_shape_and_type
        source = allocate([count, *self._contract.takes], np.uint8, self._device.kind, 0)
        binding = self._session.io_binding()
        binding.bind_ortvalue_input(self._input, source)
        target = allocate([count, *self._contract.gives], np.dtype(self._contract.dtype).type, self._device.kind, 0)
        binding.bind_ortvalue_output(self._output, target)
        keep = len(self._kept) < KEPT_BATCHES
        options = None
        if self._captures:
            options = onnxruntime.RunOptions()
            options.add_run_config_entry("gpu_graph_id", str(count) if keep else "-1")  # -1: neither capture nor replay
        batch = _Batch(source, binding, options)
        if keep:
            self._kept[count] = batch
        return batch


def open_placed(
    name: RuntimeName,
    file: ModelFile,
    providers: list[Provider],
    device: Device,
    threads: int | None,
    *,
    captures: bool = False,
) -> BoundSession:
    """Load an ``.onnx`` file with its input and output in a device's memory.

    Args:
        name: the runtime, for messages.
        file: the model.
        providers: those that may run nodes that matter, the requested one first.
        device: the device of input and output.
        threads: intra-op threads; None means 1.
        captures: the providers' options enable CUDA graphs.

    Raises:
        RuntimeUnavailableError: a provider refused to load, or a node that matters would run elsewhere.
        DamagedModelError: the bytes are no ONNX model.
        ContractError: the model does not keep the contract.
    """
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(RECORD_PLACEMENT, "1")
    try:
        session = load(file, options, list(providers), threads or 1)
    except device_errors() as error:
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available: {providers[0][0]} refused {file.path} ({first_line_of(error, None)})",
            "update the driver and digit-infer[gpu], or use another runtime",
        ) from error
    names = [provider for provider, _ in providers]
    missing = [provider for provider in names if provider not in session.get_providers()]
    if missing:
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available: {missing[0]} does not load ({_why_not(missing[0])})",
            "pip install digit-infer[gpu] brings CUDA and cuDNN",
        )
    placement = read_placement(session)
    refuse_misplaced(name, placement, names)
    return BoundSession(session, str(file.path), placement, device, threads or 1, captures=captures, contract=file.contract)


def _why_not(provider: str) -> str:
    """Return the loader's error, which ONNX Runtime writes only to its log.

    Call it only after ONNX Runtime has tried to load the provider: loaded before, the provider does not find its host.
    """
    stem = f"onnxruntime_providers_{provider.removesuffix('ExecutionProvider').lower()}"
    library = f"{stem}.dll" if sys.platform == "win32" else f"lib{stem}.so"
    try:
        ctypes.CDLL(str(Path(onnxruntime.__file__).parent / "capi" / library))
    except OSError as error:
        return first_line_of(error, None)
    return "for an unknown reason"
