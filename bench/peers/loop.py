"""A bare loop, as one writes it to measure throughput without a tool; it uses nothing of our harness.

``python -m bench.peers.loop PEER MODEL BATCH SECONDS`` prints the number of images and the seconds as JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time

from bench.peers.serve import open_call
from bench.peers.table import PEERS, file_for
from digit_infer.dataset import load

_CALLS_A_LOOK = 16
_IMAGES = 4_096  # as many as our harness uses: fewer would stay in the caches


def main() -> None:
    """Run batch after batch, and read the clock after every sixteen."""
    name, model, batch, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    peer = next(peer for peer in PEERS.values() if peer.name == name)
    call = open_call(peer.name, file_for(model, peer).path, batch)
    images = load("test").images
    turn = itertools.cycle([images[start : start + batch] for start in range(0, _IMAGES, batch)])
    for queried in itertools.islice(turn, 3):
        call(queried)
    looks, start = 0, time.time()
    while time.time() < start + seconds:
        for queried in itertools.islice(turn, _CALLS_A_LOOK):
            call(queried)
        looks += 1
    took = time.time() - start
    sys.stdout.write(json.dumps({"images": looks * _CALLS_A_LOOK * batch, "seconds": took}) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
