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
from typing import Any

import mlflow
from mlflow import MlflowClient, MlflowException
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

import bran
from bran.corpus.document import Document
from bran.errors import ConfigError
from bran.workflows.frames import input_frame
from bran.workflows.signature import SIGNATURE
from bran.workflows.tracking import Run

_DISTRIBUTION = "bran-relations"
_REQUIREMENTS = ("numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "safetensors", "tokenizers", "torch")
_NOT_IN_KEYS = re.compile(r"[^\w\-./: ]")
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
        """
        try:
            client = MlflowClient(uri)
            found = client.get_experiment_by_name(experiment)
            id_ = found.experiment_id if found else client.create_experiment(experiment, artifacts)
        except MlflowException as error:
            reason = str(error).partition("\n")[0]
            raise ConfigError(f"MLflow store {uri}: {reason}; expected sqlite:///PATH or a server") from None
        if found and found.lifecycle_stage != "active":
            raise ConfigError(
                f"MLflow experiment {experiment!r} was deleted; expected another name, or that it is restored"
            )
        return cls(uri, id_)

    @contextmanager
    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
        """A run; it ends as finished, or as failed when anything is raised within it."""
        _use_store(self._uri)
        with mlflow.start_run(
            run_name=name,
            experiment_id=self._experiment,
            nested=True,
            parent_run_id=self._parent,
            tags=dict(tags or {}),
        ) as active:
            yield MlflowRun(self._uri, self._experiment, run_id=active.info.run_id)


class MlflowRun(MlflowTracker):
    """A run that is going on; those that it starts stand under it."""

    def __init__(self, uri: str, experiment: str, *, run_id: str) -> None:
        super().__init__(uri, experiment, parent=run_id)
        self.run_id = run_id
        self._client = MlflowClient(uri)

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set what runs are searched by."""
        self._client.log_batch(self.run_id, tags=[RunTag(key, value) for key, value in tags.items()])

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log settings; nested keys are joined by dots, characters that MLflow refuses become ``_``."""
        flat = [Param(_key(key), _value(value)) for key, value in flatten(params)]
        self._client.log_batch(self.run_id, params=flat)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Log the numbers of one epoch in one request."""
        now = int(time.time() * 1000)
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

    def log_model(self, folder: Path, *, example: Document) -> None:
        """Log the model folder with the script that loads it (no pickle), signature, example and requirements.

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


def _use_store(uri: str) -> None:
    """Point MLflow's functions at ``uri``.

    It exports the URI to the environment too, where a later tracker would take it for the user's wish.
    """
    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(uri)
    if before is None:
        os.environ.pop("MLFLOW_TRACKING_URI", None)
