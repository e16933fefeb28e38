"""Turns trained Keras models into deployable files, each verified before it is written: ``python -m export --help``."""
