"""Which files are decoded, which are refused by name, and within which bounds."""

import io
import os
import struct
import zlib
from http.client import IncompleteRead
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from digit_infer.errors import InvalidArrayError, PictureTooLargeError, UnreadablePictureError
from digit_infer.image import decode
from digit_infer.image.picture_file import MAX_BYTES, MAX_PIXELS


def picture(width=40, height=30):
    image = Image.new("RGB", (width, height), (250, 250, 240))
    image.paste((20, 20, 30), (10, 5, 15, 25))
    return image


def stored(image, kind, **settings):
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "AVIF", "JPEG2000", "ICO", "PPM"])
def test_every_supported_format_is_told_by_its_first_bytes(kind, tmp_path):
    path = tmp_path / "picture.png"
    if kind == "AVIF" and "avif" not in features.modules:
        path.write_bytes(b"\0\0\0\x1cftypavif\0\0\0\0")
        with pytest.raises(UnreadablePictureError, match="Avif, which this Pillow does not read"):
            decode(path)
        return
    path.write_bytes(stored(picture(32, 32), kind))
    grey = decode(path)
    assert grey.shape == (32, 32)
    assert grey[2, 2] > 200 > 60 > grey[12, 12]


def test_tga_is_told_by_its_suffix(tmp_path):
    path = tmp_path / "picture.tga"
    path.write_bytes(stored(picture(), "TGA"))
    assert decode(path).shape == (30, 40)
    with pytest.raises(UnreadablePictureError, match="no picture that can be read"):
        decode(path.read_bytes())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"%PDF-1.7\n", "is a PDF document; save its page as PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "is PostScript"),
        (b"\xc5\xd0\xd3\xc6\x20\0\0\0", "is PostScript, as EPS is; save it as PNG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing; save it as PNG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "is an SVG drawing"),
        (b"<?xml version='1.0'?>\n<note/>", "is an XML document"),
        (b"<!doctype HTML><html>", "is an HTML page"),
        (b"DDS |\0\0\0", "is a DDS texture"),
        (b"icns\0\0\1\0", "is an icon of macOS"),
        (b"8BPS\0\1", "is a Photoshop document"),
    ],
)
def test_other_formats_are_refused_by_name_whatever_the_suffix(content, words, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(UnreadablePictureError, match=words):
        decode(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a system without named pipes")
def test_a_pipe_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadablePictureError, match="is a pipe, a socket or a device"):
        decode(tmp_path / "pipe.png")
    with pytest.raises(UnreadablePictureError, match="is a pipe, a socket or a device"):
        decode("/dev/zero")


def test_a_link_to_itself_is_told(tmp_path):
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    with pytest.raises(UnreadablePictureError, match="cannot be opened"):
        decode(tmp_path / "loop.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_is_undone(orientation):
    from PIL import ImageOps

    exif = Image.Exif()
    exif[0x0112] = orientation
    content = stored(picture(), "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("L"))
    np.testing.assert_array_equal(decode(content), expected)


def test_odd_exif_is_no_reason_to_refuse_a_picture():
    exif = Image.Exif()
    exif[0x0112] = 6
    content = bytearray(stored(picture(), "JPEG", exif=exif))
    start = content.index(b"Exif\0\0") + 6
    content[start : start + 8] = b"MM\0*\xff\xff\xff\xff"  # the directory lies outside
    assert decode(bytes(content)).shape == (30, 40)


def png_header(width, height, bits=8, colours=2):
    """A PNG file of any size that says its size alone."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png_header(9_000, 9_000), "9000 × 9000 pixels"),
        (png_header(8_000, 8_000, bits=16, colours=0), "would take about 384 MB"),
        (png_header(7_000, 7_000, colours=6), "would take about 392 MB"),
        (stored(Image.new("L", (16, 16)), "WEBP").replace(b"\x10\x00\x10\x00", b"\xff\x1f\xff\x1f"), "would take about"),
    ],
)
def test_what_would_take_too_much_memory_is_refused_before_it_is_decoded(content, words):
    with pytest.raises(PictureTooLargeError, match=words) as caught:
        decode(content)
    assert f"{MAX_PIXELS // 1_000_000} million pixels and {MAX_BYTES // 1_000_000} MB" in str(caught.value)


def test_a_large_picture_inside_a_small_icon_is_refused():
    inside = png_header(30_000, 30_000)
    entry = struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22)
    with pytest.raises(PictureTooLargeError, match="30000 × 30000 pixels in an icon"):
        decode(struct.pack("<HHH", 0, 1, 1) + entry + inside)


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.uint16, np.bool_])
def test_large_arrays_are_made_smaller_strip_by_strip_as_they_are_at_once(kind):
    draw = np.random.default_rng(0)
    array = (draw.random((2_900, 2_300)) > 0.5).astype(kind)
    expected = np.asarray(Image.fromarray(array.astype(bool) * np.uint8(255)).reduce(2))
    np.testing.assert_array_equal(decode(array), expected)


class Failing(io.RawIOBase):
    """A stream that ends in an error."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def read(self, size=-1):
        raise self.error


@pytest.mark.parametrize("error", [EOFError(), zlib.error("bad block"), IncompleteRead(b"x"), RuntimeError("closed")])
def test_streams_that_fail_are_told(error):
    with pytest.raises(UnreadablePictureError, match="cannot be read"):
        decode(Failing(error))


def test_an_endless_stream_is_refused():
    with Path("/dev/zero").open("rb") as file, pytest.raises(PictureTooLargeError, match="MB in the file"):
        decode(file)


def test_views_of_memory_and_arrays_with_masks():
    content = stored(picture(), "PNG")
    twice = bytearray(2 * len(content))
    twice[::2] = content
    assert decode(memoryview(twice)[::2]).shape == (30, 40)
    with pytest.raises(InvalidArrayError, match=r"array\.filled"):
        decode(np.ma.masked_array(np.zeros((9, 9)), mask=True))


@pytest.mark.skipif(find_spec("pillow_heif") is not None, reason="pillow-heif is installed")
def test_a_heic_photograph_is_told_by_name_without_pillow_heif():
    with pytest.raises(UnreadablePictureError, match=r"is a HEIF picture, .*; pip install pillow-heif"):
        decode(b"\0\0\0\x18ftypheic\0\0\0\0")


def test_a_heic_photograph_is_read_where_pillow_heif_is_installed(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    heif.from_pillow(picture(64, 48)).save(tmp_path / "photograph.heic", quality=90)
    grey = decode(tmp_path / "photograph.heic")
    assert grey.shape == (48, 64)
    assert grey[2, 2] > 200 > 60 > grey[12, 12]


def test_odd_tiff_and_icon_files_print_no_warning(digit_infer, tmp_path):
    content = bytearray(stored(picture(), "TIFF"))
    directory = struct.unpack_from("<I", content, 4)[0]
    struct.pack_into("<I", content, directory + 2 + 4, 0x7FFFFFFF)  # a tag of 2,147,483,647 values
    (tmp_path / "odd.tif").write_bytes(content)
    done = digit_infer("predict", tmp_path / "odd.tif", PYTHONWARNINGS="default")
    assert "Warning" not in done.err
    assert done.code in (0, 1)
