"""The page in a real browser: Debian's Chromium, driven by Playwright."""

import base64
import re
import shutil
from importlib.util import find_spec

import pytest

from .digit_strokes import STROKES

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here: apt-get install chromium"),
    pytest.mark.skipif(find_spec("playwright") is None, reason="pip install 'digit-infer[clients]'"),
]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1120, "height": 800}}


@pytest.fixture
def opened(browser, server):
    """Open the page in a window of its own; whatever the page or its policy complains of fails the test."""
    complaints, contexts, addresses = [], [], []

    def open_in(**window):
        context = browser.new_context(**window)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on("request", lambda request: addresses.append(request.url))
        page.goto(f"http://{server.rest}/")
        return page

    yield open_in
    for context in contexts:
        context.close()
    assert complaints == []
    assert [address for address in addresses if not address.startswith((f"http://{server.rest}/", "data:", "blob:"))] == []


def place(page) -> tuple[float, float, float]:
    """The largest square on the paper: its corner and its side."""
    box = page.locator("#pad").bounding_box()
    side = min(box["width"], box["height"])
    return box["x"] + (box["width"] - side) / 2, box["y"] + (box["height"] - side) / 2, side


def draw(page, strokes, left: float = 0, top: float = 0, share: float = 1):
    x, y, side = place(page)
    for stroke in strokes:
        points = [(x + (left + across * share) * side, y + (top + down * share) * side) for across, down in stroke]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:]:
            page.mouse.move(*point)
        page.mouse.up()


def shown(page, words: str | re.Pattern = "sure") -> str:
    page.locator("#sure", has_text=words).wait_for()
    return page.locator("#digit").inner_text()


def test_each_digit_that_a_pen_draws_is_answered(opened):
    page = opened(**DESK)
    for digit, strokes in STROKES.items():
        draw(page, strokes)
        page.locator("#digit", has_text=str(digit)).wait_for()  # answers come between the strokes, too
        page.locator("#clear").click()
        shown(page, "Nothing drawn yet")


def test_all_that_led_to_an_answer_is_shown(opened):
    page = opened(**DESK)
    draw(page, STROKES[7])
    assert shown(page) == "7"
    shares = [float(text.split()[0]) for text in page.locator("#bars .share").all_inner_texts()]
    assert len(shares) == 10
    assert shares.index(max(shares)) == 7
    assert page.locator("#bars .best").inner_text().startswith("7")
    for picture in ("#ink", "#image"):
        bright = page.locator(picture).evaluate(
            """async (image) => {
                await image.decode();
                const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
                const draw = canvas.getContext("2d");
                draw.drawImage(image, 0, 0);
                const pixels = draw.getImageData(0, 0, canvas.width, canvas.height).data;
                return [canvas.width, canvas.height, pixels.filter((value, at) => at % 4 === 0 && value > 128).length];
            }"""
        )
        assert bright[:2] == ([640, 480] if picture == "#ink" else [28, 28])
        assert bright[2] > 20
        assert page.locator(picture).get_attribute("alt")
    assert page.locator("#model").inner_text() == ", by digitnet"


def test_a_whole_number_is_read_and_each_digit_of_it_shown(opened):
    page = opened(**DESK)
    page.get_by_label("A whole number").check()
    for number, digit in enumerate((4, 0, 7)):
        draw(page, STROKES[digit], left=0.43 * number - 0.15, top=0.25, share=0.45)
    page.locator("#digit", has_text="407").wait_for()
    buttons = page.locator("#digits button")
    assert [text.split(",")[0] for text in buttons.evaluate_all("all => all.map(one => one.ariaLabel)")] == ["4", "0", "7"]
    buttons.nth(2).click()
    assert buttons.nth(2).get_attribute("aria-pressed") == "true"
    assert page.locator("#ink").evaluate("image => image.naturalWidth") == 640
    assert page.locator("#bars .best").inner_text().startswith("7")
    page.get_by_label("One digit").check()
    shown(page, "Several digits found. Choose")


def test_fingers_draw_on_a_phone(opened):
    page = opened(**PHONE)
    x, y, side = place(page)
    session = page.context.new_cdp_session(page)
    for stroke in STROKES[3]:
        for number, (across, down) in enumerate(stroke):
            kind = "touchMove" if number else "touchStart"
            points = [{"x": x + across * side, "y": y + down * side}]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert shown(page) == "3"
    assert page.evaluate("window.scrollY") == 0, "drawing does not scroll"
    assert page.get_by_text("Take a photo").is_visible()
    assert page.locator("#camera").get_attribute("capture") == "environment"


def test_keys_alone_draw_undo_and_clear(opened):
    page = opened(**DESK)
    for _ in range(4):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "pad":
            break
    for key, times in (("ArrowUp", 9), ("Space", 1), ("ArrowDown", 19), ("Space", 1)):
        for _ in range(times):
            page.keyboard.press(key)
    assert shown(page) == "1"
    page.keyboard.press("z")
    shown(page, "Nothing drawn yet")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    page.keyboard.press("Delete")
    shown(page, "Nothing drawn yet")


GIVE = """([target, kind, name, type, text]) => {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const how = kind === "paste" ? { clipboardData: data } : { dataTransfer: data };
    const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
    document.querySelector(target).dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, ...how }));
}"""


@pytest.mark.parametrize(("kind", "target"), [("drop", "#pad"), ("drop", "h1"), ("paste", "body")])
def test_pictures_are_dropped_and_pasted(opened, examples, kind, target):
    page = opened(**DESK)
    content = base64.b64encode((examples / "seven.png").read_bytes()).decode()
    page.evaluate(GIVE, [target, kind, "seven.png", "image/png", content])
    assert shown(page) == "7"
    page.evaluate(GIVE, [target, kind, "seven.txt", "text/plain", content])
    page.locator("#error", has_text="seven.txt is no picture").wait_for()


def test_each_example_that_is_opened_is_answered(opened, examples, example_digits):
    page = opened(**DESK)
    for name, digit in example_digits.items():
        page.locator("#file").set_input_files(examples / name)
        page.locator("#digit", has_text=str(digit)).wait_for()
        page.locator("#clear").click()
        shown(page, "Nothing drawn yet")


def test_a_picture_that_cannot_be_read_is_told_so(browser, server, tmp_path):
    damaged = tmp_path / "damaged.png"
    damaged.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    page = browser.new_page()
    page.goto(f"http://{server.rest}/")
    page.locator("#file").set_input_files(damaged)
    page.locator("#error", has_text=re.compile("picture")).wait_for()
    page.locator("#clear").click()
    page.locator("#error").wait_for(state="hidden")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [DESK, PHONE], ids=["desk", "phone"])
def test_nobody_is_kept_out_by_axes_rules_of_level_a_and_aa(opened, server, scheme, window):
    pytest.importorskip("axe_playwright_python", reason="pip install 'digit-infer[clients]'")
    from axe_playwright_python.sync_playwright import Axe

    page = opened(**window, color_scheme=scheme)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    for state in ("empty", "one digit", "a number"):
        if state == "one digit":
            draw(page, STROKES[5])
            shown(page)
        if state == "a number":
            page.get_by_label("A whole number").check()
            shown(page, "on average")
        found = Axe().run(page, options=rules).response["violations"]
        assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found] == [], state


def test_a_phone_of_360_pixels_shows_all_of_it_without_scrolling_sideways(opened):
    page = opened(**PHONE)
    draw(page, STROKES[2])
    shown(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for button in page.locator("button:visible, .file:visible").all():
        assert button.bounding_box()["height"] >= 24


def test_the_policy_forbids_all_that_is_foreign(server):
    status, content, headers = server.request("GET", "/")
    assert status == 200
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert not re.search(rb"(src|href)=\"(https?:)?//", content)
