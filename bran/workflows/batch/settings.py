"""How a batch is worked on: what decides its result, and what does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bran.corpus.readers import ReaderOptions
from bran.nn.precision import PREDICTING, Precision
from bran.workflows.inputs import MAX_CHARACTERS
from bran.workflows.tag import TaggingSettings

MAX_SECONDS, CHUNK = 60.0, 256


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """What a worker must know beside the shard; small, so that it can be sent with every task.

    Attributes:
        model: folder of the relation model.
        tagging: how bare documents are tagged.
        threshold: least score, already resolved from its name.
        input_format: a name of :data:`bran.corpus.readers.READERS`; ``None``: told from the content.
        reading: options of single formats.
        max_characters: longer documents are left out.
        max_seconds: a document that takes longer is set aside. Decides no score.
        strict: whether the first document that cannot be read ends the run. Decides no score.
        texts: whether passages and mentions of documents are kept in the parts.
        device: of the relation model. Decides no score beyond rounding.
        precision: number format of its matrix products; with ``fp32``, all kinds of devices agree within 1e-4.
        chunk: documents that are worked on together. Decides no score beyond rounding.
    """

    model: Path
    tagging: TaggingSettings = field(default_factory=TaggingSettings)
    threshold: float = 0.5
    input_format: str | None = None
    reading: ReaderOptions = field(default_factory=ReaderOptions)
    max_characters: int = MAX_CHARACTERS
    max_seconds: float = MAX_SECONDS
    strict: bool = False
    texts: bool = True
    device: str = "cpu"
    precision: Precision = PREDICTING
    chunk: int = CHUNK

    def decisive(self) -> dict[str, Any]:
        """What decides the result, as plain data: what must be the same when a run goes on.

        Folders count by their content: see :func:`bran.workflows.batch.description.describe`.
        """
        tagging = self.tagging
        return {
            "threshold": self.threshold,
            "precision": self.precision,
            "texts": self.texts,
            "input_format": self.input_format,
            "max_characters": self.max_characters,
            "reading": self.reading.model_dump(mode="json"),
            "tagging": {
                "ner": tagging.ner,
                "labels": dict(sorted(tagging.labels.items())),
                "lexicon": str(tagging.lexicon) if tagging.lexicon else None,
                "relation_schema": tagging.relation_schema,
                "retag": tagging.retag,
                "unlinked": tagging.unlinked,
            },
        }
