"""Opens a model on a device and proves from the session that the providers asked for run every node that matters.

``session.disable_cpu_ep_fallback`` would refuse as well, but without saying which node it refuses, and it refuses the
arithmetic of shapes too, which ONNX Runtime leaves to the CPU on purpose.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from digit_infer.errors import RuntimeUnavailableError
from digit_infer.runtimes.bound_session import BoundSession, Device
from digit_infer.runtimes.onnx_errors import device_errors, first_line
from digit_infer.runtimes.onnx_session import load
from digit_infer.runtimes.placement import RECORD_PLACEMENT, Placement, listed, read_placement

if TYPE_CHECKING:
    from digit_infer.runtimes.protocol import ModelFile, RuntimeName

    Provider: TypeAlias = tuple[str, dict[str, str]]
    """An execution provider's name and its options."""


@runtime_checkable
class PlacedSession(Protocol):
    """A session that knows the device it runs on, and where each node runs."""

    @property
    def device(self) -> str:
        """Return the name of the device, as its driver says it."""

    @property
    def placement(self) -> Placement:
        """Return which node runs where."""


def open_placed(
    name: RuntimeName,
    file: ModelFile,
    providers: list[Provider],
    device: Device,
    threads: int | None,
    *,
    captures: bool = False,
) -> BoundSession:
    """Load an ``.onnx`` file with its input and output in the memory of a device.

    Args:
        name: the runtime, for messages.
        file: the model.
        providers: those that may run nodes that matter, the one that is asked for first.
        device: where input and output lie.
        threads: intra-op threads; None means 1.
        captures: the providers' options ask for CUDA graphs.

    Raises:
        RuntimeUnavailableError: a provider refused to load, or a node that matters would run elsewhere.
        DamagedModelError: the bytes are no ONNX model.
        ContractError: the model does not keep the contract.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.add_session_config_entry(RECORD_PLACEMENT, "1")
    try:
        session = load(file, options, list(providers), threads or 1)
    except device_errors() as error:
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available: {providers[0][0]} refused {file.path} ({first_line(error)})",
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


def refuse_misplaced(name: RuntimeName, placement: Placement, providers: list[str]) -> None:
    """Refuse a placement in which a node that matters runs on none of these providers, or none on the first.

    Raises:
        RuntimeUnavailableError: with the nodes.
    """
    misplaced = [node for node in placement.outside(providers) if node.matters]
    if misplaced:
        where = " and ".join(dict.fromkeys(node.provider for node in misplaced))
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available for this model: {len(misplaced)} of its {len(placement.nodes)} nodes"
            f" would run on {where}, though they touch every picture: {listed(misplaced)}",
            "use the runtime onnx-cpu, or another precision",
        )
    if not placement.on(providers[0]):
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available for this model: {providers[0]} runs none of its nodes",
            "use another runtime",
        )


def _why_not(provider: str) -> str:
    """Ask the loader for what ONNX Runtime writes to its log alone.

    Only for a provider that ONNX Runtime has tried to load: one that is loaded by hand before never finds its host.
    """
    import ctypes
    import sys
    from pathlib import Path

    import onnxruntime

    stem = f"onnxruntime_providers_{provider.removesuffix('ExecutionProvider').lower()}"
    library = f"{stem}.dll" if sys.platform == "win32" else f"lib{stem}.so"
    try:
        ctypes.CDLL(str(Path(onnxruntime.__file__).parent / "capi" / library))
    except OSError as error:
        return first_line(error)
    return "it did not say why"
