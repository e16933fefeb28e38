"""Structured log: one JSON object a line on stderr."""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime

LIBRARIES = ("uvicorn.error", "asyncio", "grpc")
"""Loggers whose warnings are written in the same form."""


def write_event(event: str, **fields: object) -> None:
    """Write one line: time, process, event and fields."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    line = json.dumps({"time": now, "pid": os.getpid(), "event": event, **fields}, default=str)
    with suppress(BrokenPipeError):  # the reader of the log is gone; clients are still answered
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


def write_failure(doing: str, error: BaseException) -> None:
    """Write an unexpected error with its traceback."""
    write_event("failure", doing=doing, error=repr(error), traceback="".join(traceback.format_exception(error)))


class _Events(logging.Handler):
    """Writes the log records of libraries as events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        fields: dict[str, object] = {"level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            fields["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        write_event(record.name, **fields)


def take_over_libraries() -> None:
    """Send the libraries' warnings to this log."""
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [_Events()]
        logger.setLevel(logging.WARNING)
        logger.propagate = False
