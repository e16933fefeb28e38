"""Mutations of bytes and of JSON, the same for the same seed."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Mapping, Sequence

_ODD_BYTES = (0x00, 0xFF, 0x7F, 0x80)
_ODD_TEXTS = (
    b"null",
    b"-1",
    b"1e999",
    b"1" + b"0" * 400,
    b'"\\u0000"',
    b"[" * 3_000,
    b"{}",
    b"[]",
    b"true",
    b"NaN",
    b"\xff",
)


def mutated(chance: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """Change one to sixteen places: bits, bytes, runs, copies, cuts, or the end of another seed."""
    content = bytearray(seed)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        if not content:
            break
        kind, place = chance.random(), chance.randrange(len(content))
        if kind < 0.4:
            content[place] = chance.randrange(256)
        elif kind < 0.55:
            content[place] ^= 1 << chance.randrange(8)
        elif kind < 0.65:
            del content[place : place + chance.randrange(1, 9)]
        elif kind < 0.75:
            content[place:place] = chance.randbytes(chance.randrange(1, 9))
        elif kind < 0.85:
            content[place : place + 4] = bytes([chance.choice(_ODD_BYTES)] * 4)
        elif kind < 0.92:
            other = chance.randrange(len(content))
            content[place : place + 16] = content[other : other + 16]
        elif kind < 0.96:
            del content[place:]
        else:
            other_seed = chance.choice(others)
            content[place:] = other_seed[chance.randrange(len(other_seed)) :]
    return bytes(content)


def mutated_json(chance: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """Put an odd value in the place of a number, a text or a name, or change bytes."""
    if chance.random() < 0.4:
        return mutated(chance, seed, others)
    content = seed
    for _ in range(chance.choice((1, 1, 2, 4))):
        begins = [place for place, byte in enumerate(content) if byte in b":[,"]
        start = chance.choice(begins) + 1 if begins else 0
        end = next((place for place in range(start, len(content)) if content[place] in b",]}:"), len(content))
        content = content[:start] + chance.choice(_ODD_TEXTS) + content[end:]
    return content


def mutated_config(chance: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """Put odd values into the JSON of a Keras file, or names and values of another's; the archive stays whole."""
    inside = [_entries(archive)["config.json"] for archive in others]
    entries = _entries(seed)
    entries["config.json"] = mutated_json(chance, entries["config.json"], inside)
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return held.getvalue()


def _entries(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def one_of(chance: random.Random, seeds: Mapping[str, bytes]) -> tuple[str, bytes]:
    """Return a seed with its name."""
    name = chance.choice(sorted(seeds))
    return name, seeds[name]
