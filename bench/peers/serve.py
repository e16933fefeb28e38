"""Runs inside a peer's environment: measures a peer's call with the same loop as ours.

``python -m bench.peers.serve``; the first request has ``peer`` besides model and batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bench.peers import calls
from bench.peers.table import PEERS, PeerName, file_for
from digit_infer import zoo
from digit_infer.benchmark.record import Artefact
from digit_infer.benchmark.worker import System, serve
from digit_infer.runtimes.model_file import verify

if TYPE_CHECKING:
    from pathlib import Path

    from digit_infer.benchmark.scenarios import Answer


def open_call(name: PeerName, path: Path, batch: int) -> Answer:
    """Open a file with the named peer."""
    answer: Answer = getattr(calls, name)(path, batch)
    return answer


def open_peer(request: Mapping[str, Any]) -> System:
    """Open the peer in a request."""
    peer = PEERS[request["peer"]]
    file = file_for(request["model"], peer)
    verify(file)
    artefact = Artefact(
        file=file.path.name,
        format=file.format,
        precision=file.precision,
        bytes=file.bytes,
        sha256=file.sha256,
        parameters=zoo.model_named(file.model).parameters,
        multiply_adds=None,
        provider=peer.environment,
        device=None,
        placement=None,
        threads=None if peer.environment == "keras" else 1,
    )
    return System(open_call(peer.name, file.path, request["batch"]), artefact)


if __name__ == "__main__":
    serve(open_peer)
