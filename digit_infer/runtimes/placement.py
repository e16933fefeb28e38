"""The execution provider of each node of a session.

A session's list of providers is no proof: ONNX Runtime may list a provider first and still run every node on the CPU.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from digit_infer.errors import RuntimeUnavailableError

if TYPE_CHECKING:
    import onnxruntime

    from digit_infer.runtimes.protocol import RuntimeName

RECORD_PLACEMENT = "session.record_ep_graph_assignment_info"
"""The session's configuration entry that must be "1" for ``read_placement``."""

SHAPE_ARITHMETIC = frozenset(
    {"Shape", "Size", "Gather", "Slice", "Concat", "Squeeze", "Unsqueeze", "Range", "ConstantOfShape"}
)
"""Operators that may run on the CPU; all others process the data of each picture.

The CUDA provider has each of these for every type, and leaves one to the CPU only where it works on the few integers of a
shape, which take longer to copy than to compute. Any other operator on the CPU would copy pictures between device and
memory. ``Cast`` is not listed, since every file here begins with one that turns bytes into floats; a ``Cast`` of a shape is
refused with it, and ``python -m export`` writes none."""

_LISTED = 10


@dataclass(frozen=True)
class PlacedNode:
    """A node, its operator (with the domain, unless it is ONNX's own), and the execution provider that runs it."""

    name: str
    operator: str
    provider: str

    @property
    def matters(self) -> bool:
        """Whether it processes the data of each picture, and not only shapes."""
        return self.operator not in SHAPE_ARITHMETIC


@dataclass(frozen=True)
class Placement:
    """Every node of a model after ONNX Runtime's basic optimization, in its order."""

    nodes: tuple[PlacedNode, ...]

    def on(self, provider: str) -> tuple[PlacedNode, ...]:
        """Return the nodes that a provider runs."""
        return tuple(node for node in self.nodes if node.provider == provider)

    def outside(self, providers: Collection[str]) -> tuple[PlacedNode, ...]:
        """Return the nodes that none of these providers runs."""
        return tuple(node for node in self.nodes if node.provider not in providers)

    def counts(self) -> dict[str, dict[str, int]]:
        """Count the nodes by provider and operator."""
        providers = dict.fromkeys(node.provider for node in self.nodes)
        return {provider: dict(Counter(node.operator for node in self.on(provider))) for provider in providers}


@runtime_checkable
class PlacedSession(Protocol):
    """A session that has a device and a placement."""

    @property
    def device(self) -> str:
        """Return the name of the device, as its driver reports it."""

    @property
    def placement(self) -> Placement:
        """Return the execution provider of each node."""


def read_placement(session: onnxruntime.InferenceSession) -> Placement:
    """Read the placement from a session that was made with ``RECORD_PLACEMENT``; needs ONNX Runtime 1.24."""
    return Placement(
        tuple(
            PlacedNode(node.name, f"{node.domain}.{node.op_type}".removeprefix("."), part.ep_name)
            for part in session.get_provider_graph_assignment_info()
            for node in part.get_nodes()
        )
    )


def refuse_misplaced(name: RuntimeName, placement: Placement, providers: list[str]) -> None:
    """Check that every node that matters runs on one of these providers, and at least one node on the first.

    Raises:
        RuntimeUnavailableError: that is not so; the message has the nodes.
    """
    misplaced = [node for node in placement.outside(providers) if node.matters]
    if misplaced:
        where = " and ".join(dict.fromkeys(node.provider for node in misplaced))
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available for this model: {len(misplaced)} of its {len(placement.nodes)} nodes"
            f" would run on {where}, though they process every picture: {listed(misplaced)}",
            "use the runtime onnx-cpu, or another precision",
        )
    if not placement.on(providers[0]):
        raise RuntimeUnavailableError(
            f"the runtime {name} is not available for this model: {providers[0]} runs none of its nodes",
            "use another runtime",
        )


def listed(nodes: Collection[PlacedNode]) -> str:
    """Return operators and names of nodes in a line; at most ten of them."""
    words = [f"{node.operator} {node.name!r}" for node in list(nodes)[:_LISTED]]
    return ", ".join(words) + (f" and {len(nodes) - _LISTED} more" if len(nodes) > _LISTED else "")


def described(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Return in words how many nodes each provider runs, the most first, and the operators on the other providers.

    ``counts`` is what ``Placement.counts`` returns.
    """
    words: list[str] = []
    for provider, operators in sorted(counts.items(), key=lambda item: -sum(item[1].values())):
        nodes = f"{sum(operators.values())} nodes on {provider}"
        words.append(f"{nodes} ({', '.join(operators)})" if words else nodes)
    return ", ".join(words)
