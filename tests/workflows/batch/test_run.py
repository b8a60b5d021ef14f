"""Runs: what is written, what a second start does, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from bran.corpus.document import Document
from bran.errors import ConfigError, DataError, FormatError, ModelError
from bran.export.left_out import read_left_out
from bran.export.run_folder import DOCUMENTS, ERRORS, RELATIONS, Entry, RunFolder
from bran.workflows.batch.engine import DiskFull, Task, WorkerDied
from bran.workflows.batch.opening import opened
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Shard, read_shard
from bran.workflows.tag import TaggingSettings
from tests.batches import (
    RAISE,
    Deadly,
    Ears,
    Inline,
    document_ids,
    numbered,
    rows,
    start,
    write_inputs,
    write_texts,
)
from tests.runs import write_corpus

pytestmark = pytest.mark.usefixtures("a_shard_for_each_file")


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    return write_inputs(tmp_path / "inputs")


def names(output: Path) -> set[str]:
    return {path.name for path in output.iterdir()}


def test_every_file_becomes_a_part(inputs: Path, output: Path, settings: BatchSettings) -> None:
    ears = Ears()
    outcome = start([inputs], output, settings, ears=ears)
    folder = RunFolder(output)
    entries = folder.entries()
    assert [Path(entry.sources[0].path).name for entry in entries] == ["part1.txt", "part2.txt", "part3.txt"]
    assert [(entry.documents, entry.relations, entry.skipped) for entry in entries] == [(5, 15, 0)] * 3
    for entry in entries:
        assert {path.name for path in folder.part(entry.key).iterdir()} == {RELATIONS, DOCUMENTS, ERRORS, "entry.json"}
    assert document_ids(output) == sorted(str(1000 * file + number) for file in (1, 2, 3) for number in range(5))
    assert (outcome.complete, outcome.documents, outcome.deaths, ears.notes) == (True, 15, 0, [])
    assert ears.last is not None
    assert (ears.last.documents, ears.last.relations, ears.last.shards_done, ears.last.shards) == (15, 45, 3, 3)
    assert ears.last.eta_seconds == 0
    assert not any((output / "work").iterdir())


def test_a_row_says_which_record_and_model_it_is_of(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    (part,) = (output / "parts").glob("part2.txt*")
    found = pq.read_table(part / RELATIONS).to_pylist()
    assert [row["position"] for row in found] == [number for number in range(5) for _ in range(3)]
    assert {row["model_hash"] for row in found} == {RunFolder(output).description.model_hash}
    assert {row["model"] for row in found} == {"mine"}
    assert all(row["evidence"] for row in found)
    assert [row["position"] for row in pq.read_table(part / DOCUMENTS).to_pylist()] == list(range(5))


def test_a_second_start_does_nothing(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    before = {path: path.stat().st_mtime_ns for path in (output / "parts").glob("*/*")}
    engine, ears = Inline(), Ears()
    outcome = start([inputs], output, settings, engine, ears)
    assert (engine.tasks, ears.notes) == ([], [])
    assert (outcome.documents, outcome.progress.documents) == (0, 15)
    assert {path: path.stat().st_mtime_ns for path in (output / "parts").glob("*/*")} == before


def test_what_is_missing_is_done(inputs: Path, output: Path, settings: BatchSettings) -> None:
    def interrupt(task: Task) -> None:
        if "part3" in task.shard.key:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start([inputs], output, settings, Inline(interrupt))
    assert len(list((output / "parts").iterdir())) == 2
    engine = Inline()
    assert start([inputs], output, settings, engine).documents == 5
    assert ["part3" in task.shard.key for task in engine.tasks] == [True]
    other = output.with_name("other")
    start([inputs], other, settings)
    assert rows(output) == rows(other)


def test_changed_added_and_withdrawn_files(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    write_corpus(inputs / "part2.txt", numbered(2000, 7))
    write_corpus(inputs / "part10.txt", numbered(9000, 2))
    (inputs / "part3.txt").unlink()
    os.utime(inputs / "part1.txt", (1, 1))  # touched, not changed
    engine, ears = Inline(), Ears()
    outcome = start([inputs], output, settings, engine, ears)
    assert [Path(task.shard.paths[0]).name for task in engine.tasks] == ["part2.txt", "part10.txt"]
    changed, withdrawn, added = ears.notes
    assert changed.startswith(f"changed since, done again: {inputs / 'part2.txt'}: has ")
    assert withdrawn == f"withdrawn, its rows are gone: {inputs / 'part3.txt'}"
    assert added == f"added: {inputs / 'part10.txt'}"
    assert (outcome.changed, outcome.withdrawn, outcome.progress.documents) == (1, 1, 14)
    fresh = output.with_name("fresh")
    start([inputs], fresh, settings)
    assert rows(output) == rows(fresh)
    assert document_ids(output) == document_ids(fresh)


def test_a_part_whose_entry_is_damaged_is_done_again(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    expected = rows(output)
    (part,) = (output / "parts").glob("part1.txt*")
    (part / "entry.json").write_text("{", encoding="utf-8")
    engine = Inline()
    start([inputs], output, settings, engine)
    assert len(engine.tasks) == 1
    assert rows(output) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"threshold": 0.25}, "settings.threshold was 0.0 and is 0.25"),
        ({"precision": "bf16"}, "settings.precision was 'fp32' and is 'bf16'"),
        ({"texts": False}, "settings.texts was True and is False"),
        ({"tagging": TaggingSettings(retag=True)}, "settings.tagging.retag was False and is True"),
    ],
)
def test_other_settings_are_refused_by_name(
    inputs: Path, output: Path, settings: BatchSettings, change: dict[str, object], message: str
) -> None:
    start([inputs], output, settings)
    with pytest.raises(ConfigError) as caught:
        start([inputs], output, replace(settings, **change))
    assert str(caught.value) == f"{output}: {message}; expected the same as before, or another folder"
    assert len(RunFolder(output).entries()) == 3


def test_settings_that_decide_nothing_may_change(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    engine = Inline()
    start([inputs], output, replace(settings, chunk=2, max_seconds=5.0, strict=True), engine)
    assert engine.tasks == []


def test_another_model_or_other_inputs_are_refused(
    inputs: Path, output: Path, settings: BatchSettings, tmp_path: Path
) -> None:
    start([inputs], output, settings)
    other = tmp_path / "model"
    shutil.copytree(settings.model, other)
    start([inputs], output, replace(settings, model=other))  # a copy is the same model
    subwords = json.loads((other / "subwords.json").read_text())
    (other / "subwords.json").write_text(json.dumps(subwords, indent=3))
    with pytest.raises(ConfigError, match=r"model_hash was '[0-9a-f]{12}' and is '[0-9a-f]{12}'; expected the same"):
        start([inputs], output, replace(settings, model=other))
    with pytest.raises(ConfigError, match=r"inputs was \['.*/inputs'\] and is \['.*/inputs/part1.txt'\]"):
        start([inputs / "part1.txt"], output, settings)


def test_a_run_that_has_done_nothing_may_become_another(inputs: Path, output: Path, settings: BatchSettings) -> None:
    def interrupt(_: Task) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        start([inputs], output, settings, Inline(interrupt))
    start([inputs], output, replace(settings, threshold=0.5))
    assert RunFolder(output).description.settings["threshold"] == 0.5


def test_a_folder_of_other_things_is_refused(inputs: Path, output: Path, settings: BatchSettings) -> None:
    output.mkdir()
    (output / "letter.txt").write_text("Dear all", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"run: holds other things than a run; expected a new or empty folder"):
        start([inputs], output, settings)
    assert names(output) == {"letter.txt"}
    with pytest.raises(ConfigError, match=r"letter\.txt: is a file; expected a folder"):
        start([inputs], output / "letter.txt", settings)


def test_two_starts_at_once(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, settings)
    with opened(output, RunFolder(output).description), pytest.raises(ConfigError) as caught:
        start([inputs], output, settings)
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    assert str(caught.value) == f"{output}: is being written by {owner}; expected one run at a time"


def test_a_model_that_is_none_leaves_no_folder(inputs: Path, output: Path, settings: BatchSettings) -> None:
    with pytest.raises(ModelError, match="not a model folder"):
        start([inputs], output, replace(settings, model=inputs))
    assert not output.exists()


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_chunks_change_no_row(inputs: Path, output: Path, settings: BatchSettings, chunk: int) -> None:
    start([inputs], output, settings)
    other = output.with_name("other")
    start([inputs], other, replace(settings, chunk=chunk))
    assert rows(output) == rows(other)


def test_the_order_of_inputs_changes_nothing(inputs: Path, output: Path, settings: BatchSettings) -> None:
    files = sorted(inputs.iterdir())
    start(files, output, settings)
    engine = Inline()
    start(files[::-1], output, settings, engine)
    assert engine.tasks == []


def test_without_texts(inputs: Path, output: Path, settings: BatchSettings) -> None:
    start([inputs], output, replace(settings, texts=False))
    assert {row["passages"] for row in rows(output, name=DOCUMENTS)} == {None}


# What is left out


def test_a_corrupt_file_among_others(inputs: Path, output: Path, settings: BatchSettings) -> None:
    (inputs / "part2.txt").write_bytes(b"\x1f\x8b\x08 no gzip")
    outcome = start([inputs], output, settings)
    assert (outcome.complete, outcome.progress.documents, outcome.progress.errors) == (False, 10, 1)
    (record,) = read_left_out(RunFolder(output))
    assert (record.kind, record.path) == ("skipped", str(inputs / "part2.txt"))
    assert start([inputs], output, settings, engine := Inline()).complete is False
    assert engine.tasks == []


def test_a_file_that_disappears_is_told_and_tried_again(inputs: Path, output: Path, settings: BatchSettings) -> None:
    def vanish(task: Task) -> None:
        (inputs / "part2.txt").unlink(missing_ok=True)

    ears = Ears()
    outcome = start([inputs], output, settings, Inline(vanish), ears)
    assert (outcome.complete, outcome.failed, outcome.progress.documents) == (False, 1, 10)
    (record,) = read_left_out(RunFolder(output))
    assert str(record) == (
        f"failed: {inputs / 'part2.txt'}: cannot be read (No such file or directory); expected a readable file"
    )
    assert ears.notes == [str(record)]
    write_corpus(inputs / "part2.txt", numbered(2000, 5))
    assert start([inputs], output, settings).complete
    assert list(read_left_out(RunFolder(output))) == []


def test_a_file_that_changes_while_it_is_read_fails(
    inputs: Path, output: Path, settings: BatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bran.workflows.batch import worker

    def touched(shard: Shard, **how: Any) -> Iterator[Document]:
        yield from read_shard(shard, **how)
        os.utime(shard.paths[0], (1, 1))

    monkeypatch.setattr(worker, "read_shard", touched)
    outcome = start([inputs / "part2.txt"], output, settings)
    assert outcome.failed == 1
    (record,) = read_left_out(RunFolder(output))
    assert record.message == "changed while it was read; expected a file that stays as it is"
    assert not any((output / "parts").iterdir())


def test_a_document_that_breaks_the_models_is_left_out_alone(
    tmp_path: Path, output: Path, settings: BatchSettings
) -> None:
    path = write_texts(tmp_path / "texts.txt", ["Velorin and tremor.", f"{RAISE} and tremor.", "No tremor, Velorin."])
    outcome = start([path], output, replace(settings, tagging=Deadly()))
    assert (outcome.progress.documents, outcome.progress.errors) == (2, 1)
    (record,) = read_left_out(RunFolder(output))
    assert str(record) == (
        f"skipped: {path} (document 1): cannot be worked on (ZeroDivisionError: division by zero); "
        "expected a document that can"
    )
    assert [row["document"] for row in rows(output)] == ["0", "2"]


def test_dropped_rows_are_counted(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    path = tmp_path / "plants.txt"
    path.write_text("1|t|A plant.\n1\t2\t7\tplant\tPlant\tP1\n1\t0\t1\tA\tPlant\tP2\n", encoding="utf-8")
    outcome = start([path], output, replace(settings, tagging=Deadly()))
    assert (outcome.dropped, outcome.complete) == (2, True)
    (record,) = read_left_out(RunFolder(output))
    assert str(record) == (
        f"dropped rows: 2; first {path}:2 (document 1): entity type 'Plant'; expected one of Chemical, Disease"
    )


def test_strict_stops_at_the_first(inputs: Path, output: Path, settings: BatchSettings) -> None:
    (inputs / "part2.txt").write_text("7|t|Title.\n7\tnothing\n", encoding="utf-8")
    with pytest.raises(DataError, match="row '7"):
        start([inputs], output, replace(settings, strict=True))
    assert {Path(entry.sources[0].path).name for entry in RunFolder(output).entries()} <= {"part1.txt", "part3.txt"}


def test_a_full_disk_ends_the_run_and_leaves_nothing_half(
    inputs: Path, output: Path, settings: BatchSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bran.workflows.batch import part

    def full(path: Path) -> None:
        if "part2" in str(path):
            raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as patch:
        patch.setattr(part, "_sync", full)
        with pytest.raises(DiskFull, match="no space left on the disk; what is done is whole, start again to go on"):
            start([inputs], output, settings)
    assert not any((output / "work").iterdir())
    assert {Path(entry.sources[0].path).name for entry in RunFolder(output).entries()} <= {"part1.txt", "part3.txt"}
    start([inputs], output, settings)
    assert len(document_ids(output)) == 15


def test_nothing_to_read(tmp_path: Path, output: Path, settings: BatchSettings) -> None:
    with pytest.raises(FormatError, match="absent: cannot be opened"):
        start([tmp_path / "absent"], output, settings)


# Deaths, as the driver sees them


def test_a_worker_that_died_after_its_part_was_whole(inputs: Path, output: Path, settings: BatchSettings) -> None:
    class Late(Inline):
        def submit(self, task: Task) -> Future[Entry]:
            super().submit(task)
            future: Future[Entry] = Future()
            future.set_exception(WorkerDied("signal 9 (SIGKILL)"))
            return future

    engine = Late()
    outcome = start([inputs], output, settings, engine)
    assert (outcome.documents, outcome.deaths, outcome.complete, len(engine.tasks)) == (15, 0, True, 3)


def test_workers_that_never_begin_end_the_run(inputs: Path, output: Path, settings: BatchSettings) -> None:
    def die(_: Task) -> None:
        raise WorkerDied("signal 9 (SIGKILL)")

    engine = Inline(die)
    with pytest.raises(WorkerDied, match="3 workers died before their first document, the last with signal 9"):
        start([inputs], output, settings, engine)


def test_a_shard_that_no_worker_survives_is_told_and_the_others_are_done(
    inputs: Path, output: Path, settings: BatchSettings
) -> None:
    def die(task: Task) -> None:
        if "part2" in task.shard.key:
            raise WorkerDied("signal 9 (SIGKILL)")

    engine, ears = Inline(die), Ears()
    outcome = start([inputs], output, settings, engine, ears)
    assert (outcome.failed, outcome.deaths, outcome.documents) == (1, 3, 10)
    (record,) = read_left_out(RunFolder(output))
    assert str(record) == (
        f"failed: {inputs / 'part2.txt'}: 3 workers died before its first document (signal 9 (SIGKILL))"
    )
