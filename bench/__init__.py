"""Benchmarks of digit_infer against the same work by hand: ``pytest bench`` and ``python -m bench``."""
