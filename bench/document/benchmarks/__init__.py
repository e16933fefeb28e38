"""``docs/benchmarks.md`` from the records in ``bench/results``, a file a section."""
