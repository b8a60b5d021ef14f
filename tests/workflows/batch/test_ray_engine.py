from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bran.corpus.document import Document
from bran.errors import BranError, ConfigError, FormatError, NetworkError, Place
from bran.export.left_out import read_left_out
from bran.export.run_folder import RELATIONS, Entry, RunFolder
from bran.workflows.batch import ray_engine as module
from bran.workflows.batch.engine import Task, WorkerDied
from bran.workflows.batch.local import local_engine
from bran.workflows.batch.progress import Progress
from bran.workflows.batch.ray_engine import ray_engine, translated
from bran.workflows.batch.run import extract_to_folder
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Shard
from tests.builders import tiny_model
from tests.runs import abstracts, write_corpus

# Before Ray is imported: clusters of tests listen on loopback only.
os.environ.update(module.LOOPBACK)

WAIT = 60.0


def task(folder: Path, key: str = "a") -> Task:
    return Task(folder, Shard(key, ()), BatchSettings(folder / "model"))


@pytest.fixture
def exceptions() -> Any:
    return pytest.importorskip("ray.exceptions")


def test_an_error_of_a_task_is_raised_as_it_is(exceptions: Any):
    cause = FormatError("'x': expected a number", Place("a.pubtator", 7))
    wrapped = exceptions.RayTaskError("run", "Traceback ...", cause)
    error = translated(wrapped.as_instanceof_cause())
    assert error is cause
    assert str(error) == "a.pubtator:7: 'x': expected a number"
    assert isinstance(error.__cause__, exceptions.RayTaskError)  # has the traceback of the worker


def test_a_node_without_bran_is_told(exceptions: Any):
    cause = ModuleNotFoundError("No module named 'bran'", name="bran")
    error = translated(exceptions.RayTaskError("run", "Traceback ...", cause).as_instanceof_cause())
    assert isinstance(error, ConfigError)
    assert str(error) == "a node of the Ray cluster has no bran; expected what is installed here"


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("WorkerCrashedError", ()),
        ("NodeDiedError", ("node 7 is gone",)),
        ("LocalRayletDiedError", ()),
        ("OutOfMemoryError", ("killed for want of memory\nwith a long report",)),
        ("ActorDiedError", ()),
    ],
)
def test_a_worker_or_node_that_is_gone_is_a_death(exceptions: Any, name: str, arguments: tuple[str, ...]):
    error = translated(getattr(exceptions, name)(*arguments))
    assert isinstance(error, WorkerDied)
    assert str(error).startswith(f"{name}: ")
    assert "\n" not in str(error)


def test_other_troubles_of_ray_are_no_deaths(exceptions: Any):
    error = translated(exceptions.OutOfDiskError("no space\nleft"))
    assert isinstance(error, BranError)
    assert not isinstance(error, WorkerDied)
    assert str(error).startswith("Ray: OutOfDiskError: ")


def test_without_ray_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(ConfigError, match=r"engine 'ray': Ray is not installed; pip install 'bran-relations\[ray\]'"),
        ray_engine(BatchSettings(tmp_path)),
    ):
        pass


def test_nodes_of_another_version_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"a node of the Ray cluster has bran .*; expected 0\.0\.0, as here"):
        module._run(task(tmp_path), "0.0.0")


@pytest.mark.parametrize(
    ("device", "resources", "expected"),
    [
        ("cpu", {"CPU": 8, "GPU": 2}, "CPU"),
        ("cuda", {"CPU": 8}, "GPU"),
        ("cuda:0", {"CPU": 8, "GPU": 2}, "GPU"),
        ("auto", {"CPU": 8, "GPU": 2}, "GPU"),
        ("auto", {"CPU": 8}, "CPU"),
    ],
)
def test_tasks_take_what_their_device_needs(device: str, resources: dict[str, float], expected: str):
    assert module.wanted_resource(device, resources) == expected


def _obey(task: Task, version: str) -> Entry:
    """Does what the key of the shard says."""
    if task.shard.key == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if task.shard.key == "refuse":
        raise FormatError("refused", Place("a.pubtator", 3))
    return Entry(key=f"{task.shard.key} {version}", sources=(), documents=os.getpid())


@pytest.fixture
def obedient(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ray")
    monkeypatch.setattr(module, "_run", _obey)


@pytest.mark.slow
@pytest.mark.usefixtures("obedient")
def test_a_cluster_of_this_machine(tmp_path: Path):
    with ray_engine(BatchSettings(tmp_path), workers=1) as engine:
        assert engine.slots == 1
        done = [engine.submit(task(tmp_path, key)) for key in ("a", "b", "refuse", "die", "c")]
        entries = [done[index].result(WAIT) for index in (0, 1, 4)]
        assert [entry.key.split()[0] for entry in entries] == ["a", "b", "c"]
        # the process, and the model in it, is used again, as long as it lives
        assert entries[0].documents == entries[1].documents != entries[2].documents
        with pytest.raises(FormatError, match=r"^a\.pubtator:3: refused$"):
            done[2].result(WAIT)
        with pytest.raises(WorkerDied, match="WorkerCrashedError"):
            done[3].result(WAIT)
    import ray

    assert not ray.is_initialized()


@pytest.mark.slow
@pytest.mark.usefixtures("obedient")
def test_a_cluster_without_a_gpu_is_told(tmp_path: Path):
    with (
        pytest.raises(ConfigError, match="device 'cuda': the Ray cluster has no GPU; expected at least one"),
        ray_engine(BatchSettings(tmp_path, device="cuda"), workers=1),
    ):
        pass


def test_no_cluster_at_the_address_is_told(tmp_path: Path):
    pytest.importorskip("ray")
    with (
        pytest.raises(NetworkError, match=r"^Ray cluster 127\.0\.0\.1:9: .*refused; expected a running one$"),
        ray_engine(BatchSettings(tmp_path), address="127.0.0.1:9"),
    ):
        pass


FILES, DOCUMENTS = 8, 60


@pytest.fixture
def inputs(tmp_path: Path, a_shard_for_each_file: None) -> list[Path]:
    """Files of abstracts that are related, each under an id of its own; a shard each, small as they are."""
    files = []
    (tmp_path / "in").mkdir()
    for number in range(FILES):
        repeated = islice(cycle(abstracts()), DOCUMENTS)
        named = [replace(doc, id=f"{number}-{index}") for index, doc in enumerate(repeated)]
        files.append(write_corpus(tmp_path / "in" / f"{number}.pubtator", named))
    return files


@pytest.fixture
def settings(tmp_path: Path) -> BatchSettings:
    """One by one, so that what is done again after a death is batched as it was."""
    tiny_model(threshold=0.0).save(tmp_path / "model")
    return BatchSettings(tmp_path / "model", chunk=1)


class Watcher:
    """Calls ``act`` once, when so many shards have ended."""

    def __init__(self, shards: int, act: Callable[[], None]) -> None:
        self.shards, self.act, self.acted = shards, act, False

    def progress(self, progress: Progress) -> None:
        if progress.shards_done >= self.shards and not self.acted:
            self.acted = True
            self.act()

    def note(self, line: str) -> None:
        pass


def a_busy(nodes: Sequence[Any]) -> Any:
    """A node that works on a task: one that has yet to begin its first has no worker to lose."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for node in nodes:
            with suppress(psutil.Error):  # processes come and go
                (raylet,) = node.all_processes["raylet"]
                workers = psutil.Process(raylet.process.pid).children(recursive=True)
                if any(" ".join(worker.cmdline()).startswith("ray::_run") for worker in workers):
                    return node
        time.sleep(0.01)
    return nodes[0]  # all tasks that were given out have ended: nobody dies, and the test tries again


def lose_a_busy_one(cluster: Any, nodes: Sequence[Any]) -> None:
    cluster.remove_node(a_busy(nodes), allow_graceful=False)


def sorted_rows(path: Path) -> bytes:
    """All relations of a run, sorted, as the bytes of one table."""
    folder = RunFolder(path)
    tables = [pq.read_table(folder.part(entry.key) / RELATIONS) for entry in folder.entries()]
    keys = [(name, "ascending") for name in ("document", "type", "head", "tail")]
    sink = io.BytesIO()
    pq.write_table(pa.concat_tables(tables).sort_by(keys).combine_chunks(), sink)
    return sink.getvalue()


@pytest.mark.slow
def test_a_run_loses_a_node_and_no_row(tmp_path: Path, inputs: list[Path], settings: BatchSettings):
    cluster_utils = pytest.importorskip("ray.cluster_utils")
    names = [str(path) for path in inputs]
    extract_to_folder(names, tmp_path / "local", settings, local_engine(2), Watcher(FILES + 1, lambda: None))
    for attempt in range(3):  # its task may have ended the moment before the node is gone
        folder = tmp_path / f"ray-{attempt}"
        cluster = cluster_utils.Cluster(
            initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
        )
        try:
            nodes = [cluster.add_node(num_cpus=1) for _ in range(3)]
            watcher = Watcher(2, partial(lose_a_busy_one, cluster, nodes))
            outcome = extract_to_folder(names, folder, settings, ray_engine(settings, address=cluster.address), watcher)
        finally:
            cluster.shutdown()
        assert watcher.acted
        assert outcome.complete
        assert outcome.progress.documents == FILES * DOCUMENTS
        assert sorted_rows(folder) == sorted_rows(tmp_path / "local")
        if outcome.deaths:
            break
    assert outcome.deaths == 1


def _deadly(task: Task, version: str) -> Entry:
    """As it is, but that one document is the end of its process."""
    from bran.workflows.batch.models import Models
    from bran.workflows.batch.worker import run_task

    extract = Models.extract

    def extract_or_die(self: Models, documents: Sequence[Document]) -> list[Document]:
        if any(document.id == "3-7" for document in documents):
            os.kill(os.getpid(), signal.SIGKILL)
        return extract(self, documents)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Models, "extract", extract_or_die)
        return run_task(task)


@pytest.mark.slow
def test_a_document_that_kills_workers_is_left_out(
    tmp_path: Path, inputs: list[Path], settings: BatchSettings, monkeypatch: pytest.MonkeyPatch
):
    pytest.importorskip("ray")
    monkeypatch.setattr(module, "_run", _deadly)
    settings = replace(settings, chunk=16)
    names = [str(path) for path in inputs]
    engine = ray_engine(settings, workers=2)
    outcome = extract_to_folder(names, tmp_path / "ray", settings, engine, Watcher(FILES + 1, lambda: None))
    assert outcome.progress.errors == 1
    assert outcome.failed == 0
    assert outcome.progress.documents == FILES * DOCUMENTS - 1
    (left_out,) = read_left_out(RunFolder(tmp_path / "ray"))
    assert left_out.document == "3-7"
