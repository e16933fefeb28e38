"""The web page: static files, and JSON answers to its pictures.

``POST page/look`` answers an image file as ``Predictor.explain``, ``POST page/read`` as ``Predictor.read``.
"""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from digit_infer.serving.models import check_pixels
from digit_infer.serving.rest import GoneError, read_body

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from starlette.requests import Request

    from digit_infer.prediction import Explanation, Prediction
    from digit_infer.predictor import Predictor
    from digit_infer.reading import Reading
    from digit_infer.serving.endpoint import Endpoint
    from digit_infer.serving.rest import Rest
    from digit_infer.serving.settings import Settings

_FILES = Path(__file__).with_name("static")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}

Look = Callable[["Predictor", bytes], dict[str, Any]]


def page_routes(rest: Rest, endpoint: Endpoint, settings: Settings) -> list[BaseRoute]:
    """Return the routes of the page."""
    pool = ThreadPoolExecutor(1, "page")  # one picture at a time: each may need hundreds of MB

    def asking(look: Look) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            async def found() -> dict[str, Any]:
                picture = await read_body(request.receive, dict(request.scope["headers"]), settings)
                check_pixels(picture, settings.max_pixels)
                return await asyncio.get_running_loop().run_in_executor(pool, look, endpoint.predictor, picture)

            try:
                return JSONResponse(
                    {"model": endpoint.page_model, **await rest.counted(endpoint.page_model, "page", found)}
                )
            except GoneError:
                return Response(status_code=400)  # the client is gone; nobody reads this

        return answer

    files = {path.name: _file(path) for path in sorted(_FILES.iterdir())}
    return [
        Route("/", files.pop("index.html")),
        *(Route(f"/page/{name}", answer) for name, answer in files.items()),
        Route("/page/look", asking(looked), methods=["POST"]),
        Route("/page/read", asking(read), methods=["POST"]),
    ]


def _file(path: Path) -> Callable[[Request], Any]:
    content, kind = path.read_bytes(), _TYPES[path.suffix]

    async def answer(_: Request) -> Response:
        return Response(content, media_type=kind, headers=_HEADERS)

    return answer


def looked(predictor: Predictor, picture: bytes) -> dict[str, Any]:
    """Answer a picture of one digit, with its ink in picture coordinates.

    Raises:
        PictureError: it cannot be decoded.
    """
    explained = predictor.explain(picture)
    prediction, box = explained.prediction, explained.box
    return {
        **_told(prediction),
        "is_digit": prediction.is_digit,
        "reason": prediction.reason,
        "look": None if explained.look is None else prediction.look,
        "size": _size(explained.grey),
        "box": None if box is None else [box.left, box.top, box.right, box.bottom],
        "ink": _png(_ink(explained)),
    }


def read(predictor: Predictor, picture: bytes) -> dict[str, Any]:
    """Answer a picture of a number or a page, digit by digit.

    Raises:
        PictureError: it cannot be decoded.
    """
    reading: Reading = predictor.read(picture)
    return {
        "text": reading.text,
        "confidence": reading.confidence,
        "turned": reading.turned,
        "size": _size(reading.grey),
        "ink": _png(_ink_of_digits(reading)),
        "digits": [
            {
                **_told(digit.prediction),
                "line": digit.line,
                "box": [digit.box.left, digit.box.top, digit.box.right, digit.box.bottom],
            }
            for digit in reading.digits
        ],
    }


def _told(prediction: Prediction) -> Mapping[str, Any]:
    return {
        "digit": prediction.digit,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities.tolist(),
        "image": _png(prediction.image),
    }


def _size(grey: NDArray[np.uint8]) -> list[int]:
    height, width = grey.shape
    return [width, height]


def _ink(explained: Explanation) -> NDArray[np.uint8]:
    """Return the ink uint8 [H, W] in picture coordinates, 255 = ink."""
    sheet = np.zeros(explained.grey.shape, np.uint8)
    if explained.look is not None:
        box = explained.look.whole.box
        ink = Image.fromarray(np.ascontiguousarray(explained.look.ink)).resize((box.width, box.height))
        sheet[box.top : box.bottom, box.left : box.right] = np.asarray(ink)
    return sheet


def _ink_of_digits(reading: Reading) -> NDArray[np.uint8]:
    """Return the ink uint8 [H, W] of all digits in page coordinates, from the networks' inputs."""
    sheet = np.zeros(reading.grey.shape, np.uint8)
    for digit in reading.digits:
        image = np.rot90(digit.prediction.image, -round(reading.turned / 90))  # a few degrees make little difference
        inked = image[np.ix_(image.any(axis=1), image.any(axis=0))]
        box = digit.box
        ink = np.asarray(Image.fromarray(np.ascontiguousarray(inked)).resize((box.width, box.height)))
        place = sheet[box.top : box.bottom, box.left : box.right]
        np.maximum(place, ink, out=place)
    return sheet


def _png(pixels: NDArray[np.uint8]) -> str:
    """Return a greyscale picture as a PNG data URL."""
    written = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(written, "PNG")
    return "data:image/png;base64," + base64.b64encode(written.getvalue()).decode()
