"""Files of several pages or frames: which is taken, how many there are, and that none is left out in silence."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digit_infer import Predictor, frames
from digit_infer.errors import PictureNotFoundError, PictureTooLargeError, UnreadablePictureError
from digit_infer.image import decode, decode_page, seen
from digit_infer.image.grey import MOST_PAGES

KINDS = ["TIFF", "GIF", "PNG", "WEBP"]


def digit(number):
    image = Image.new("L", (60, 80), 255)
    ImageDraw.Draw(image).text((15, 5), str(number), fill=0, font_size=60)
    return image


def blank(grey=250):
    """Paper with a grain that differs by more grey levels than a blank picture does."""
    grain = np.random.default_rng(0).normal(grey, 3, (80, 60))
    return Image.fromarray(np.clip(grain, 0, 255).astype(np.uint8))


def stored(kind, *images):
    buffer = io.BytesIO()
    settings = {"lossless": True} if kind == "WEBP" else {}
    images[0].save(buffer, kind, save_all=True, append_images=images[1:], **settings)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def predictor():
    with Predictor() as predictor:
        yield predictor


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_page_is_taken_and_all_are_counted(kind, predictor):
    content = stored(kind, digit(3), digit(7), digit(4))
    prediction = predictor.predict(content)
    assert (prediction.digit, prediction.page, prediction.pages) == (3, 1, 3)
    reading = predictor.read(content)
    assert (reading.text, reading.page, reading.pages) == ("3", 1, 3)
    [streamed] = predictor.predict_many([content])
    assert (streamed.digit, streamed.page, streamed.pages) == (3, 1, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_each_page_can_be_chosen(kind, predictor, tmp_path):
    path = tmp_path / "several"
    path.write_bytes(stored(kind, digit(3), blank(), digit(4)))
    assert [predictor.predict(path, page=page).is_digit for page in (1, 2, 3)] == [True, False, True]
    assert predictor.predict(path, page=3).digit == 4
    assert predictor.read(path, page=3).text == "4"
    for page in (0, 4, "1", -1):
        with pytest.raises(
            PictureNotFoundError, match=rf"{path} has 3 pages, and no page {page!r}; pages are counted from 1"
        ):
            predictor.predict(path, page=page)


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_first_page_is_passed_over_and_told(kind, predictor):
    prediction = predictor.predict(stored(kind, blank(), blank(230), digit(7)))
    assert (prediction.digit, prediction.is_digit, prediction.page, prediction.pages) == (7, True, 3, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_of_blank_pages_alone_the_first_is_taken(kind, predictor):
    prediction = predictor.predict(stored(kind, blank(250), blank(240), blank(230)))
    assert (prediction.is_digit, prediction.page, prediction.pages) == (False, 1, 3)


@pytest.mark.parametrize("kind", KINDS)
def test_frames_are_pictures_that_predict_takes(kind, predictor, tmp_path):
    path = tmp_path / "several"
    path.write_bytes(stored(kind, digit(3), digit(7), digit(4)))
    for source in (path, path.read_bytes(), io.BytesIO(path.read_bytes())):
        assert [answer.digit for answer in predictor.predict_many(frames(source))] == [3, 7, 4]
    for number, frame in enumerate(frames(path), start=1):
        np.testing.assert_array_equal(np.asarray(frame), decode_page(path, number=number).grey)


def test_frames_of_one_picture_are_one():
    assert len(list(frames(stored("PNG", digit(3))))) == 1
    with pytest.raises(UnreadablePictureError, match="no picture that can be read"):
        list(frames(b"no picture at all"))


def test_while_frames_are_taken_other_pictures_are_read(predictor):
    content = stored("TIFF", digit(3), digit(7))
    assert [predictor.predict(content, page=2).digit for _ in frames(content)] == [7, 7]


def test_pages_may_differ_in_size_and_mode():
    content = stored("TIFF", digit(3).convert("1"), digit(7).convert("RGB").resize((120, 160)))
    assert [frame.size for frame in frames(content)] == [(60, 80), (120, 160)]


def test_yellow_ink_on_the_second_page_is_seen():
    page = Image.new("RGB", (100, 100), "white")
    page.paste((255, 240, 60), (45, 30, 55, 70))
    found = seen(stored("TIFF", Image.new("RGB", (100, 100), "white"), page))
    assert (found.page, found.pages) == (2, 2)
    assert int(found.grey.max()) - int(found.grey.min()) > 150


def test_an_open_image_is_taken_as_it_stands(predictor):
    with Image.open(io.BytesIO(stored("GIF", blank(), digit(7), digit(4)))) as image:
        image.seek(1)
        assert (predictor.predict(image).digit, image.tell()) == (7, 1)
        ImageDraw.Draw(image).rectangle((0, 0, 60, 80), fill=255)
        for _ in range(2):
            assert not predictor.predict(image).is_digit, "what was drawn on it stays"
        with pytest.raises(PictureNotFoundError, match="an open image has 1 page, and no page 2"):
            predictor.predict(image, page=2)


def test_a_picture_of_one_page_has_one():
    page = decode_page(stored("PNG", digit(3)), number=1)
    assert (page.number, page.count) == (1, 1)
    with pytest.raises(PictureNotFoundError, match="the picture has 1 page, and no page 2"):
        decode_page(stored("PNG", digit(3)), number=2)


def test_a_damaged_second_page_does_not_refuse_the_first():
    content = bytearray(stored("TIFF", digit(3), digit(7)))
    first = struct.unpack_from("<I", content, 4)[0]
    entries = struct.unpack_from("<H", content, first)[0]
    struct.pack_into("<I", content, first + 2 + 12 * entries, len(content) + 1_000)
    np.testing.assert_array_equal(decode(bytes(content)), np.asarray(digit(3)))


def many_pages(count):
    """A TIFF file of directories that name a page of 1 x 1 pixel each."""
    entries = [(256, 1), (257, 1), (258, 8), (262, 1), (273, 0), (279, 1)]
    size = 2 + 12 * len(entries) + 4
    content = b"II*\0" + struct.pack("<I", 8)
    for number in range(count):
        fields = b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
        content += (
            struct.pack("<H", len(entries))
            + fields
            + struct.pack("<I", 8 + size * (number + 1) if number < count - 1 else 0)
        )
    return content


def test_thousands_of_pages_are_counted_up_to_a_bound():
    assert decode_page(many_pages(3_000)).count == MOST_PAGES < 3_000


def test_frames_that_would_take_too_much_memory_are_refused_and_the_first_is_taken():
    page = Image.new("RGB", (7_000, 7_000), "white")
    content = stored("PNG", page, page.point(lambda grey: grey - 3))
    assert decode_page(content).number == 1
    with pytest.raises(PictureTooLargeError, match="would take about 588 MB"):
        decode_page(content, number=2)


def test_blank_pages_are_passed_over_until_they_have_as_many_pixels_as_the_largest_picture():
    page = Image.new("1", (4_000, 4_000), 1)
    last = page.copy()
    last.paste(0, (1_000, 1_000, 2_000, 3_000))
    assert decode_page(stored("TIFF", *[page] * 4, last)).number == 5
    assert decode_page(stored("TIFF", *[page] * 8, last)).number == 1
