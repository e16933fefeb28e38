import functools
import gzip
import http.server
import shutil
import struct
import threading
from pathlib import Path

import pytest

from digit_infer import dataset
from digit_infer.errors import DatasetError

CARRIED = Path(dataset.__file__).parent / "data"
LABELS = dataset.IDX_FILES["test"][1]


@pytest.fixture
def mirror(tmp_path):
    """A web server on this machine that serves a folder, as the public mirrors do."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_download_tries_mirrors_in_turn_and_checks(mirror, tmp_path, capfd):
    folder, url = mirror
    shutil.copy(CARRIED / LABELS.name, folder)
    path = dataset.download(LABELS, tmp_path / "cache", ["http://127.0.0.1:9/", url])
    assert gzip.decompress(path.read_bytes())[:4] == struct.pack(">I", 2049)
    assert capfd.readouterr().out == ""


def test_download_refuses_altered_bytes_and_names_each_mirror(mirror, tmp_path):
    folder, url = mirror
    (folder / LABELS.name).write_bytes(b"not MNIST")
    with pytest.raises(DatasetError, match=rf"{LABELS.name} could not be downloaded \({url}"):
        dataset.download(LABELS, tmp_path / "cache", [url])
    assert not (tmp_path / "cache" / LABELS.name).exists()
