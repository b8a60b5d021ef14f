"""Tracking of experiments, as the rest of the package sees it: runs that take values, or take none.

What trains or evaluates is handed a :class:`Tracker` and does not know what stands behind it::

    with config.build().start("cross-validation", tags={"split": "random"}) as run:
        run.log_params(settings)
        for fold in range(5):
            with run.start(f"fold {fold}") as child:
                child.log_metrics({"f1": f1}, step=epoch)
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from bran.config import Config
from bran.corpus.document import Document

if TYPE_CHECKING:
    from bran.workflows.mlflow_tracker import MlflowTracker

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Settings of MLflow that hold unless the environment says otherwise; it reads them when it is imported."""


class Tracker(Protocol):
    """Starts runs."""

    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> AbstractContextManager[Run]:
        """A run, under this one where this is a run. When anything is raised within it, it ends as failed."""


class Run(Tracker, Protocol):
    """Takes what is to be remembered of one training or evaluation, and starts runs under it."""

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set what runs are searched by."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log settings; the keys of nested ones are joined by dots."""

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Log the numbers of one epoch, all at once."""

    def log_corpus(self, name: str, *, source: Path, digest: str, documents: int) -> None:
        """Log what the run reads: where it lies, and the hash of its content (also as the tag ``corpus_hash``)."""

    def log_dict(self, data: Mapping[str, Any], file: str) -> None:
        """Log ``data`` as a file of this name, YAML or JSON by its suffix."""

    def log_text(self, text: str, file: str) -> None:
        """Log ``text`` as a file of this name."""

    def log_file(self, path: Path, folder: str = "") -> None:
        """Log a copy of the file at ``path``, in ``folder``."""

    def log_model(self, folder: Path, *, example: Document) -> None:
        """Log the trained model in ``folder`` as one that can be loaded and served, tried on ``example``."""


class NullTracker:
    """Tracking switched off: a run that forgets everything."""

    @contextmanager
    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> Iterator[Run]:
        """Itself."""
        yield self

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Do nothing."""

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Do nothing."""

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        """Do nothing."""

    def log_corpus(self, name: str, *, source: Path, digest: str, documents: int) -> None:
        """Do nothing."""

    def log_dict(self, data: Mapping[str, Any], file: str) -> None:
        """Do nothing."""

    def log_text(self, text: str, file: str) -> None:
        """Do nothing."""

    def log_file(self, path: Path, folder: str = "") -> None:
        """Do nothing."""

    def log_model(self, folder: Path, *, example: Document) -> None:
        """Do nothing."""


class TrackingConfig(Config):
    """Whether and where runs are tracked."""

    enabled: bool = True
    experiment: str = "bran"
    """What the runs stand under in MLflow."""
    folder: Path = Path()
    """Holds ``mlflow.db`` and ``mlartifacts``; the environment variable MLFLOW_TRACKING_URI goes before it."""

    def build(self) -> Tracker:
        """The tracker. MLflow is imported only when it is enabled.

        Raises:
            ConfigError: when the store cannot be opened.
            NetworkError: when a server cannot be reached.
        """
        return self.open() if self.enabled else NullTracker()

    def open(self) -> MlflowTracker:
        """The tracker on MLflow, whether it is enabled or not.

        Raises:
            ConfigError: when the store cannot be opened.
            NetworkError: when a server cannot be reached.
        """
        for name, value in _ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        from bran.workflows.mlflow_tracker import MlflowTracker

        if uri := os.environ.get("MLFLOW_TRACKING_URI"):
            return MlflowTracker.open(uri, experiment=self.experiment)
        return MlflowTracker.local(self.folder, experiment=self.experiment)
