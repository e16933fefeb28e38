"""Sockets that are bound before anything is loaded, so that a port that is taken is told at once."""

from __future__ import annotations

import socket

from digit_infer.errors import ServingError

_BACKLOG = 2048


def bound(host: str, port: int, option: str, *, shared: bool = False) -> socket.socket:
    """Listen on an address; port 0 takes a free one.

    Args:
        host: an address of this machine, or its name.
        port: the port.
        option: what tells the port on the command line.
        shared: only hold the port, so that other processes that share it may listen there.

    Raises:
        ServingError: it cannot be bound.
    """
    opened = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        opened = socket.socket(family, kind, protocol)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT if shared else socket.SO_REUSEADDR, 1)
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
