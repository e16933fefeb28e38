"""The same work with what a user would pick instead, each in an environment of its own: ``python -m bench peers``."""
