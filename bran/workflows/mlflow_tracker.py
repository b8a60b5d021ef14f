"""Runs that MLflow keeps: in a SQLite file beside the artifacts, or on a server."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import mlflow
from filelock import FileLock
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

import bran
from bran.corpus.document import Document
from bran.errors import ConfigError, NetworkError
from bran.workflows.frames import input_frame
from bran.workflows.signature import SIGNATURE
from bran.workflows.tracking import Run

_DISTRIBUTION = "bran-relations"
_REQUIREMENTS = ("numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "safetensors", "tokenizers", "torch")
_NOT_IN_KEYS = re.compile(r"[^\w\-./: ]")
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
"""How the first request to a server is sent: left alone, MLflow asks for minutes before it says that none is there."""
_SQLITE = "sqlite:///"
_SCRIPT = Path(__file__).with_name("pyfunc.py")


class MlflowTracker:
    """Starts runs in one experiment of one store.

    Args:
        uri: of the store.
        experiment: id of an experiment that it has.
        parent: id of the run that new ones stand under.
    """

    def __init__(self, uri: str, experiment: str, *, parent: str | None = None) -> None:
        self._uri = uri
        self._experiment = experiment
        self._parent = parent

    @classmethod
    def local(cls, folder: Path, *, experiment: str) -> MlflowTracker:
        """A tracker on ``mlflow.db`` in ``folder``; both are made where they are missing.

        Raises:
            ConfigError: when they cannot be.
        """
        folder = folder.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"tracking folder {folder}: cannot be made ({error.strerror})") from None
        artifacts = (folder / "mlartifacts").as_uri()
        return cls.open(f"sqlite:///{folder / 'mlflow.db'}", experiment=experiment, artifacts=artifacts)

    @classmethod
    def open(cls, uri: str, *, experiment: str, artifacts: str | None = None) -> MlflowTracker:
        """A tracker on the store at ``uri``; the experiment is made where it is missing.

        Args:
            uri: as in MLFLOW_TRACKING_URI.
            experiment: its name.
            artifacts: where a new experiment puts files; by default the store decides.

        Raises:
            ConfigError: when there is no such store, or the experiment was deleted.
            NetworkError: when a server cannot be reached.
        """
        try:
            with _alone(uri), _impatient():
                client = MlflowClient(uri)
                found = client.get_experiment_by_name(experiment)
                id_ = found.experiment_id if found else client.create_experiment(experiment, artifacts)
        except MlflowException as error:
            reason = str(error).partition("\n")[0]
            if uri.startswith(("http://", "https://")):
                raise NetworkError(f"MLflow server {uri}: {_why(reason)}; expected one that answers") from None
            raise ConfigError(f"MLflow store {uri}: {reason}; expected sqlite:///PATH or a server") from None
        if found and found.lifecycle_stage != "active":
            raise ConfigError(
                f"MLflow experiment {experiment!r} was deleted; expected another name, or that it is restored"
            )
        return cls(uri, id_)

    @property
    def uri(self) -> str:
        """Of the store."""
        return self._uri

    @property
    def experiment_id(self) -> str:
        """Of the experiment."""
        return self._experiment

    def reopen(self, name: str, *, tags: Mapping[str, str]) -> MlflowRun:
        """The run under this one that has all of ``tags``, made where it is missing; it goes on until told to end.

        So a process finds the runs of an earlier one that was killed.
        """
        client = MlflowClient(self._uri)
        parent = {"mlflow.parentRunId": self._parent} if self._parent else {}
        wanted = {**tags, **parent}
        where = " and ".join(f"tags.`{key}` = '{value}'" for key, value in wanted.items())
        found = client.search_runs([self._experiment], where, max_results=1)
        run = found[0] if found else client.create_run(self._experiment, run_name=name, tags=wanted)
        return MlflowRun(self._uri, self._experiment, run_id=run.info.run_id, finished=run.info.status == "FINISHED")

    @contextmanager
    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
        """A run; it ends as finished, or as failed when anything is raised within it."""
        use_store(self._uri)
        with mlflow.start_run(
            run_name=name,
            experiment_id=self._experiment,
            nested=True,
            parent_run_id=self._parent,
            tags=dict(tags or {}),
        ) as active:
            yield MlflowRun(self._uri, self._experiment, run_id=active.info.run_id)


class MlflowRun(MlflowTracker):
    """A run that is going on; those that it starts stand under it.

    Attributes:
        run_id: what MLflow calls it.
        finished: whether it had come to its end when it was opened.
    """

    def __init__(self, uri: str, experiment: str, *, run_id: str, finished: bool = False) -> None:
        super().__init__(uri, experiment, parent=run_id)
        self.run_id, self.finished = run_id, finished
        self._client = MlflowClient(uri)

    def set_status(self, status: Literal["RUNNING", "FINISHED", "FAILED"]) -> None:
        """Say where a run stands that :meth:`reopen` has given."""
        if status == "RUNNING":
            self._client.update_run(self.run_id, status)
        else:
            self._client.set_terminated(self.run_id, status)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set what runs are searched by."""
        self._client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log settings; nested keys are joined by dots, characters that MLflow refuses become ``_``."""
        flat = [Param(_key(key), _value(value)) for key, value in flatten(params)]
        self._client.log_batch(self.run_id, params=flat)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0, at: int | None = None) -> None:
        """Log the numbers of one epoch in one request.

        Args:
            metrics: by name.
            step: number of the epoch.
            at: when it ended, in milliseconds since 1970; now, unless given. Logged again with the same time,
                nothing changes.
        """
        now = int(time.time() * 1000) if at is None else at
        batch = [Metric(_key(key), value, now, step) for key, value in metrics.items()]
        self._client.log_batch(self.run_id, metrics=batch)

    def log_corpus(self, name: str, *, source: Path, digest: str, documents: int) -> None:
        """Log what the run reads, as a dataset input and the tag ``corpus_hash``."""
        dataset = Dataset(
            name=name,
            digest=digest,
            source_type="local",
            source=json.dumps({"uri": source.resolve().as_uri()}),
            profile=json.dumps({"documents": documents}),
        )
        context = [InputTag("mlflow.data.context", "training")]
        self._client.log_inputs(self.run_id, [DatasetInput(dataset, context)])
        self.set_tags({"corpus_hash": digest})

    def log_dict(self, data: Mapping[str, Any], file: str) -> None:
        """Log ``data`` as a file of this name, YAML or JSON by its suffix."""
        self._client.log_dict(self.run_id, dict(data), file)

    def log_text(self, text: str, file: str) -> None:
        """Log ``text`` as a file of this name."""
        self._client.log_text(self.run_id, text, file)

    def log_file(self, path: Path, folder: str = "") -> None:
        """Log a copy of the file at ``path``, in ``folder``."""
        self._client.log_artifact(self.run_id, str(path), folder or None)

    def log_model(self, folder: Path, *, example: Document, register_as: str | None = None) -> None:
        """Log the model folder with the script that loads it (no pickle), signature, example and requirements.

        Args:
            folder: of the model.
            example: what it is tried on.
            register_as: make it the next version of the registered model of this name.

        Raises:
            ModelError: when the folder cannot be read.
        """
        from bran.extraction.trained_model import read_description  # here, for it imports torch

        read_description(folder)
        mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_SCRIPT),
            artifacts={"model": str(folder)},
            model_config={"device": "cpu"},
            signature=SIGNATURE,
            input_example=input_frame([example]),
            pip_requirements=requirements(),
            registered_model_name=register_as,
        )


def flatten(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The plain values of nested ``params`` under dotted keys; an empty mapping counts as a value."""
    for key, value in params.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def requirements() -> list[str]:
    """What the logged model needs, at the versions that are installed here."""
    pinned = (f"{name}=={metadata.version(name).partition('+')[0]}" for name in _REQUIREMENTS)
    return [f"{_DISTRIBUTION}=={bran.__version__}", *pinned]


def _key(key: str) -> str:
    return _NOT_IN_KEYS.sub("_", key)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _why(reason: str) -> str:
    """Why a request failed, from MLflow's words: the last clause of a failed connection, else all of it."""
    if "failed with exception" not in reason:
        return reason
    return f"cannot be reached ({reason.rpartition(': ')[2].rstrip(')(')})".replace('"', "")


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Keep other processes from the first use of a SQLite store: two that made its tables at once would both fail.

    Raises:
        ConfigError: when there can be no lock beside the file.
    """
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or not path.parent.is_dir():
        yield
        return
    try:
        lock = FileLock(path.with_name(f".{path.name}.lock"))
        lock.acquire()
    except OSError as error:
        message = f"MLflow store {uri}: cannot be locked ({error.strerror}); expected a folder that can be written to"
        raise ConfigError(message) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _impatient() -> Iterator[None]:
    """Give up soon on a server that does not answer, unless the environment says otherwise."""
    ours = {name: value for name, value in _PATIENCE.items() if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def use_store(uri: str) -> None:
    """Point MLflow's functions at ``uri``.

    It exports the URI to the environment too, where a later tracker would take it for the user's wish.
    """
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    if before is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
