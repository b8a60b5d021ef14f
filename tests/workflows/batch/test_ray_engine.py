from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from bran.errors import BranError, ConfigError, FormatError, NetworkError, Place
from bran.export.run_folder import Entry
from bran.workflows.batch import ray_engine as module
from bran.workflows.batch.engine import Task, WorkerDied
from bran.workflows.batch.ray_engine import ray_engine, translated
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.batch.shards import Shard

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
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with (
        pytest.raises(ConfigError, match=r"engine 'ray': Ray is not installed; pip install 'bran-relations\[ray\]'"),
        ray_engine(BatchSettings(tmp_path)),
    ):
        pass


def test_nodes_of_another_version_are_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"a node of the Ray cluster has bran .*; expected 0\.0\.0, as here"):
        module._run(task(tmp_path), "0.0.0")


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
