"""Writes ``docs/exports.md`` from stored records alone: ``python -m bench.document``."""
