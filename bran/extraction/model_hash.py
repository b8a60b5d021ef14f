"""What names a model beside its version: a hash of all that decides its predictions."""

from __future__ import annotations

import hashlib
from pathlib import Path

from bran.encoding.cue_scores import CUES
from bran.encoding.knowledge import KNOWLEDGE
from bran.errors import ModelError
from bran.nn.model_folder import DESCRIPTION, SUBWORDS, WEIGHTS

_DIGITS = 12


def model_hash(folder: Path) -> str:
    """Twelve hexadecimal digits of the SHA-256 of a model's settings, weights, vocabulary and what its pairs are told.

    Raises:
        ModelError: when one of the files cannot be read.
    """
    total = hashlib.sha256()
    told = [name for name in (KNOWLEDGE, CUES) if (folder / name).exists()]
    for name in (DESCRIPTION, WEIGHTS, SUBWORDS, *told):
        try:
            with (folder / name).open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
        except OSError as error:
            raise ModelError(f"{folder / name}: cannot be read ({error.strerror}); expected a model folder") from None
    return total.hexdigest()[:_DIGITS]
