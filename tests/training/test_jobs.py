import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training import results
from training.cli.run import planned
from training.errors import TrainingError
from training.jobs import Job, divided, run_jobs, training_command
from training.recipes import RECIPES, SWEEPS
from training.run import RunFolder

# Trains and records as `python -m training run` does, but the tiny recipe on few images.
WORKER = """
import dataclasses, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from conftest import TINY, Watcher
from digit_infer import dataset
from digit_infer.runtimes.keras import load_network
from training import results
from training.run import RunFolder
from training.data import scaled
from training.trainer import train
name, seed = {name!r}, {seed}
if "broken" in name:
    sys.exit("error: this one cannot be trained")
if "killed" in name:
    import os, signal
    print("too much memory", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
test = dataset.load("test")
images, labels = scaled(test.images[:1200]), test.labels[:1200]
recipe = dataclasses.replace(TINY, name=name)
folder = RunFolder.of(Path({runs!r}), recipe, seed)
class Slow(Watcher):
    def ended(self, epoch):
        if name == "slow" and epoch.epoch == 1:
            import time; time.sleep(30)
state = train(recipe, seed, folder, Slow(), data=((images[:1000], labels[:1000]), (images[1000:], labels[1000:])))
record = results.record(recipe, state, folder, results.evaluate(load_network(folder.path / state.best_file)))
results.write(record, Path({records!r}) / name / f"seed-{{seed}}.json")
"""


class Screen:
    def __init__(self):
        self.events = []

    def planned(self, jobs):
        self.jobs = jobs

    def started(self, job):
        self.events.append(("started", job.recipe.name))

    def advanced(self, job, epochs):
        self.events.append((job.recipe.name, epochs))

    def ended(self, job, failure):
        self.events.append(("ended", job.recipe.name))


@pytest.fixture
def records(tmp_path, monkeypatch):
    folder = tmp_path / "records"
    monkeypatch.setattr(results, "RESULTS", folder)
    return folder


@pytest.fixture
def command(records):
    def worker(job, runs, cpus):
        tests = str(Path(__file__).parent)
        code = WORKER.format(tests=tests, name=job.recipe.name, seed=job.seed, runs=str(runs), records=str(records))
        return [sys.executable, "-c", code]

    return worker


def jobs_named(tiny, *names):
    return [Job(dataclasses.replace(tiny, name=name), 0) for name in names]


def test_jobs_are_trained_two_at_a_time_and_never_twice(tiny, tmp_path, records, command):
    jobs, screen = jobs_named(tiny, "one", "two", "broken", "three"), Screen()
    failures = run_jobs(jobs, tmp_path / "runs", 2, screen, command)
    assert [(failure.job.recipe.name, failure.reason) for failure in failures] == [
        ("broken", "exit code 1; it last said: error: this one cannot be trained")
    ]
    assert screen.jobs == 4
    assert screen.events[:2] == [("started", "one"), ("started", "two")]
    assert sorted(name for what, name in screen.events if what == "ended") == ["broken", "one", "three", "two"]
    assert [job.recorded for job in jobs] == [True, True, False, True]
    [record] = results.stored(jobs[0].recipe)
    assert len(record["history"]) == 3
    again = Screen()
    assert len(run_jobs(jobs, tmp_path / "runs", 2, again, command)) == 1
    assert again.jobs == 1
    assert {name for _, name in again.events if isinstance(name, str)} == {"broken"}


def test_an_interruption_stops_the_workers_and_the_next_call_goes_on(tiny, tmp_path, records, command):
    class Impatient(Screen):
        def advanced(self, job, epochs):
            if epochs == 1:
                raise KeyboardInterrupt

    [job] = jobs_named(tiny, "slow")
    with pytest.raises(KeyboardInterrupt):
        run_jobs([job], tmp_path / "runs", 1, Impatient(), command)
    folder = RunFolder.of(tmp_path / "runs", job.recipe, 0)
    with folder.locked():  # nobody trains it any more
        assert len(folder.read().history) == 1
    assert not job.recorded
    assert run_jobs([Job(dataclasses.replace(tiny, name="slow"), 0)], tmp_path / "runs", 1, Screen(), command) == []
    assert len(results.stored(job.recipe)[0]["history"]) == 3


def test_a_worker_that_is_killed_is_told_with_its_signal(tiny, tmp_path, records, command):
    [failure] = run_jobs(jobs_named(tiny, "killed"), tmp_path / "runs", 1, Screen(), command)
    assert failure.reason == "killed by signal 9; it last said: too much memory"


def test_a_stale_record_fails_its_job_alone(tiny, tmp_path, records, command):
    stale, sound = jobs_named(tiny, "stale", "sound")
    (records / "stale").mkdir(parents=True)
    (records / "stale" / "seed-0.json").write_text("{}")
    failures = run_jobs([stale, sound], tmp_path / "runs", 1, Screen(), command)
    assert [(failure.job.recipe.name, "is no record" in failure.reason) for failure in failures] == [("stale", True)]
    assert sound.recorded


def test_a_leashed_run_ends_with_its_caller(tmp_path):
    words = [sys.executable, "-m", "training", "run", "lenet", "--leashed", "--runs", str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        process.stdin.close()
        assert process.wait(timeout=60) == 1
    assert not (tmp_path / "lenet" / "seed-0" / "state.json").exists()


def test_the_command_of_a_job_names_all_that_decides_it():
    words = training_command(Job(RECIPES["mlp_512"], 3), Path("/runs"), frozenset({1, 0}))
    assert words[1:7] == ["-m", "training", "run", "mlp_512", "--seed", "3"]
    assert {"--resume", "--leashed", "/runs"} <= set(words)
    if hasattr(os, "sched_setaffinity"):
        assert words[words.index("--cpus") + 1] == "0,1"


def test_a_run_is_trained_by_one_process_at_a_time(tiny, tmp_path, little_data, watcher):
    from training.trainer import train

    folder = RunFolder(tmp_path)
    with folder.locked(), pytest.raises(TrainingError, match="another process trains the run"):
        train(tiny, 0, folder, watcher, data=little_data)


@given(st.sets(st.integers(0, 63), min_size=1), st.integers(1, 80))
def test_cpus_are_divided_evenly(cpus, workers):
    shares = divided(sorted(cpus), workers)
    assert len(shares) == workers
    assert all(shares)
    assert frozenset().union(*shares) == cpus
    if workers <= len(cpus):
        sizes = [len(share) for share in shares]
        assert sum(sizes) == len(cpus)
        assert max(sizes) - min(sizes) <= 1


def test_all_means_every_row_and_every_sweep_seed_by_seed():
    jobs = planned(RECIPES.values(), 3, SWEEPS.values())
    expected = 3 * len(RECIPES) + sum(len(sweep.runs()) for sweep in SWEEPS.values())
    assert len(jobs) == len({(job.recipe.name, job.seed) for job in jobs}) == expected
    assert [job.seed for job in jobs] == sorted(job.seed for job in jobs)
