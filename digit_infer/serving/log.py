"""What a server tells of itself on stderr: one JSON object a line, for requests and for what goes wrong."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime

LIBRARIES = ("uvicorn.error", "asyncio", "grpc")
"""Loggers of what runs below; what they warn of is told in the same form."""


def write_event(event: str, **fields: object) -> None:
    """Write one line: when, which process, what."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "pid": os.getpid(), "event": event, **fields}, default=str)
    with suppress(BrokenPipeError):  # whoever read it has gone; those who ask are answered all the same
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def write_failure(doing: str, error: BaseException) -> None:
    """Write an error that is ours, with its traceback."""
    write_event("failure", doing=doing, error=repr(error), traceback="".join(traceback.format_exception(error)))


class _Events(logging.Handler):
    """Writes what libraries log."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        fields: dict[str, object] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        write_event(record.name, **fields)


def take_over_libraries() -> None:
    """Let the libraries' warnings go where everything goes."""
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [_Events()]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
