"""Reproduces the published networks: recipes, a trainer and results: ``python -m training --help``."""
