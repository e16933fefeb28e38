"""Reproduces the published networks: recipes, one trainer, results: ``python -m training --help``."""
