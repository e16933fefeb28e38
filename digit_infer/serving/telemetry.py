"""Metrics for Prometheus, and a log with one JSON object a line on stderr.

The protocol's statistics are computed from the same numbers as the metrics. With several workers, each writes metrics to
files in the folder ``PROMETHEUS_MULTIPROC_DIR``, and each reports the totals.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
import traceback
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from digit_infer.serving.protocol import VERSION

Door = Literal["rest", "grpc", "page"]
DOORS: tuple[Door, ...] = get_args(Door)

CONTENT_TYPE = CONTENT_TYPE_LATEST
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus_client reads it when imported, so workers start with it in their environment."""

_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_PICTURES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


@dataclass(frozen=True)
class ModelMetrics:
    """Metrics of the calls of one model."""

    waiting: Gauge
    queue_seconds: Histogram
    call_seconds: Histogram
    batch_pictures: Histogram

    def called(self, waited: Sequence[float], pictures: int, seconds: float) -> None:
        """Count a call: each request's waiting time in seconds, the number of pictures, the call's duration in seconds."""
        self.waiting.dec(len(waited))
        for wait in waited:
            self.queue_seconds.observe(wait)
        self.batch_pictures.observe(pictures)
        self.call_seconds.observe(seconds)


class Metrics:
    """All metrics of one process."""

    def __init__(self) -> None:
        several = bool(os.environ.get(FOLDER_VARIABLE))
        own = CollectorRegistry()
        self._all = CollectorRegistry() if several else own
        if several:
            MultiProcessCollector(self._all)  # type: ignore[no-untyped-call]  # untyped in the library
        self._answers: dict[tuple[str, Door], tuple[Counter, Histogram, Gauge]] = {}
        by_door, by_model = ["model", "door"], ["model"]
        self._requests = Counter("digit_infer_requests", "Requests to a model", by_door, registry=own)
        self._errors = Counter("digit_infer_errors", "Refused and failed requests", [*by_door, "kind"], registry=own)
        self._seconds = Histogram(
            "digit_infer_request_seconds",
            "Time from the complete request to its answer",
            by_door,
            registry=own,
            buckets=_SECONDS,
        )
        self._last = Gauge(
            "digit_infer_last_answer_timestamp_seconds", "Time of the last answer", by_model, registry=own,
            multiprocess_mode="max",
        )  # fmt: skip
        self._waiting = Gauge(
            "digit_infer_waiting_requests", "Requests in the queue or in a call", by_model, registry=own,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._queue = Histogram(
            "digit_infer_queue_seconds", "Time of a request in the queue", by_model, registry=own, buckets=_SECONDS
        )
        self._call = Histogram(
            "digit_infer_call_seconds", "Duration of a call of the model", by_model, registry=own, buckets=_SECONDS
        )
        self._batch = Histogram(
            "digit_infer_batch_pictures", "Pictures in a call of the model", by_model, registry=own, buckets=_PICTURES
        )

    def of_model(self, model: str) -> ModelMetrics:
        """Return the metrics of a model's calls, all at 0."""
        for door in DOORS:
            self._of_answers(model, door)
        return ModelMetrics(
            self._waiting.labels(model), self._queue.labels(model), self._call.labels(model), self._batch.labels(model)
        )

    def answered(self, model: str, door: Door, seconds: float) -> None:
        """Count an answered request."""
        requests, times, last = self._answers.get((model, door)) or self._of_answers(model, door)
        requests.inc()
        times.observe(seconds)
        last.set(time.time())

    def _of_answers(self, model: str, door: Door) -> tuple[Counter, Histogram, Gauge]:
        """Look up a model's series and cache them: the library's lookup costs as much as counting."""
        found = self._requests.labels(model, door), self._seconds.labels(model, door), self._last.labels(model)
        self._answers[model, door] = found
        return found

    def failed(self, model: str, door: Door, kind: str) -> None:
        """Count a refused or failed request; ``model`` is empty if there is no such model."""
        self._requests.labels(model, door).inc()
        self._errors.labels(model, door, kind).inc()

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._all)

    def statistics(self, model: str) -> dict[str, Any]:
        """Return a model's statistics in the protocol's form: durations in ns, ``last_inference`` in ms since 1970.

        Requests from the page are excluded.
        """
        sums = self._sums(model)
        requests, errors = sums["digit_infer_requests_total"], sums["digit_infer_errors_total"]
        calls, call_s = sums["digit_infer_call_seconds_count"], sums["digit_infer_call_seconds_sum"]
        queue = _duration(sums["digit_infer_queue_seconds_count"], sums["digit_infer_queue_seconds_sum"])
        return {
            "name": model,
            "version": VERSION,
            "last_inference": int(1000 * sums["digit_infer_last_answer_timestamp_seconds"]),
            "inference_count": int(sums["digit_infer_batch_pictures_sum"]),
            "execution_count": int(calls),
            "inference_stats": {
                "success": _duration(requests - errors, sums["digit_infer_request_seconds_sum"]),
                "fail": _duration(errors, 0.0),
                "queue": queue,
                "compute_input": _duration(0, 0.0),
                "compute_infer": _duration(calls, call_s),
                "compute_output": _duration(0, 0.0),
            },
            "batch_stats": [],
        }

    def _sums(self, model: str) -> defaultdict[str, float]:
        """Return a model's samples by name, summed over REST and gRPC and over kinds of errors."""
        sums: defaultdict[str, float] = defaultdict(float)
        for metric in self._all.collect():
            for sample in metric.samples:
                if sample.labels.get("model") == model and sample.labels.get("door") != "page":
                    sums[sample.name] += sample.value
        return sums


def _duration(count: float, seconds: float) -> dict[str, int]:
    return {"count": int(count), "ns": round(1e9 * seconds)}


LIBRARIES = ("uvicorn.error", "asyncio")
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
