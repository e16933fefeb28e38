"""Writes scalars for TensorBoard with the package ``tensorboard`` alone.

The callback of Keras imports TensorFlow, which is not needed for training on JAX or PyTorch.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def log_scalars(folder: Path, step: int, scalars: Mapping[str, float]) -> None:
    """Append an event file with one value a tag at ``step``; files of a folder are read as one sequence."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = EventFileWriter(str(folder), filename_suffix=f".{step:04d}")
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
    writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=values)))
    writer.close()
