import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from digit_infer.benchmark.report.html import html_text
from digit_infer.benchmark.report.recommendation import recommendation
from digit_infer.benchmark.report.tables import markdown_text
from digit_infer.benchmark.summary import summaries

SVG = re.compile(r"<svg role=.*?</svg>", re.DOTALL)
EVIL = "</title><script>alert(1)</script>\"'&.onnx"


def tree_of(plot):
    return ElementTree.fromstring(plot)  # noqa: S314  # of our own page


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    handle_startendtag = handle_starttag


def tags_of(text):
    parser = Tags()
    parser.feed(text)
    return parser.found


def test_the_page_needs_nothing_from_elsewhere(rich_record):
    page = html_text(rich_record)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in tags_of(page)}
    assert not [attributes for _, attributes in tags_of(page) if {"src", "href"} & attributes.keys()]
    assert "http" not in page.replace("http-equiv", "")
    assert "@import" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_every_plot_is_well_formed_and_says_in_words_what_it_shows(rich_record):
    plots = SVG.findall(html_text(rich_record))
    assert len(plots) == 6
    seen = set()
    for plot in plots:
        tree = tree_of(plot)
        title, description = tree[0], tree[1]
        assert (title.tag, description.tag) == ("title", "desc")
        assert tree.get("aria-labelledby").split() == [title.get("id"), description.get("id")]
        assert len(description.text) > 30
        seen |= {title.get("id")}
        numbers = [value for part in tree.iter() for value in part.attrib.values() if value in ("nan", "inf", "-inf")]
        assert not numbers
    assert len(seen) == 6


def test_nothing_of_a_plot_lies_outside_of_it(rich_record):
    for plot in SVG.findall(html_text(rich_record)):
        tree = tree_of(plot)
        width, height = float(tree.get("width")), float(tree.get("height"))
        for part in tree.iter():
            for name, limit in (("x", width), ("cx", width), ("x1", width), ("y", height), ("cy", height), ("y2", height)):
                if name in part.attrib:
                    assert 0 <= float(part.get(name)) <= limit


def test_what_comes_from_a_record_is_escaped_everywhere(rich_record, with_rows):
    evil = with_rows(
        rich_record,
        lambda row: replace(
            row,
            configuration=replace(row.configuration, model=row.configuration.model and EVIL),
            artefact=replace(row.artefact, file=EVIL, provider=EVIL),
        ),
    )
    evil = replace(
        evil,
        environment={"cpu": EVIL, EVIL: EVIL, "OMP_X": EVIL},
        skipped=(replace(evil.skipped[0], reason=EVIL),),
    )
    page = html_text(evil)
    assert "<script" not in page
    assert "script" not in {tag for tag, _ in tags_of(page)}
    assert [tree_of(plot).tag for plot in SVG.findall(page)] == ["svg"] * 6
    assert "<script" not in markdown_text(evil).replace("\\<", "")


def test_the_page_holds_every_row_the_environment_the_method_and_what_was_left_out(rich_record):
    page = html_text(rich_record)
    text = re.sub(r"<style>.*?</style>|<[^>]+>", " ", page, flags=re.DOTALL).replace("&nbsp;", " ")
    text = text.replace("&#x27;", "'")
    for sentence in recommendation(summaries(rich_record)):
        assert sentence in text
    for word in ("Some CPU", "CPython 3.11.7", "no CUDA device", "shuffled with the seed 0", "40 ns to read", "Poisson"):
        assert (word in text) == (word != "Poisson"), "the server scenario was not asked for"
    assert page.count("<tr") == 2 * (1 + len(rich_record.rows))
    assert page.count('<tr class="taken">') == 2


@pytest.mark.parametrize(
    "times",
    [
        {("", "null", None, None, 1): 0.5},
        {("lenet", "onnx-cpu", "float32", 1, 1): 500.0},
        {("lenet", "onnx-cpu", "float32", 1, 256): 50_000.0},
    ],
)
def test_a_record_of_little_makes_a_page_too(made_record, times):
    record = made_record(times, processes=1, blocks=1)
    page = html_text(record)
    assert page.endswith("</html>\n")
    assert markdown_text(record).startswith("# digit-infer bench\n")


def test_a_record_without_streams_and_without_accuracy_makes_a_page(rich_record, with_rows):
    bare = with_rows(
        rich_record,
        lambda row: replace(
            row,
            accuracy=None,
            flips=None,
            processes=tuple(replace(process, stream=None, stages=None, server=None) for process in row.processes),
        ),
    )
    page = html_text(bare)
    assert "No row has both an accuracy and a latency of one picture." in page
    assert "No latencies were measured." in page
    assert len(SVG.findall(page)) == 2
