"""A trained model as a teacher: its scores of documents as labels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch

from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.encoding.labels import ScoredLabels
from bran.encoding.unstated import SPLIT
from bran.errors import ModelError
from bran.extraction.model_hash import model_hash
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel, read_description
from bran.nn.precision import Precision


def teacher_folder(model: str, split: str) -> Path:
    """The folder of the teacher of ``split``, from the ``model`` that a config names."""
    return Path(model.replace(SPLIT, split))


def teachers_hash(models: Iterable[str], splits: Iterable[str]) -> str:
    """Names the teachers that a config names for ``splits``, by their folders and what these hold.

    Raises:
        ModelError: when one is not there.
    """
    folders = {str(teacher_folder(model, split)) for model in models for split in splits}
    hashes = {folder: model_hash(Path(folder)) for folder in sorted(folders)}
    return hashlib.sha256(json.dumps(hashes).encode()).hexdigest()[:12]


def check_teacher(folder: Path, *, corpus: str, split: str) -> None:
    """Make sure that the model in ``folder`` has not learned from what a student of ``split`` is tested on.

    Args:
        folder: of the teacher.
        corpus: hash of the corpus that the student is trained and tested on.
        split: name of its split.

    Raises:
        ModelError: when there is no such model, or it was trained on another split of that corpus.
    """
    made = read_description(folder).training
    if made.get("corpus") == corpus and made.get("split") != split:
        message = f"was trained on split {made.get('split')} of this corpus"
        raise ModelError(
            f"{folder}: {message}; expected a teacher of split {split} ({SPLIT} in its name stands for it)"
        )


def teacher_labels(
    folder: Path, schema: Schema, documents: Sequence[Document], *, device: torch.device, precision: Precision
) -> ScoredLabels:
    """What the model in ``folder`` says of every candidate of ``documents``.

    Args:
        folder: of the teacher.
        schema: of what is trained.
        documents: what it is to be asked of.
        device: where to run it.
        precision: number format of its matrix products.

    Raises:
        ModelError: when there is no such model, or it was trained for other relation types.
    """
    model = TrainedModel.load(folder, device=device)
    found, expected = model.description.relation_schema.labels, schema.labels
    if found != expected:
        message = f"has relation types {', '.join(found)}; expected {', '.join(expected)}, as the config has them"
        raise ModelError(f"{folder}: {message}; the model is no teacher for it")
    scored = Predictor(model, device=device, precision=precision).predict(documents, threshold=0.0)
    return ScoredLabels(schema, {document.id: document.relations for document in scored})
