import io
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digit_infer.errors import (
    DigitInferError,
    InvalidArrayError,
    PictureNotFoundError,
    PictureTooLargeError,
    UnreadablePictureError,
)
from digit_infer.image import decode, seen
from digit_infer.image.grey import ONE_DIGIT_SIDE
from digit_infer.image.picture_file import MAX_PIXELS


def ramp(width=9, height=7):
    return np.arange(width * height, dtype=np.uint8).reshape(height, width)


def png(image: Image.Image, **settings) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **settings)
    return buffer.getvalue()


def test_every_kind_of_source_gives_the_same_picture(tmp_path):
    pixels = ramp()
    image = Image.fromarray(pixels)
    path = tmp_path / "ramp.png"
    path.write_bytes(png(image))
    with path.open("rb") as file:
        sources = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), file, image, pixels, pixels[..., None]]
        for source in sources:
            np.testing.assert_array_equal(decode(source), pixels)


def test_a_suffix_that_lies_is_no_obstacle(tmp_path):
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(png(Image.fromarray(ramp())))
    np.testing.assert_array_equal(decode(path), ramp())


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LA", "I", "F", "I;16"])
def test_every_mode_of_pillow_keeps_black_and_white(mode):
    pixels = np.zeros((6, 6), np.uint8)
    pixels[2:4, 2:4] = 255
    image = Image.fromarray(pixels)
    if mode == "I;16":
        converted = Image.fromarray(pixels.astype(np.uint16) * 257)
    else:
        converted = image.convert(mode)
    np.testing.assert_array_equal(decode(converted), pixels)


def test_sixteen_bits_are_scaled_not_cut():
    image = Image.fromarray(np.array([[0, 32_896, 65_535]], np.uint16))
    assert decode(png(image)).tolist() == [[0, 128, 255]]


@pytest.mark.parametrize(("stroke", "ground"), [(0, 255), (255, 0)])
def test_a_transparent_ground_becomes_what_the_strokes_stand_out_from(stroke, ground):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[3:5, 3:5] = (stroke, stroke, stroke, 255)
    grey = decode(pixels)
    assert grey[0, 0] == ground
    assert grey[3, 3] == stroke


def test_a_photograph_is_turned_as_its_exif_says():
    image = Image.fromarray(ramp(16, 8))
    exif = Image.Exif()
    exif[0x0112] = 6
    assert decode(png(image, exif=exif)).shape == (16, 8)


def test_large_photographs_are_made_smaller_while_decoding():
    buffer = io.BytesIO()
    Image.new("RGB", (4000, 3000), "white").save(buffer, "JPEG")
    assert max(decode(buffer.getvalue()).shape) <= 2048


def test_a_photograph_of_one_digit_is_decoded_smaller_than_a_page():
    buffer = io.BytesIO()
    Image.new("L", (4000, 3000), 255).save(buffer, "JPEG")
    digit, page = decode(buffer.getvalue(), ONE_DIGIT_SIDE), decode(buffer.getvalue())
    assert max(digit.shape) < 2 * ONE_DIGIT_SIDE < max(page.shape)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("empty", UnreadablePictureError, "is empty"),
        ("text", UnreadablePictureError, "is no picture that can be read"),
        ("truncated", UnreadablePictureError, "is truncated or damaged"),
        ("huge", PictureTooLargeError, "is too large"),
    ],
)
@pytest.mark.parametrize("as_bytes", [False, True])
def test_bad_files_are_told_apart(bad_pictures, name, error, words, as_bytes):
    path = bad_pictures[name]
    with pytest.raises(error, match=words) as caught:
        decode(path.read_bytes() if as_bytes else path)
    assert "\n" not in str(caught.value)
    assert as_bytes or str(path) in str(caught.value)


def test_a_picture_between_pillows_two_limits_is_refused_too():
    image = Image.new("1", (10_000, MAX_PIXELS // 10_000 + 1_200))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = png(image)
        with pytest.raises(PictureTooLargeError):
            decode(content)


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(PictureNotFoundError, match=r"nosuch.png does not exist"):
        decode(tmp_path / "nosuch.png")
    with pytest.raises(UnreadablePictureError):
        decode(tmp_path)


@pytest.mark.parametrize("source", [None, 7, {1: 2}, object()])
def test_things_that_are_no_pictures(source):
    with pytest.raises(InvalidArrayError, match="is no picture"):
        decode(source)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_an_error_of_ours(content):
    with pytest.raises(DigitInferError):
        seen(content)


@settings(deadline=None)
@given(st.integers(0, 2_000), st.integers(0, 255))
def test_any_damage_to_a_png_is_survived(position, value):
    content = bytearray(png(Image.fromarray(ramp(40, 40))))
    content[position % len(content)] = value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
        try:
            seen(bytes(content))
        except DigitInferError as error:
            assert "\n" not in str(error)


def test_files_that_are_open_in_another_way(tmp_path):
    path = tmp_path / "ramp.png"
    path.write_bytes(png(Image.fromarray(ramp())))
    with path.open(encoding="latin-1") as file, pytest.raises(UnreadablePictureError, match="opened as text"):
        decode(file)
    with path.open(encoding="utf-8") as file, pytest.raises(UnreadablePictureError, match="mode 'rb'"):
        decode(file)
    file = path.open("rb")
    file.close()
    with pytest.raises(UnreadablePictureError, match="closed"):
        decode(file)


def test_a_colour_space_that_has_no_grey_is_told_by_name():
    buffer = io.BytesIO()
    Image.new("LAB", (9, 9)).save(buffer, "TIFF")
    with pytest.raises(UnreadablePictureError, match="is in the colour space LAB; save it in RGB"):
        decode(buffer.getvalue())


@pytest.mark.parametrize("mode", ["1", "P", "RGBA", "L", "I;16"])
def test_large_pictures_of_every_mode_are_made_smaller(mode):
    assert max(decode(png(Image.new(mode, (5000, 3000), 1))).shape) < 2048


def test_a_folder_is_told(tmp_path):
    with pytest.raises(UnreadablePictureError, match="is a folder"):
        decode(tmp_path)


def test_ink_as_light_as_the_paper_is_seen_by_its_colour(tmp_path):
    """Yellow (255, 240, 60) on white: the light differs by 31 grey levels, what is blue in it by 195."""
    page = np.full((100, 100, 3), 255, np.uint8)
    page[30:70, 45:55] = 255, 240, 60
    grey = np.asarray(Image.fromarray(page).convert("L"))
    assert int(grey.max()) - int(grey.min()) < 32
    Image.fromarray(page).save(tmp_path / "pen.png")
    Image.fromarray(page).save(tmp_path / "pen.jpg", quality=95)
    sources = [page, Image.fromarray(page), tmp_path / "pen.png", (tmp_path / "pen.png").read_bytes(), tmp_path / "pen.jpg"]
    for source in sources:
        grey = decode(source)
        assert int(grey.max()) - int(grey[45:55, 48:52].max()) > 150


def test_where_light_tells_colours_are_not_looked_at():
    page = np.full((60, 60, 3), 255, np.uint8)
    page[20:40, 25:35] = 20, 40, 160
    np.testing.assert_array_equal(decode(page), np.asarray(Image.fromarray(page).convert("L")))
