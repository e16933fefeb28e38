"""Sources of a picture file: base64 and data URLs, uploads at their end, asynchronous files, and texts that are neither."""

import asyncio
import base64
import io
import tempfile
import textwrap
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from digit_infer.errors import PictureNotFoundError, PictureTooLargeError, UnreadablePictureError
from digit_infer.image import decode


@pytest.fixture(scope="module")
def png():
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


def stored(kind):
    buffer = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


TEXTS = {
    "base64": lambda text: text,
    "data URL": lambda text: f"data:image/png;base64,{text}",
    "data URL in capitals": lambda text: f"DATA:image/PNG;BASE64,{text}",
    "data URL with a name": lambda text: f"data:image/png;name=a.png;base64,{text}",
    "without padding": lambda text: text.rstrip("="),
    "of the alphabet for addresses": lambda text: text.replace("+", "-").replace("/", "_"),
    "in lines": lambda text: "\n".join(textwrap.wrap(text, 76)),
    "percent-encoded": lambda text: f"data:image/png;base64,{quote(text, safe='')}",
    "through a form": lambda text: f"data:image/png;base64,{text.replace('+', ' ')}",
}


@pytest.mark.parametrize("form", TEXTS)
def test_base64_and_data_urls_are_read(form, png, tmp_path):
    text = TEXTS[form](base64.b64encode(png).decode())
    (tmp_path / "upload").write_text(text)
    expected = decode(png)
    for source in (text, text.encode(), bytearray(text.encode()), io.BytesIO(text.encode()), tmp_path / "upload"):
        np.testing.assert_array_equal(decode(source), expected)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP", "JPEG2000", "ICO"])
def test_base64_of_every_format_is_told_from_a_path(kind):
    content = stored(kind)
    np.testing.assert_array_equal(decode(base64.b64encode(content).decode()), decode(content))


def test_a_data_url_without_base64_is_percent_encoded(png):
    np.testing.assert_array_equal(decode("data:image/png," + quote(png)), decode(png))
    with pytest.raises(UnreadablePictureError, match="the text is an SVG drawing; save it as PNG"):
        decode("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data:image/png;base64,iVBORw0KGgo!", "the text is a data URL that is damaged"),
        ("data:image/png;base64," + base64.b64encode(b"no picture" * 9_000).decode(), "the text is no picture"),
        ("data:,", "the text is empty"),
        (base64.b64encode(b"no picture" * 9_000).decode(), "a text of 120,000 characters, cannot be opened"),
        ("a word " * 20_000, "a text of 140,000 characters, cannot be opened"),
        ("é" * 120_000, "a text of 120,000 characters, cannot be opened"),
        ("{" * 120_000, "a text of 120,000 characters, cannot be opened"),
    ],
)
def test_texts_that_are_no_pictures_are_told_without_an_echo(text, words):
    for source in (text, text.encode()):
        with pytest.raises(UnreadablePictureError, match=words if source is text else "the picture is") as caught:
            decode(source)
        assert len(str(caught.value)) < 200


def test_a_base64_text_that_is_cut_off_is_told(png):
    with pytest.raises(UnreadablePictureError, match="truncated or damaged") as caught:
        decode(base64.b64encode(png).decode()[:200])
    assert len(str(caught.value)) < 200


def test_a_path_of_letters_alone_stays_a_path(tmp_path):
    with pytest.raises(PictureNotFoundError, match=r"data:7.png does not exist"):
        decode("data:7.png")
    name = tmp_path / ("a" * 100)
    with pytest.raises(PictureNotFoundError, match=f"{name} does not exist"):
        decode(str(name))
    with pytest.raises(PictureNotFoundError, match="does not exist"):
        decode("a" * 100)


def test_more_base64_than_fits_is_refused():
    with pytest.raises(PictureTooLargeError, match="MB of text"):
        decode(b"A" * 90_000_000)


@pytest.mark.parametrize("read", [0, 8, -1])
def test_an_upload_is_read_from_its_beginning_wherever_it_is(png, read):
    with tempfile.SpooledTemporaryFile() as upload:
        upload.write(png)
        if read >= 0:
            upload.seek(0)
            upload.read(read)
        np.testing.assert_array_equal(decode(upload), decode(png))


class Stream(io.RawIOBase):
    """What cannot seek, as the body of a response, and reads into what is not bytes."""

    def __init__(self, content, kind=bytes):
        super().__init__()
        self.content, self.kind = content, kind

    def read(self, size=-1):
        return self.kind(self.content)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_stream_that_cannot_seek_is_read_as_it_is(png, kind):
    np.testing.assert_array_equal(decode(Stream(png, kind)), decode(png))


class AsyncFile:
    """An upload of an asynchronous framework."""

    def __init__(self, content):
        self.content = content

    async def seek(self, place):
        return place

    async def read(self, size=-1):
        return self.content


def test_an_asynchronous_file_is_told_and_its_bytes_are_read(png, recwarn):
    with pytest.raises(UnreadablePictureError, match=r"the file is an asynchronous file; .* await file.read\(\)"):
        decode(AsyncFile(png))
    assert not recwarn
    np.testing.assert_array_equal(decode(asyncio.run(AsyncFile(png).read())), decode(png))


def test_a_file_object_without_a_name_is_the_file():
    with tempfile.TemporaryFile() as file, pytest.raises(UnreadablePictureError, match=r"is empty"):
        decode(file)
    with Path("/dev/null").open("rb") as file, pytest.raises(UnreadablePictureError, match="/dev/null is empty"):
        decode(file)
