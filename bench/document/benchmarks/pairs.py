"""Reads records of pairs: two ways to do the same thing, timed A B B A."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.paired import Pairs
from bench.peers.stored import read_results


def read_pairs(path: Path) -> Mapping[str, Pairs]:
    """Return the pairs of a record by what they are of.

    Raises:
        RecordError: it is damaged or of another schema.
    """
    return read_results(path, Pairs)
