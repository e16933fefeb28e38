# The verbs of the project; `just` lists them. `pip install rust-just` brings the program.
set positional-arguments

_list:
    @just --list --unsorted

# install everything for development, at the locked versions
setup:
    python -m pip install -q "pip>=25.1"
    python -m pip install -c .ci/locked.txt -e ".[all]" --group dev
    pre-commit install

# run tests: all of them, or those of a folder or name (just test tests/export -k lean)
test *arguments:
    pytest "$@"

# run the tests of the inference package alone, which need no TensorFlow
light *arguments:
    pytest -n auto --dist loadfile tests/digit_infer "$@"

# measure the coverage of the inference package, with the extras cpu and tflite; fails below the floor in pyproject.toml
coverage:
    coverage erase
    coverage run -m pytest -q tests/digit_infer
    coverage combine -q
    coverage report

# check style, types and the order of imports
lint:
    ruff check .
    ruff format --check .
    mypy
    lint-imports

# write the generated pages and their pictures from the records (just pages --check compares only)
pages *arguments:
    python -m pages "$@"

# build the documentation site to site/
docs:
    zensical build --strict

# everything that must pass before a change lands
ci:
    .ci/run
