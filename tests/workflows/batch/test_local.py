"""Worker processes that are killed, crash, hang or meet a full disk; runs that are killed and started again."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from bran.errors import ModelError
from bran.export.left_out import read_left_out
from bran.export.run_folder import RunFolder
from bran.workflows.batch.engine import DiskFull
from bran.workflows.batch.local import local_engine
from bran.workflows.batch.progress import Progress
from bran.workflows.batch.settings import BatchSettings
from tests.batches import (
    EXIT,
    HANG,
    KILL,
    Deadly,
    DeadlyReading,
    Ears,
    document_ids,
    rows,
    start,
    write_inputs,
    write_texts,
)

pytestmark = pytest.mark.usefixtures("a_shard_for_each_file")


def test_one_worker_and_two_do_the_same(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    inputs = write_inputs(tmp_path / "inputs", files=4)
    start([inputs], tmp_path / "inline", settings)
    for workers in (1, 2):
        outcome = start([inputs], output / str(workers), settings, local_engine(workers))
        assert (outcome.documents, outcome.deaths) == (20, 0)
        assert rows(output / str(workers)) == rows(tmp_path / "inline")


def test_documents_that_kill_their_workers_are_found(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    texts = [f"Velorin and tremor in {number} men." for number in range(9)]
    texts[2], texts[7] = f"{KILL} and tremor.", f"{EXIT} and Velorin."
    inputs = write_inputs(tmp_path / "inputs", files=2)
    path, ears = write_texts(inputs / "texts.txt", texts), Ears()
    outcome = start([inputs], output, replace(settings, tagging=Deadly(), chunk=4), local_engine(2), ears)
    assert (outcome.progress.documents, outcome.progress.errors, outcome.deaths) == (17, 2, 6)
    assert [str(record) for record in read_left_out(RunFolder(output))] == [
        f"skipped: {path} (document 2): ended its worker with signal 9 (SIGKILL), 2 times; "
        "expected a document that can be worked on",
        f"skipped: {path} (document 7): ended its worker with exit code 3, 2 times; "
        "expected a document that can be worked on",
    ]
    assert set(document_ids(output)) >= {"0", "1", "3", "4", "5", "6", "8"}
    assert ears.notes[0] == f"a worker died (signal 9 (SIGKILL)) and is replaced; {path} is done again"


def test_a_document_that_kills_while_it_is_read_is_passed_over(
    tmp_path: Path, output: Path, settings: BatchSettings
) -> None:
    texts = [f"Velorin and tremor in {number} men." for number in range(9)]
    texts[2] = f"{KILL} and tremor."
    path = write_texts(tmp_path / "texts.txt", texts)
    outcome = start([path], output, replace(settings, tagging=DeadlyReading(), chunk=4), local_engine(1))
    assert (outcome.progress.documents, outcome.progress.errors, outcome.failed, outcome.deaths) == (8, 1, 0, 4)
    (record,) = read_left_out(RunFolder(output))
    assert str(record) == (
        f"skipped: {path}:5: ended its worker with signal 9 (SIGKILL), 2 times; expected a document that can be read"
    )
    assert document_ids(output) == ["0", "1", "3", "4", "5", "6", "7", "8"]


def test_a_document_that_takes_for_ever_is_left_out(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    path = write_texts(tmp_path / "texts.txt", ["Velorin and tremor.", f"{HANG} and tremor.", "Tremor, Velorin."])
    began = time.monotonic()
    outcome = start([path], output, replace(settings, tagging=Deadly(), max_seconds=2.0), local_engine(1))
    assert time.monotonic() - began < 300
    assert (outcome.progress.documents, outcome.deaths) == (2, 3)
    (record,) = read_left_out(RunFolder(output))
    assert record.message == "took more than 2 s, 2 times; expected less (--max-seconds)"
    assert (record.path, record.document) == (str(path), "1")


class Killer(Ears):
    """Kills one worker, once, when the first shard is done."""

    def __init__(self) -> None:
        super().__init__()
        self.killed: list[int] = []

    def progress(self, progress: Progress) -> None:
        workers = [process for process in psutil.Process().children(recursive=True) if is_worker(process)]
        if progress.shards_done and workers and not self.killed:
            self.killed.append(workers[0].pid)
            os.kill(workers[0].pid, signal.SIGKILL)


def is_worker(process: psutil.Process) -> bool:
    """Whether it was forked off the server, rather than being it."""
    parent = process.parent()
    return parent is not None and parent.pid != os.getpid()


def test_a_worker_killed_in_the_middle_loses_nothing(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    inputs, killer = write_inputs(tmp_path / "inputs", files=12, documents=60), Killer()
    outcome = start([inputs], output, replace(settings, chunk=5), local_engine(2), killer)
    assert killer.killed
    assert (outcome.complete, outcome.documents) == (True, 720)
    start([inputs], tmp_path / "inline", settings)
    assert rows(output) == rows(tmp_path / "inline")


def test_errors_come_back_as_they_are(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    inputs = write_inputs(tmp_path / "inputs", files=1)
    broken = replace(settings, tagging=replace(settings.tagging, lexicon=tmp_path / "absent"))
    with pytest.raises(ModelError, match="expected the folder of a lexicon"):
        start([inputs], output, broken, local_engine(1))
    assert not any((output / "parts").iterdir())


# A full disk


@contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    """A file system of ``size``; skips the test where none may be mounted."""
    path.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)], capture_output=True)
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_disk_that_fills(tmp_path: Path, settings: BatchSettings) -> None:
    inputs = write_inputs(tmp_path / "inputs", files=6, documents=60)
    start([inputs], tmp_path / "inline", settings)
    with small_disk(tmp_path / "disk", "200k") as disk:
        with pytest.raises(DiskFull, match="no space left on the disk"):
            start([inputs], disk / "run", settings, local_engine(2))
        done = RunFolder(disk / "run").entries()
        assert len(done) < 6
        assert not any((disk / "run" / "work").iterdir())
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        outcome = start([inputs], disk / "run", settings, local_engine(2))
        assert outcome.documents == 60 * (6 - len(done))
        assert rows(disk / "run") == rows(tmp_path / "inline")


# Whole runs

COMMAND = """
from functools import partial
from bran.workflows.batch import run
from bran.workflows.batch.planning import plan
from bran.cli.main import main
run.plan = partial(plan, small=0)
main()
"""


def command(inputs: Path, output: Path, model: Path, *more: str) -> list[str]:
    options = ["--model", str(model), "--threshold", "0", "--workers", "2", "--chunk", "4", "--quiet", *more]
    return [sys.executable, "-c", COMMAND, "extract", str(inputs), "-o", str(output), *options]


def wait_for(output: Path, parts: int) -> None:
    """Return when so many parts are finished."""
    deadline = time.monotonic() + 240
    while len(list((output / "parts").glob("*/entry.json"))) < parts and time.monotonic() < deadline:
        time.sleep(0.01)


def heed_interrupts() -> None:
    """Undo what shells do to processes in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_a_run_that_is_ended_goes_on(
    tmp_path: Path, output: Path, settings: BatchSettings, root: Path, how: signal.Signals
) -> None:
    inputs = write_inputs(tmp_path / "inputs", files=30, documents=40)
    process = subprocess.Popen(
        command(inputs, output, settings.model),
        cwd=root,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
        preexec_fn=heed_interrupts,
    )
    wait_for(output, 3)
    time.sleep(random.random() / 4)
    workers = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(how)
    _, told = process.communicate(timeout=120)
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []
    if how is not signal.SIGKILL:
        assert (process.returncode, told) == (130, "interrupted\n")
        assert not any((output / "work").iterdir())
    done = len(list((output / "parts").iterdir()))
    assert 3 <= done < 30
    outcome = start([inputs], output, replace(settings, chunk=4))
    assert outcome.documents == 40 * (30 - done)
    start([inputs], tmp_path / "inline", settings)
    assert rows(output) == rows(tmp_path / "inline")
