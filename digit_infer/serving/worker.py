"""The process of a worker, which ``supervisor`` starts: ``python -m digit_infer.serving.worker SETTINGS``."""

from __future__ import annotations

import os
import sys

from digit_infer.errors import DigitInferError
from digit_infer.serving.server import Doors, serve
from digit_infer.serving.settings import Settings
from digit_infer.serving.sockets import bound
from digit_infer.serving.supervisor import READY


def main(settings: str) -> int:
    """Serve on ports that other workers share, and return the exit code."""
    ready = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever libraries print is no message to the supervisor

    def started(_: Doors) -> None:
        ready.write(READY)
        ready.flush()

    told = Settings.from_json(settings)
    try:
        with bound(told.host, told.port, "--port", shared=True) as rest:
            serve(told, rest, started, among_others=True)
    except DigitInferError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # without taking down the libraries piece by piece
