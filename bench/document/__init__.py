"""Writes ``docs/exports.md`` and ``docs/benchmarks.md`` from stored records alone: ``python -m bench.document``."""
