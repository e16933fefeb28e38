"""Where each record was made, and with which versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from digit_infer.benchmark.record_file import read_document
from training.report.page import paragraph, table

_FACTS = ("cpu", "cores_visible", "load_average", "os", "python", "commit")
_PACKAGES = ("numpy", "onnxruntime", "ai-edge-litert", "keras", "tensorflow-cpu")
_COMMIT = 10


def section(results: Path, records: Sequence[str]) -> Iterator[str]:
    """Return what the records say of their machines and of the peers' versions."""
    documents = {name: read_document(results / name) for name in records}
    yield paragraph("""Each record carries its environment: what is here in short, and much more, such as flags of the CPU,
        limits of the control group and variables that matter. The load average is that of the moment when the record was
        written, and of the minutes before.""")
    yield table(
        ["record", *(fact.replace("_", " ") for fact in _FACTS), *_PACKAGES],
        ([name, *_facts(document["environment"])] for name, document in documents.items()),
    )
    versions = {name: versions for document in documents.values() for name, versions in _versions(document)}
    if versions:
        yield "Peers run in environments of their own:"
        yield table(["environment", "versions"], ([name, held] for name, held in sorted(versions.items())))


def _facts(environment: Mapping[str, str]) -> Iterator[str]:
    for fact in (*_FACTS, *_PACKAGES):
        value = environment.get(fact, "")
        yield value[:_COMMIT] if fact == "commit" else value


def _versions(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, packages in document.get("versions", {}).items():
        yield name, ", ".join(f"{package} {version}" for package, version in packages.items())
