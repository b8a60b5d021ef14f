"""The files of a run, however it came to be: what `bran train`, `bran ensemble` and `bran distil` write and read alike.

::

    run.json               hashes of what decides the results, and the resolved settings
    splits.json            document ids of the corpus, and of every part
    <split>/candidates.parquet   every candidate of the test part with its score
    <split>/scores.json    raw and filtered, with signatures
    summary.json, summary.md
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bran.corpus.document import Document
from bran.corpus.load import Corpus
from bran.corpus.schema import Schema
from bran.corpus.splits import Split
from bran.errors import ConfigError
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import EvaluationReport
from bran.export.writers import open_writer
from bran.files import atomic_write
from bran.workflows.summary import Summary

SETTINGS, SPLITS, CANDIDATES, SCORES, MODEL, REFIT = (
    "run.json", "splits.json", "candidates.parquet", "scores.json", "model", "refit"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """A split that was scored.

    Attributes:
        split: which.
        report: its scores on the test part.
        candidates: every candidate of the test part with its score.
    """

    split: Split
    report: EvaluationReport
    candidates: Predictions


def write_json(path: Path, data: Any) -> None:
    """Write ``data`` for people and programs to read."""
    with atomic_write(path) as stream:
        stream.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The mapping that :func:`write_json` wrote.

    Raises:
        ConfigError: when the file cannot be read, or holds no JSON object.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); expected the folder of a run") from None
    except ValueError as error:
        raise ConfigError(f"{path}: damaged ({error}); expected what an earlier start wrote") from None
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: holds a {type(data).__name__}; expected what an earlier start wrote")
    return data


def write_settings(
    folder: Path, identity: Mapping[str, str], settings: Mapping[str, Any], *, corpus: Corpus, splits: Iterable[Split]
) -> None:
    """Write what a run is, before it does anything; a folder that holds results of another run is refused.

    Args:
        folder: of the run; made when it is missing.
        identity: hashes of what decides the results, by name.
        settings: the resolved config.
        corpus: what it runs on.
        splits: all that the config names.

    Raises:
        ConfigError: when the folder holds results of a run with another identity.
    """
    path = folder / SETTINGS
    if path.exists() and any(folder.glob("*/*")):  # a start that left nothing binds nobody
        _check_identity(path, identity)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(path, {**identity, "settings": settings})
    documents = [document.id for document in corpus.documents]
    parts = {split.name: asdict(split) for split in splits}
    write_json(folder / SPLITS, {"corpus": corpus.hash, "documents": documents, "splits": parts})


def write_candidates(documents: Iterable[Document], folder: Path, schema: Schema) -> None:
    """Write all relations of ``documents`` as the candidates of the split in ``folder``."""
    write_scores(documents, folder / CANDIDATES, schema)


def write_scores(documents: Iterable[Document], path: Path, schema: Schema) -> None:
    """Write all relations of ``documents``, every candidate with its score, as a table."""
    with open_writer(path, schema=schema) as writer:
        for document in documents:
            writer.write(document)


def write_summary(summary: Summary, folder: Path) -> None:
    """Write ``summary`` for people and for programs."""
    write_json(folder / "summary.json", summary.to_dict())
    with atomic_write(folder / "summary.md") as stream:
        stream.write(summary.to_markdown())


def _check_identity(path: Path, identity: Mapping[str, str]) -> None:
    """Make sure that what an earlier start wrote to ``path`` was a start of this very run."""
    earlier = {key: value for key, value in read_json(path).items() if key != "settings"}
    for key in {**identity, **earlier}:
        found, expected = earlier.get(key), identity.get(key)
        if found != expected:
            message = f"{path.parent}: holds results of {key} {found}, this run has {expected}"
            raise ConfigError(f"{message}; expected another folder, or an empty one")
