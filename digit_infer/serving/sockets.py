"""Sockets that are bound before anything is loaded, so that a port that is taken is told at once."""

from __future__ import annotations

import socket
from typing import Any

from digit_infer.errors import ServingError

_BACKLOG = 2048


def bound(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    """Take an address; port 0 takes a free one.

    Args:
        host: an address of this machine, or its name.
        port: the port.
        option: what tells the port on the command line.
        shared: let other processes that say so take it as well; whoever listens there is dealt a part of the connections.

    Raises:
        ServingError: it cannot be bound, or not shared.
    """
    share: Any = getattr(socket, "SO_REUSEPORT", None)  # which Windows has not
    if shared and share is None:
        raise ServingError("this system does not let several processes share a port", "leave --workers out")
    opened = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, share if shared else socket.SO_REUSEADDR, 1)
        opened.bind(address)
        if not shared:
            opened.listen(_BACKLOG)
    except OSError as error:
        if opened is not None:
            opened.close()
        raise ServingError(
            f"{host}:{port} cannot be bound ({error.strerror})", f"choose another --host or {option}"
        ) from error
    return opened
