"""Any picture -> one 28 x 28 grey image in MNIST's own form."""

from digit_infer.image.decode import PictureSource, decode
from digit_infer.image.mnist_form import Normalized, normalize

__all__ = ["Normalized", "PictureSource", "decode", "normalize", "read"]


def read(source: PictureSource) -> Normalized:
    """Decode a picture and bring it into MNIST's form.

    Raises:
        PictureError: it cannot be read, or there is no ink on it.
    """
    return normalize(decode(source))
