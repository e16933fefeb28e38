"""Any picture -> one 28 x 28 grey image in MNIST's own form."""

from digit_infer.errors import BlankPictureError
from digit_infer.image.decode import PictureSource, decode
from digit_infer.image.mnist_form import Normalized, normalize, without_ink

__all__ = ["Normalized", "PictureSource", "decode", "normalize", "read"]


def read(source: PictureSource) -> Normalized:
    """Decode a picture and bring it into MNIST's form; where there is no ink on it, the image is empty.

    Raises:
        PictureError: it cannot be read.
    """
    grey = decode(source)
    try:
        return normalize(grey)
    except BlankPictureError:
        return without_ink(grey)
