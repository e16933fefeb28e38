"""Benchmarks ``digit-infer batch``: against ``predict_many``, killed and resumed, with a million pictures, on two nodes."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from bench.bare import some_images
from bench.cold_start import console_script, environment_of_user
from bench.folder import run_process
from bench.paired import time_pairs
from bench.recording import record, versions_of
from digit_infer import Predictor
from digit_infer.batch.answerer import Answerer
from digit_infer.batch.parts import Parts
from digit_infer.parallel import in_batches, usable_cpus

if TYPE_CHECKING:
    from digit_infer.batch.engine import Answers

_DIFFERENT = 10_000
_PER_FOLDER = 1_000
_TO_START_S = 120

_PREDICT_MANY = """
import sys
from digit_infer import Predictor
from digit_infer.cli.options import picture_files
with Predictor() as predictor:
    for answer in predictor.predict_many(picture_files(sys.argv[1], []), workers=int(sys.argv[2]), processes=True):
        pass
"""


@dataclass(frozen=True)
class Packed:
    """A run on packed pictures in a fresh process; ``peak_mib`` is the resident memory of its largest process."""

    pictures: int
    seconds: float
    pictures_per_second: float
    peak_mib: float


@dataclass(frozen=True)
class WithNode:
    """Answers with the cluster node of each."""

    answers: Answers

    @property
    def schema(self) -> pa.Schema:
        """The columns of the answers, and ``node``."""
        return self.answers.schema.append(pa.field("node", pa.string()))

    def __call__(self, pictures: pa.Array) -> pa.StructArray:
        """Answer pictures, and add the node."""
        import ray

        found = self.answers(pictures)
        node = pa.array([ray.get_runtime_context().get_node_id()] * len(found))
        return pa.StructArray.from_arrays([*found.flatten(), node], names=self.schema.names)


@click.command("batch")
@click.option("--pictures", type=click.IntRange(min=1), default=100_000, show_default=True, help="In a folder.")
@click.option("--packed", type=click.IntRange(min=1), default=1_000_000, show_default=True, help="In Parquet, for memory.")
@click.option("--pairs", type=click.IntRange(min=1), default=2, show_default=True, help="A B B A")
@click.option("--cluster/--no-cluster", default=True, help="Also run the folder on two nodes, which needs Ray.")
def command(pictures: int, packed: int, pairs: int, *, cluster: bool) -> None:
    """Time digit-infer batch against predict_many(processes=True), kill and resume it, and run a million pictures."""
    with TemporaryDirectory() as place:
        folder, many = Path(place) / "pictures", Path(place) / "many.parquet"
        write_folder(folder, pictures)
        timed = beside_predict_many(folder, Path(place), pairs)
        click.echo(f"time over that of predict_many(processes=True): {timed['ratio']:.3f}", err=True)
        killed = killed_twice(folder, Path(place) / "killed.parquet", pictures)
        click.echo(f"killed twice: {killed}", err=True)
        nodes = on_two_nodes(folder) if cluster else {}
        click.echo(f"two nodes: {nodes}", err=True)
        memory = []
        for count in (pictures, packed):
            write_packed(many / str(count), count)
            memory.append(answer_packed(many / str(count), Path(place) / f"packed-{count}.parquet", count))
            click.echo(str(memory[-1]), err=True)
    found = {"pictures": pictures, "workers": usable_cpus(), "beside": timed, "killed": killed}
    record("batch", {**found, "nodes": nodes, "packed": [asdict(one) for one in memory]}, versions_of("daft", "pyarrow"))


def beside_predict_many(folder: Path, place: Path, pairs: int) -> dict[str, Any]:
    """Time whole processes in turn, on the same files and processors; the ratio is that of times."""
    outs = (place / f"answers-{number}.parquet" for number in range(sys.maxsize))
    workers = str(usable_cpus())
    many = [sys.executable, "-c", _PREDICT_MANY, str(folder), workers]
    batch = [console_script(), "batch", str(folder), "--workers", workers, "--out"]
    calls = (lambda: run_process(many), lambda: run_process([*batch, str(next(outs))]))
    return asdict(time_pairs(lambda _: calls, pairs, rounds=1, warm_up=0))


def killed_twice(folder: Path, out: Path, pictures: int) -> dict[str, int]:
    """Kill a job twice, each time after one more part, and let it finish; count its rows and different paths."""
    command = [console_script(), "batch", str(folder), "--out", str(out), "--resume"]
    kills = parts = 0
    for _ in range(2):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment_of_user())
        while process.poll() is None and len(list(out.glob("part-*.parquet"))) <= parts:
            time.sleep(0.01)
        process.kill()
        kills += process.wait() < 0
        parts = len(list(out.glob("part-*.parquet")))
    run_process(command)
    paths = pq.read_table(out)["path"]
    return {"kills": kills, "pictures": pictures, "rows": len(paths), "paths": len(paths.unique())}


def answer_packed(packed: Path, out: Path, pictures: int) -> Packed:
    """Run packed pictures in a fresh process."""
    seconds, peak = run_process([console_script(), "batch", f"{packed}/*.parquet", "--out", str(out)])
    return Packed(pictures, seconds, pictures / seconds, peak)


def on_two_nodes(folder: Path) -> dict[str, int]:
    """Run a folder on two nodes of one processor each: by the command, and again to count the pictures of each node."""
    import ray
    from ray.cluster_utils import Cluster

    from digit_infer.batch import engine

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes(timeout=_TO_START_S)
    try:
        with TemporaryDirectory() as out:
            run_process([console_script(), "batch", str(folder), "--out", f"{out}/answers", "--ray", nodes.address])
            paths = pq.read_table(f"{out}/answers")["path"].to_pylist()
        workers = engine.start(nodes.address, None)
        answers = WithNode(Answerer.of(Predictor()))
        counts: Counter[str] = Counter()
        for table in engine.answered(engine.listed(paths, workers), answers, workers):
            counts.update(table["node"].to_pylist())
        return {f"node {number}": rows for number, (_, rows) in enumerate(sorted(counts.items()), start=1)}
    finally:
        ray.shutdown()
        nodes.shutdown()


def write_folder(folder: Path, count: int) -> None:
    """Write test images as PNG files, a thousand to a folder."""
    for number, content in enumerate(_contents(count)):
        inner = folder / f"{number // _PER_FOLDER:05}"
        if number % _PER_FOLDER == 0:
            inner.mkdir(parents=True)
        (inner / f"{number:07}.png").write_bytes(content)


def write_packed(folder: Path, count: int) -> None:
    """Write test images as ``--pack`` does."""
    schema = pa.schema([("path", pa.string()), ("bytes", pa.binary())])
    with Parts(folder, schema, {"packed": True}, resume=False) as parts:
        for rows in in_batches(enumerate(_contents(count)), _DIFFERENT):
            paths, contents = zip(*((f"{number:07}.png", content) for number, content in rows), strict=True)
            parts.add(pa.table({"path": paths, "bytes": pa.array(contents, pa.binary())}))


def _contents(count: int) -> Iterator[bytes]:
    contents = [_png(image) for image in some_images(min(count, _DIFFERENT))]
    return (contents[number % len(contents)] for number in range(count))


def _png(image: np.ndarray[Any, np.dtype[np.uint8]]) -> bytes:
    written = io.BytesIO()
    Image.fromarray(image).save(written, "png")
    return written.getvalue()
