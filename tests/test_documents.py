"""What the documents say, against what ships: their Python runs, their commands exist, their links lead somewhere."""

import re
import shlex
import shutil
import statistics
import subprocess
import sys
from importlib import import_module
from itertools import takewhile
from pathlib import Path

import click
import pytest
import yaml
from PIL import Image

from digit_infer import __all__ as exported
from digit_infer import zoo

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
BY_HAND = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "bench" / "README.md",
    DOCS / "index.md",
    DOCS / "architecture.md",
    *sorted((DOCS / "guides").glob("*.md")),
)
"""Documents that are written by hand, and say what users and developers can type."""

PROGRAMS = {
    "digit-infer": "digit_infer.cli",
    "python -m training": "training.cli",
    "python -m export": "export.cli",
    "python -m pages": "pages.__main__",
}


def text_of(path):
    return path.read_text(encoding="utf-8")


def blocks(language):
    """Return what a document has in fenced blocks of a language, each with its name in the test's."""
    found = []
    for path in BY_HAND:
        fenced = re.findall(rf"^( *)```{language}\n(.*?)^ *```$", text_of(path), re.M | re.S)
        for number, (indent, code) in enumerate(fenced, start=1):
            dedented = "".join(line.removeprefix(indent) for line in code.splitlines(keepends=True))
            found.append(pytest.param(dedented, id=f"{path.stem}-{number}"))
    return found


def commands():
    """Return every command line of ours in code of the documents."""
    found = []
    for path in BY_HAND:
        text = text_of(path)
        text = text.replace("\\\n", " ")
        lines = re.findall(r"^ {4,}(.*)$", text, re.M)
        lines += [line for code in re.findall(r"```(?:sh|console)\n(.*?)```", text, re.S) for line in code.splitlines()]
        lines += re.findall(r"`([^`\n]+)`", text)
        joined = (re.split(r" {2,}#| \| ", line)[0].strip().removeprefix("$ ") for line in lines)
        found += [line for line in joined if line.startswith(tuple(f"{program} " for program in PROGRAMS))]
    return sorted(set(found))


@pytest.fixture
def folder(tmp_path):
    """A folder with the files that the documents name."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    (tmp_path / "scans").mkdir()
    shutil.copy(ROOT / "examples" / "seven.png", tmp_path / "scans")
    shutil.copy(ROOT / "examples" / "zero_in_poor_light.jpg", tmp_path / "photo.jpg")
    Image.open(ROOT / "examples" / "seven.png").convert("L").save(tmp_path / "form.jpg")
    return tmp_path


def test_readme_shows_every_model_as_it_is():
    readme = text_of(ROOT / "README.md")
    for model in zoo.models().values():
        accuracy, seeds = model.accuracy, model.training.accuracy_by_seed
        name = f"`{model.name}` (default)" if model.name == zoo.DEFAULT_MODEL else f"`{model.name}`"
        cells = (
            name,
            f"{model.parameters:,}",
            f"{100 * accuracy.share:.2f} % ({100 * accuracy.low:.2f} to {100 * accuracy.high:.2f})",
            f"{100 * statistics.fmean(seeds):.2f} % ({len(seeds)})",
            "ours" if model.published_accuracy is None else f"{100 * model.published_accuracy:.2f} %",
        )
        assert f"| {' | '.join(cells)} |" in readme


def test_readme_is_read_in_two_minutes_and_has_the_two_commands():
    readme = text_of(ROOT / "README.md")
    assert len(readme.splitlines()) <= 100
    assert '    pip install ".[cpu]" && digit-infer predict examples/seven.png\n' in readme
    assert '    pip install -c .ci/locked.txt -e ".[all]" && pytest -n 2 --dist loadfile\n' in readme


def test_readme_shows_what_its_first_command_prints(digit_infer):
    printed = digit_infer("predict", str(ROOT / "examples" / "seven.png")).out
    shown = "".join(f"    {line}\n" if line else "\n" for line in printed.splitlines())
    assert shown in text_of(ROOT / "README.md")


@pytest.mark.parametrize("code", blocks("python"))
def test_python_of_the_documents_runs(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("session", blocks("console"))
def test_console_sessions_show_what_is_printed(session, folder):
    first, *expected = session.splitlines()
    program, *arguments = shlex.split(first.removeprefix("$ "))
    assert program == "digit-infer"
    command = [sys.executable, "-c", "from digit_infer.cli import run; run()", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    printed = list(takewhile(bool, done.stdout.splitlines()))
    assert printed == expected


@pytest.mark.parametrize("line", commands())
def test_command_of_the_documents_exists_with_its_options(line):
    program = next(name for name in PROGRAMS if line.startswith(f"{name} "))
    words = [word for word in shlex.split(line.removeprefix(program).partition(">")[0], comments=True) if word != "…"]
    command = import_module(PROGRAMS[program]).main
    while command is not None:
        context = click.Context(command)
        _, words, _ = command.make_parser(context).parse_args(words)  # raises for an option that does not exist
        if not isinstance(command, click.Group) or not words:
            return
        command = command.get_command(context, words.pop(0))
    pytest.fail(f"{program} has no such command")


def test_links_within_the_repository_lead_to_files():
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "bench" / "README.md", ROOT / "SECURITY.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", text_of(path)):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_answers_of_the_twenty_questions_are_files_and_folders():
    table = text_of(DOCS / "architecture.md").partition("## Twenty questions")[2]
    answers = [line.split("|")[2] for line in table.splitlines() if line.startswith("| …")]
    assert len(answers) == 20
    for answer in answers:
        (first, *_) = re.findall(r"`([^`]+)`", answer)
        assert list(ROOT.glob(first.rstrip("/"))), first


def test_every_page_of_docs_stands_in_the_navigation():
    class Loader(yaml.SafeLoader):
        """Reads what MkDocs writes."""

    def leaves(entry):
        for value in entry if isinstance(entry, list) else entry.values() if isinstance(entry, dict) else ():
            yield from [value] if isinstance(value, str) else leaves(value)

    document = yaml.load(text_of(ROOT / "mkdocs.yml"), Loader)  # noqa: S506  # a subclass of the safe one
    assert sorted(leaves(document["nav"])) == sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))


def test_references_name_what_there_is():
    cli = text_of(DOCS / "reference" / "cli.md")
    module, command = (re.findall(rf":{word}: (\S+)", cli)[0] for word in ("module", "command"))
    assert isinstance(getattr(import_module(module), command), click.Group)
    api = text_of(DOCS / "reference" / "api.md")
    members = {name.strip() for found in re.findall(r"members: \[(.*)\]", api) for name in found.split(",")}
    for name in re.findall(r"^::: (\S+)$", api, re.M):
        if name.rpartition(".")[2].istitle():
            members.add(name.rpartition(".")[2])
            name = name.rpartition(".")[0]
        module = import_module(name)
        members |= {word for word, value in vars(module).items() if getattr(value, "__module__", None) == module.__name__}
    assert set(exported) - {"__version__"} <= members
