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


def document():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def in_groups():
    """The requirements of all dependency groups, each once."""
    lines = [line for group in document()["dependency-groups"].values() for line in group if isinstance(line, str)]
    return [Requirement(line) for line in dict.fromkeys(lines)]


def requirements(*, without=()):
    project = document()["project"]
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
    for requirement in [*requirements(without=CONFLICTING), *in_groups()]:
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)], prereleases=True), requirement


def test_every_requirement_has_a_lowest_version_and_it_is_what_the_lowest_run_takes():
    script = ROOT / ".ci" / "lowest.py"
    printed = subprocess.run([sys.executable, script], check=True, capture_output=True, text=True).stdout
    lowest = versions(printed)
    for requirement in requirements(without=("tflite-legacy",)):
        (bound,) = re.findall(r">=([\w.]+)", str(requirement.specifier))
        assert lowest[canonicalize_name(requirement.name)] == Version(bound)
        assert requirement.specifier.contains(bound, prereleases=True)


def test_groups_and_extras_ask_for_the_same_versions_of_the_same_packages():
    bounds = {canonicalize_name(one.name): one.specifier for one in requirements()}
    both = [one for one in in_groups() if canonicalize_name(one.name) in bounds]
    assert {one.name for one in both} == {
        "hypothesis",
        "import-linter",
        "mypy",
        "pre-commit",
        "pytest",
        "pytest-xdist",
        "ruff",
    }
    for requirement in both:
        assert requirement.specifier == bounds[canonicalize_name(requirement.name)]


def test_extras_that_exclude_each_other_are_declared_as_conflicts():
    declared = [{entry["extra"] for entry in pair} for pair in document()["tool"]["uv"]["conflicts"]]
    assert {"cpu", "gpu"} in declared
    assert {"tflite", "tflite-legacy"} in declared
    extras = document()["project"]["optional-dependencies"]
    for pair in declared:
        assert pair <= set(extras)
