"""What pyproject.toml allows, against the versions that are locked."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
CONFLICTING = ("tflite-legacy", "gpu")
"""Extras that cannot be installed beside the others."""


def requirements(*, without=()):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    groups = [
        project["dependencies"],
        *(lines for name, lines in project["optional-dependencies"].items() if name not in without),
    ]
    found = (Requirement(line) for group in groups for line in group)
    return [requirement for requirement in found if requirement.name != "digit-infer"]


def versions(text):
    lines = [line.split("==") for line in text.splitlines() if not line.startswith("#")]
    return {canonicalize_name(name): Version(version) for name, version in lines}


@pytest.fixture(scope="module")
def locked():
    return versions((ROOT / ".ci" / "locked.txt").read_text(encoding="utf-8"))


def test_all_that_is_required_is_locked_at_a_version_that_is_allowed(locked):
    for requirement in requirements(without=CONFLICTING):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)], prereleases=True), requirement


def test_every_requirement_has_a_lowest_version_and_it_is_what_the_lowest_run_takes():
    script = ROOT / ".ci" / "lowest.py"
    printed = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True).stdout
    lowest = versions(printed)
    for requirement in requirements(without=("tflite-legacy",)):
        (bound,) = re.findall(r">=([\w.]+)", str(requirement.specifier))
        assert lowest[canonicalize_name(requirement.name)] == Version(bound)
        assert requirement.specifier.contains(bound, prereleases=True)
