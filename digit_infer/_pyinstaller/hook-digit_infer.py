"""What PyInstaller cannot see: modules of digit_infer that are imported by name, its files, and versions of runtimes.

The runtimes that are installed are found by the imports in those modules; ``--exclude-module keras`` leaves one out.
"""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

DISTRIBUTIONS = (
    *("onnxruntime", "onnxruntime-gpu", "ai-edge-litert", "tflite-runtime", "tflite-micro"),
    *("keras", "tensorflow", "tensorflow-cpu", "jax", "torch"),
)
"""What a runtime comes in: its version tells that it is installed."""

datas = collect_data_files("digit_infer", excludes=["_pyinstaller"])
hiddenimports = collect_submodules("digit_infer", filter=lambda name: not name.startswith("digit_infer._pyinstaller"))
hiddenimports += ["pillow_heif"]
for distribution in DISTRIBUTIONS:
    with suppress(PackageNotFoundError):
        datas += copy_metadata(distribution)
