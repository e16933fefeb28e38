"""The example page, written by its command and served as files, in real Chromium."""

import functools
import runpy
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from digit_infer.image.mnist_form import box_of, in_mnist_form
from digit_infer.runtimes import RUNTIMES

REASON = RUNTIMES["browser-tflite"].availability().reason
pytestmark = pytest.mark.skipif(REASON is not None, reason=f"browser: {REASON}")
STROKES = runpy.run_path(str(Path(__file__).parents[1] / "digit_infer" / "serving" / "digit_strokes.py"))["STROKES"]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
DESK = {"viewport": {"width": 1120, "height": 800}}


def write_page(folder, *words, **environment):
    command = [sys.executable, "-m", "bench", "browser", "page", str(folder), *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment or None)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Serve the page as any server of files would."""
    folder = tmp_path_factory.mktemp("page")
    done = write_page(folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def opened(browser, address):
    """Open the page; an error, what its policy forbids, or a request to another host fails the test."""
    complaints, requested, contexts = [], [], []

    def open_in(**window):
        contexts.append(browser.new_context(**window))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda told: complaints.append(told.text) if "Security Policy" in told.text else None)
        page.on("request", lambda request: requested.append(request.url))
        page.goto(address)
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert complaints == []
    assert [url for url in requested if not url.startswith((address, "data:"))] == []


def draw(page, digit):
    box = page.locator("#pad").bounding_box()
    side = min(box["width"], box["height"])
    left, top = box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2
    for stroke in STROKES[digit]:
        points = [(left + across * side, top + down * side) for across, down in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()
    page.locator("#sure", has_text="% sure").wait_for()
    return page.locator("#digit").inner_text()


def pixels_of(page, what):
    """The reds of a picture or a canvas, as an array."""
    width, height, reds = page.locator(what).evaluate(
        """async (shown) => {
            await shown.decode?.();
            const canvas = document.createElement("canvas");
            [canvas.width, canvas.height] = [shown.naturalWidth ?? shown.width, shown.naturalHeight ?? shown.height];
            const paper = canvas.getContext("2d");
            paper.drawImage(shown, 0, 0);
            const { data } = paper.getImageData(0, 0, canvas.width, canvas.height);
            return [canvas.width, canvas.height, Array.from(data).filter((_, at) => at % 4 === 0)];
        }"""
    )
    return np.array(reds, np.uint8).reshape(height, width)


@pytest.mark.parametrize(("window", "digits"), [(DESK, range(10)), (PHONE, (3, 8))], ids=["desk", "phone"])
def test_each_digit_that_a_pen_draws_is_answered_in_the_browser(opened, window, digits):
    page = opened(**window)
    for digit in digits:
        draw(page, digit)  # which may be answered stroke by stroke
        page.locator("#digit", has_text=str(digit)).wait_for()
        page.locator("#clear").click()
        page.locator("#sure", has_text="Nothing drawn yet").wait_for()
    assert page.locator("#model").inner_text() == ", by digitnet"
    assert page.evaluate("document.documentElement.scrollWidth") <= window["viewport"]["width"]


def test_the_network_sees_the_form_of_mnist_as_python_makes_it(opened):
    page = opened(**DESK)
    for digit in (4, 7):
        draw(page, digit)
        ink = 255 - pixels_of(page, "#pad")
        box = box_of(ink)
        expected = in_mnist_form(ink[box.top : box.bottom, box.left : box.right])
        found = pixels_of(page, "#image")
        assert found.shape == (28, 28)
        assert np.abs(found.astype(int) - expected).mean() < 2
        page.locator("#clear").click()


def test_nobody_is_kept_out_by_axes_rules_of_level_a_and_aa(opened):
    pytest.importorskip("axe_playwright_python", reason="pip install 'digit-infer[clients]'")
    from axe_playwright_python.sync_playwright import Axe

    page = opened(**PHONE)
    draw(page, 5)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    found = Axe().run(page, options=rules).response["violations"]
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == []


def test_a_network_that_cannot_be_loaded_is_told_so(browser, address):
    page = browser.new_page()
    page.route("**/model.tflite", lambda route: route.fulfill(status=404))
    page.goto(address)
    page.locator("#error", has_text="The network cannot be loaded").wait_for(timeout=30_000)
    page.close()


def test_a_page_without_its_packages_is_not_written(tmp_path):
    done = write_page(tmp_path / "page", DIGIT_INFER_BROWSER_PACKAGES=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: LiteRT.js is not installed; python -m bench browser install\n"
    assert not (tmp_path / "page").exists()
