"""The shards of a batch on a Ray cluster: one started here, or a running one of many machines."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any

import bran
from bran.errors import BranError, ConfigError, NetworkError
from bran.export.run_folder import Entry
from bran.workflows.batch.engine import Task, WorkerDied
from bran.workflows.batch.settings import BatchSettings

_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # What Ray has to say of dead workers it writes to stdout, which is the table's; the batch reports them itself.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}
LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""The only switch with which Ray listens on 127.0.0.1 alone; read when it is first imported."""
_OBJECT_STORE = 80 * 2**20
"""Bytes, about the least that Ray takes: tasks and entries go through it, documents do not."""
_PATIENCE = 10.0
"""Seconds that a cluster may take to answer."""


class RayEngine:
    """Runs tasks as remote functions.

    Functions, not actors: Ray gives a queued function to whatever process is free and keeps that process, so the model
    that it holds is used again; a node that dies takes along only what ran on it, and one that joins gets work at once.
    Calls of an actor wait for that actor, whether or not a node is left for it, and somebody has to choose among the
    actors. An actor would keep its GPU; a process that is used again stays with the GPU that it found first, so where
    one of several on a node has died, the next may meet another on its GPU: slower, with the same results.

    Args:
        ray: the module, connected.
        function: Ray's, of a task and the version of bran here; gives the entry.
        resource: ``CPU`` or ``GPU``: what a task takes one of.
        workers: how many tasks run at once; ``None``: as many as the cluster has of the resource at the time.
    """

    def __init__(self, ray: Any, function: Any, *, resource: str, workers: int | None = None) -> None:
        self._ray = ray
        self._function = function
        self._resource = resource
        self._workers = workers

    @property
    def slots(self) -> int:
        """How many tasks run at once."""
        return self._workers or self.capacity

    @property
    def capacity(self) -> int:
        """How many the nodes that are there could run at once."""
        return int(self._ray.cluster_resources().get(self._resource, 0))

    def submit(self, task: Task) -> Future[Entry]:
        """Have ``task`` done; the future raises :class:`WorkerDied` when its process or node is gone."""
        future: Future[Entry] = Future()
        future.set_running_or_notify_cancel()  # what the cluster has been given is not taken back
        self._function.remote(task, bran.__version__).future().add_done_callback(partial(_settle, future))
        return future


@contextmanager
def ray_engine(
    settings: BatchSettings, *, address: str | None = None, workers: int | None = None
) -> Iterator[RayEngine]:
    """An engine on Ray, shut down when the block ends, with all that runs on it.

    Args:
        settings: tell the device; ``cuda``, and ``auto`` where the cluster has GPUs: every task gets one.
        address: of a running cluster (``auto``, ``HOST:PORT``), all of whose nodes have this version of bran, and the
            model, the inputs and the output under the same paths; ``None``: one is started that listens on loopback
            only and ends with the block.
        workers: tasks at once; by default a task for each CPU (GPU) of the cluster.

    Raises:
        ConfigError: when Ray is not installed, or the cluster has nothing to run tasks on.
        NetworkError: when there is no cluster at the address.
    """
    ray = _imported(local=address is None)
    _connect(ray, address, workers)
    try:
        resource = wanted_resource(settings.device, ray.cluster_resources())
        engine = RayEngine(ray, _remote(ray, _run, resource), resource=resource, workers=workers)
        # A cluster that grows with its work may be empty yet: then somebody has to say how many tasks it is good for.
        if not (engine.capacity or (address and workers)):
            raise ConfigError(f"device {settings.device!r}: the Ray cluster has no {resource}; expected at least one")
        yield engine
    finally:
        ray.shutdown()


def wanted_resource(device: str, resources: Mapping[str, float]) -> str:
    """What a task on ``device`` takes one of, in a cluster that has ``resources``."""
    return "GPU" if device.startswith("cuda") or (device == "auto" and resources.get("GPU")) else "CPU"


def translated(error: BaseException) -> BaseException:
    """What Ray says went wrong, as bran says it: a death, or the error of the task itself."""
    from ray.exceptions import RayTaskError

    if isinstance(error, RayTaskError):
        return _raised(error)
    said = str(error).partition("\n")[0]
    if isinstance(error, _deaths()):
        return WorkerDied(f"{type(error).__name__}: {said}")
    return BranError(f"Ray: {type(error).__name__}: {said}")


def _raised(error: Any) -> BaseException:
    """What the task raised; the worker's traceback hangs on to it."""
    cause: BaseException = error.cause
    if isinstance(cause, ModuleNotFoundError):
        return ConfigError(f"a node of the Ray cluster has no {cause.name}; expected what is installed here")
    cause.__cause__ = error
    return cause


def _deaths() -> tuple[type[BaseException], ...]:
    """What Ray raises when the process or the node of a task is gone, or the node that held its result."""
    from ray import exceptions

    return (
        exceptions.WorkerCrashedError,
        exceptions.NodeDiedError,
        exceptions.LocalRayletDiedError,
        exceptions.OutOfMemoryError,
        exceptions.RayActorError,
        exceptions.ObjectLostError,
    )


def _settle(future: Future[Entry], done: Future[Entry]) -> None:
    error = done.exception()
    if error is None:
        future.set_result(done.result())
    else:
        future.set_exception(translated(error))


def _imported(*, local: bool) -> Any:
    for name, value in {**_ENVIRONMENT, **(LOOPBACK if local else {})}.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError:
        raise ConfigError("engine 'ray': Ray is not installed; pip install 'bran-relations[ray]'") from None
    return ray


def _check_reachable(address: str | None) -> None:
    """Ray itself tries for minutes, and ends the process."""
    host, _, port = (address or "").rpartition(":")
    if port.isdigit():
        try:
            socket.create_connection((host.rpartition("/")[2], int(port)), timeout=_PATIENCE).close()
        except OSError as error:
            raise NetworkError(f"Ray cluster {address}: {error}; expected a running one") from None


def _connect(ray: Any, address: str | None, workers: int | None) -> None:
    _check_reachable(address)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    started = {"num_cpus": workers, "include_dashboard": False, "object_store_memory": _OBJECT_STORE}
    try:
        with _signals_kept():
            ray.init(address=address or "local", **quiet, **({} if address else started))
    except (OSError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())
        raise NetworkError(f"Ray cluster {address or 'of this machine'}: {said}") from None


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Ray puts a handler of its own on SIGTERM, which ends the process without ado."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


def _remote(ray: Any, function: Callable[[Task, str], Entry], resource: str) -> Any:
    """``function`` for Ray to run, once: what becomes of a shard whose worker died is for the batch to say."""
    # Left alone, Ray ends a process with a GPU after each call (max_calls), and with it the model.
    options = {"num_cpus": 1, "num_gpus": int(resource == "GPU"), "max_retries": 0, "max_calls": 0}
    return ray.remote(**options)(function)


def _run(task: Task, version: str) -> Entry:
    """What runs on a node."""
    if version != bran.__version__:
        raise ConfigError(f"a node of the Ray cluster has bran {bran.__version__}; expected {version}, as here")
    from bran.workflows.batch.worker import run_task

    return run_task(task)
