"""What a run is: everything that decides its result, as it is written beside it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import bran
from bran.export.run_folder import RunDescription
from bran.export.table import SCHEMA_VERSION
from bran.extraction.model_hash import model_hash
from bran.extraction.trained_model import read_description
from bran.files import STDIN
from bran.workflows.batch.settings import BatchSettings
from bran.workflows.bundled import lexicon_folder, recogniser_folder


def describe(settings: BatchSettings, inputs: Sequence[str]) -> RunDescription:
    """The description of a run.

    Args:
        settings: how documents are worked on.
        inputs: files, folders and patterns, as the user named them.

    Raises:
        ModelError: when the relation model cannot be read.
    """
    model = read_description(settings.model)
    decisive = settings.decisive()
    decisive["tagging"]["hash"] = _tagging_hash(settings)
    return RunDescription(
        schema_version=SCHEMA_VERSION,
        bran_version=bran.__version__,
        model=model.name,
        model_version=model.bran_version,
        model_hash=model_hash(settings.model),
        relation_schema=model.relation_schema.model_dump(mode="json", by_alias=True),
        settings=decisive,
        inputs=tuple(item if item == STDIN else os.path.abspath(item) for item in inputs),
    )


def _tagging_hash(settings: BatchSettings) -> str:
    """What names the recogniser and the lexicon; a spaCy pipeline that is installed goes by its name."""
    recogniser = Path(settings.tagging.ner) if settings.tagging.ner else recogniser_folder()
    lexicon = settings.tagging.lexicon or lexicon_folder()
    total = hashlib.sha256()
    for folder in (recogniser, lexicon):
        for path in sorted(item for item in folder.rglob("*") if item.is_file()):
            total.update(f"{path.relative_to(folder)}\0".encode())
            with path.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:12]
