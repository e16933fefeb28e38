"""Writes the generated pages of ``docs`` and the model cards from records alone: ``python -m pages``."""
