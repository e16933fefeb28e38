"""Writes generated pages of ``docs`` and model cards from records: ``python -m pages``."""
