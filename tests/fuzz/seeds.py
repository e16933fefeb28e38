"""The seed corpus, made when it is needed: pictures by Pillow, models of the zoo, records and states by their writers."""

from __future__ import annotations

import base64
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from digit_infer import zoo

_SMALL = ("cnn_arch3", "digitnet_nano")
"""Networks with few bytes of weights, so that most mutations hit the graph."""


def pictures() -> dict[str, bytes]:
    """Return small pictures in every format, mode and compression that is read; the suffix of a name is the file's."""
    drawn = Image.new("RGB", (40, 30), (250, 250, 240))
    ImageDraw.Draw(drawn).line((5, 5, 30, 5, 12, 26), fill=(20, 20, 30), width=3)
    grey = np.asarray(drawn.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 200)
    turned = Image.Exif()
    turned[0x0112], turned[0x010F] = 6, "maker"
    found: dict[str, bytes] = {}

    def add(name: str, image: Image.Image, picture_format: str, **settings: object) -> None:
        held = io.BytesIO()
        image.save(held, picture_format, **settings)
        found[name] = held.getvalue()

    for mode in ("1", "L", "P", "RGB", "RGBA", "LA"):
        add(f"{mode}.png", drawn.convert(mode), "PNG")
    add("deep.png", deep, "PNG")
    add("exif.png", drawn, "PNG", exif=turned)
    add("moving.png", drawn, "PNG", save_all=True, append_images=[drawn.transpose(Image.Transpose.FLIP_TOP_BOTTOM)])
    add("plain.jpg", drawn, "JPEG")
    add("progressive.jpg", drawn, "JPEG", progressive=True)
    add("exif.jpg", drawn, "JPEG", exif=turned)
    add("ink.jpg", drawn.convert("CMYK"), "JPEG")
    add("plain.gif", drawn.convert("P"), "GIF")
    add("plain.bmp", drawn, "BMP")
    add("bits.bmp", drawn.convert("1"), "BMP")
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "packbits", "jpeg"):
        add(f"{compression}.tif", drawn, "TIFF", compression=compression)
    add("fax.tif", drawn.convert("1"), "TIFF", compression="group4")
    add("deep.tif", deep, "TIFF")
    add("floats.tif", Image.fromarray(grey.astype(np.float32)), "TIFF")
    add("plain.webp", drawn, "WEBP", exif=turned)
    add("exact.webp", drawn.convert("RGBA"), "WEBP", lossless=True)
    add("plain.avif", drawn, "AVIF", exif=turned)
    add("plain.jp2", drawn, "JPEG2000")
    add("plain.ico", drawn, "ICO", sizes=[(16, 16), (32, 32)])
    add("bits.ico", drawn, "ICO", sizes=[(16, 16)], bitmap_format="bmp")
    add("plain.ppm", drawn, "PPM")
    add("plain.pgm", drawn.convert("L"), "PPM")
    add("plain.tga", drawn, "TGA")
    blank = Image.new("RGB", drawn.size, "white")
    for name, kind in (("blank.tif", "TIFF"), ("blank.gif", "GIF"), ("blank.webp", "WEBP"), ("blank.png", "PNG")):
        add(name, blank, kind, save_all=True, append_images=[drawn, drawn.rotate(180)])
    found["url.txt"] = b"data:image/png;base64," + base64.b64encode(found["L.png"])
    found["base64.txt"] = base64.encodebytes(found["plain.jpg"])
    return found


def models(suffix: str) -> dict[str, bytes]:
    """Return the smallest networks of the zoo in a format."""
    files = [path for name in _SMALL for path in sorted(zoo.FILES.glob(f"{name}.*.{suffix}"))]
    return {path.name: path.read_bytes() for path in files}


def keras_files() -> dict[str, bytes]:
    """Return two small Keras models, whose archives are not compressed, so that mutations hit what they hold."""
    import keras

    model = keras.Sequential(
        [
            keras.layers.Input((28, 28, 1)),
            keras.layers.Conv2D(2, 5, strides=4),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    rows = keras.layers.Input((28, 28))
    wide = keras.layers.Bidirectional(keras.layers.GRU(2))(keras.layers.Dropout(0.5)(rows))
    both = keras.layers.Concatenate()([wide, keras.layers.GlobalMaxPooling1D()(rows)])
    branched = keras.Model(rows, keras.layers.Dense(10, activation="softmax")(keras.layers.BatchNormalization()(both)))
    return {"model.keras": _stored(model), "branched.keras": _stored(branched)}


def _stored(model: Any) -> bytes:
    import keras

    held, stored = io.BytesIO(), io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        keras.saving.save_model(model, path := Path(folder, "seed.keras"))
        held.write(path.read_bytes())
    with zipfile.ZipFile(held) as packed, zipfile.ZipFile(stored, "w") as plain:
        for entry in packed.infolist():
            plain.writestr(entry.filename, packed.read(entry))
    return stored.getvalue()


def records() -> dict[str, bytes]:
    """Return a record of ``digit-infer bench`` and a file of pytest-benchmark."""
    from digit_infer.benchmark.configuration import Configuration
    from digit_infer.benchmark.environment import environment
    from digit_infer.benchmark.machine import measured_machine
    from digit_infer.benchmark.record import Record, Settings, as_document
    from digit_infer.benchmark.suite import Suite

    settings = Settings(0.05, 4, 0, ("single-stream", "offline"), 90, None, 0.0, False, None, None)
    outcome = Suite([Configuration("", "null", None, None, 1)], settings).run(lambda _: None)
    record = Record(environment(), settings, measured_machine(outcome.rows), outcome.rows, outcome.skipped)
    stats = {"data": [1e-3 + 1e-6 * number for number in range(60)], "median": 1e-3, "iqr": 1e-5, "rounds": 60}
    options = {"timer": "perf_counter", "disable_gc": False, "warmup": False}
    machine = {"system": "Linux", "machine": "x86_64", "release": "6", "cpu": {"count": 2}}
    machine |= {"python_implementation": "CPython", "python_version": "3.11"}
    benchmarks = [{"fullname": "test_it", "options": options, "stats": stats}]
    other = {"machine_info": machine, "commit_info": {"id": "1"}, "benchmarks": benchmarks, "version": "5"}
    return {"bench.json": json.dumps(as_document(record)).encode(), "pytest.json": json.dumps(other).encode()}


def states() -> dict[str, bytes]:
    """Return the state of a training run of two epochs."""
    epoch = {"epoch": 1, "loss": 0.5, "accuracy": 0.9, "val_loss": 0.4, "val_accuracy": 0.91, "learning_rate": 1e-3}
    history = [epoch | {"seconds": 1.0}, epoch | {"epoch": 2, "seconds": 1.0}]
    names = {
        "recipe": "tiny",
        "fingerprint": "0",
        "seed": 0,
        "epochs": 2,
        "backend": "tensorflow",
        "environment": {"a": "b"},
    }
    return {"state.json": json.dumps({"schema": 1, **names, "history": history, "best_epoch": 2}, indent=1).encode()}
