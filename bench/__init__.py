"""Benchmarks of digit_infer beside the same work done by hand: ``pytest bench`` and ``python -m bench``."""
