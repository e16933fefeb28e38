"""Turns trained Keras models into deployable files, each proven before it is written: ``python -m export --help``."""
