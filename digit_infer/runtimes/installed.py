"""Which distributions are installed, without importing them."""

from __future__ import annotations


def installed_version(*distributions: str) -> str | None:
    """Return the version of the first of these distributions that is installed, or None."""
    from importlib.metadata import PackageNotFoundError, version  # 20 ms that most predictions can do without

    for distribution in distributions:
        try:
            return version(distribution)
        except PackageNotFoundError:
            continue
    return None
