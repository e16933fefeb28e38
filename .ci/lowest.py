"""Prints a constraint for each lower bound in pyproject.toml: the lowest versions that it allows."""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"
CONFLICTING = ("tflite-legacy",)
"""Extras that cannot be installed beside the others."""


def main() -> None:
    """Write them to standard output."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    groups = [project["dependencies"], *(lines for name, lines in extras.items() if name not in CONFLICTING)]
    for requirement in (line for group in groups for line in group):
        bound = re.match(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)", requirement)
        if bound:
            sys.stdout.write(f"{bound[1]}=={bound[2]}\n")


if __name__ == "__main__":
    main()
