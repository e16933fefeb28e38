"""Alternatives that a user would pick, each in its own environment: ``python -m bench peers``."""
