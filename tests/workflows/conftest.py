"""A model folder small enough to make for a test, a document to run it on, and a store that is quick to open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage
from bran.workflows.tracking import TrackingConfig
from tests.runs import run_config, start


@pytest.fixture(scope="session")
def document() -> Document:
    title, abstract = "Zorvapine and tremor.", "Fever followed zorvapine in two patients."
    text = f"{title} {abstract}"
    mentions = tuple(
        Mention(text.index(surface), text.index(surface) + len(surface), type_, (concept,))
        for surface, type_, concept in (
            ("Zorvapine", "Chemical", "MESH:C1"),
            ("tremor", "Disease", "MESH:D1"),
            ("Fever", "Disease", "MESH:D2"),
            ("zorvapine", "Chemical", "MESH:C1"),
        )
    )
    return Document("101", (Passage("title", title), Passage("abstract", abstract)), mentions)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which no run has been started; a fresh one takes seconds, a copy does not."""
    folder = tmp_path_factory.mktemp("store")
    TrackingConfig(folder=folder, experiment="before").build()
    return folder / "mlflow.db"


@pytest.fixture
def store(tmp_path: Path, migrated: Path) -> Path:
    """The folder of an empty store."""
    folder = tmp_path / "tracking"
    folder.mkdir()
    shutil.copy(migrated, folder)
    return folder


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two finished runs on the abstracts of :mod:`tests.runs`, of two seeds: two folds and a refit. Only to be read."""
    folders = [tmp_path_factory.mktemp(f"seed-{seed}") for seed in (0, 1)]
    for seed, folder in enumerate(folders):
        start(folder, run_config(f"training.seed={seed}", refit=True))
    return folders
