"""Committed pages are what the records say; another figure in a record is another page; nothing imports the pages."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from pages import benchmarks
from pages.__main__ import difference
from pages.catalogue import CARDS, DOCS, ROOT, pages
from pages.render import TEMPLATES, _environment, render, verdict

PAGES = pages()


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_committed_page_is_what_the_records_say(path):
    assert path.read_text(encoding="utf-8") == PAGES[path](), "run python -m pages"


def test_one_changed_figure_changes_the_page(tmp_path):
    shutil.copytree(benchmarks.RESULTS, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.toml"))
    before = benchmarks.benchmarks_page(tmp_path)
    record = tmp_path / "cold_start.json"
    document = json.loads(record.read_text(encoding="utf-8"))
    name, pairs = next(iter(document["results"].items()))
    pairs["second_us"] += 1_000
    record.write_text(json.dumps(document), encoding="utf-8")
    changed = set(benchmarks.benchmarks_page(tmp_path).splitlines()) - set(before.splitlines())
    assert len(changed) == 1
    assert changed.pop().startswith(f"| {name} |")


def test_no_figure_of_a_table_is_typed_in_a_template():
    for template in TEMPLATES.rglob("*.md"):
        rows = [line for line in template.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        typed = [re.sub(r"{{.*?}}|{%.*?%}|{#.*?#}", "", row) for row in rows]
        assert not re.search(r"\d+\.\d+", " ".join(typed)), template.name


def test_every_picture_that_a_page_names_is_there():
    for path in PAGES:
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_nothing_imports_the_pages():
    files = [path for room in ("digit_infer", "training", "export", "bench") for path in (ROOT / room).rglob("*.py")]
    assert len(files) > 100
    importing = [path for path in files if re.search(r"^\s*(from|import) pages\b", path.read_text(encoding="utf-8"), re.M)]
    assert importing == []


def test_check_passes_on_what_is_committed():
    command = [sys.executable, "-m", "pages", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_check_shows_what_writing_would_change(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("same\n| old |\n", encoding="utf-8")
    assert difference(page, "same\n| new |\n")[-2:] == ["-| old |", "+| new |"]
    assert difference(page, page.read_text(encoding="utf-8")) == []
    assert difference(tmp_path / "missing.md", "new\n")[-1] == "+new"


def test_cards_lie_in_the_package():
    assert all(path.parent in (DOCS, CARDS) for path in PAGES)


def test_render_joins_the_lines_of_a_paragraph_and_keeps_tables():
    text = render(
        "pareto", networks=[], costs={}, fronts={}, beside="m", pairs=_pairs(), alone={"digitnet_nano": 1, "m": 2}
    )
    assert "\n| network | accuracy | seeds |\n| --- | ---: | ---: |\n" in text
    assert "in pairs (median of the ratios of a pair's times, with its 95 % interval): `digitnet` × 0.900" in text


def test_render_keeps_code_and_lists(tmp_path, monkeypatch):
    source = "two\nlines\n\n```python\na = 1\n\nb = 2\n```\n\n\n- one\n  more\n"
    (tmp_path / "page.md").write_text(source, encoding="utf-8")
    shutil.copy(TEMPLATES / "macros.md", tmp_path)
    monkeypatch.setattr("pages.render.TEMPLATES", tmp_path)
    monkeypatch.setattr("pages.render._environment", _environment.__wrapped__)  # without its cache
    assert render("page") == "two lines\n\n```python\na = 1\n\nb = 2\n```\n\n- one\n  more\n"


def _pairs():
    pair = {"ratio": 0.9, "ratio_low": 0.8, "ratio_high": 0.95, "first_us": 10.0, "second_us": 9.0, "pairs": 1_000}
    return {"digitnet": pair, "digitnet_nano": pair}


def test_verdict_names_what_breaks_the_bar():
    found = {"a": 1.0, "b": 2.0}
    assert verdict(found, "{:g}", most=2) == "met by all 2."
    assert verdict(found, "× {:.1f}", most=1.5) == "met by 1 of 2, not by b (× 2.0)."
    assert verdict({"a": (1.0, 7)}, "{:g} and {}", least=2) == "met by 0 of 1, not by a (1 and 7)."
    assert verdict({}, "{:g}", most=2) == "nothing is recorded."
