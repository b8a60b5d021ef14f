"""Subword vectors from plain text: what a vocabulary and its embeddings can start from.

``ppmi``: positive pointwise mutual information of subwords that stand near each other, factorised (Levy and Goldberg:
*Neural word embedding as implicit matrix factorization*, NIPS 2014; Levy, Goldberg, Dagan: *Improving
distributional similarity with lessons learned from word embeddings*, TACL 2015). It takes a minute for
40,000 abstracts, and the first ``n`` dimensions are the best ``n``. ``skipgram``: :mod:`bran.encoding.skip_gram`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field
from safetensors import SafetensorError
from safetensors.numpy import load_file, save
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from bran.config import Config
from bran.encoding.skip_gram import SkipGram, SkipGramConfig
from bran.encoding.subwords import UNK_ID, Floats, Ints, SubwordConfig, Subwords
from bran.errors import ConfigError, ModelError
from bran.files import atomic_write_binary
from bran.wording import counted

SUBWORDS, VECTORS = "subwords.json", "vectors.safetensors"

_TEXTS_AT_A_TIME = 4096


class VectorConfig(Config):
    """How vectors are learned."""

    method: Literal["ppmi", "skipgram"] = "ppmi"
    subwords: SubwordConfig = SubwordConfig(vocabulary=8000)
    dim: int = Field(default=128, ge=1)
    window: int = Field(default=5, ge=1)
    """Subwords to either side that count as near; one ``k`` away counts ``1 / k`` (``ppmi``), or is looked at with
    probability ``(window - k + 1) / window`` (``skipgram``)."""
    smoothing: float = Field(default=0.75, gt=0, le=1)
    """Power of the counts of contexts (``ppmi``: below 1 it makes rare ones weigh less) or negatives (``skipgram``)."""
    seed: int = Field(default=0, ge=0)
    skip_gram: SkipGramConfig = SkipGramConfig()
    """What only ``skipgram`` reads."""


@dataclass(frozen=True, slots=True)
class SubwordVectors:
    """A vocabulary and a vector for each of its subwords.

    Attributes:
        subwords: the vocabulary.
        vectors: shape ``(subwords, dim)``; zeros for those that were never seen.
    """

    subwords: Subwords
    vectors: Floats

    @property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the vocabulary and its vectors."""
        return hashlib.sha256(self.subwords.hash.encode() + self.vectors.tobytes()).hexdigest()[:12]

    @classmethod
    def learn(cls, texts: Sequence[str], config: VectorConfig) -> SubwordVectors:
        """Learn a vocabulary on ``texts``, and vectors for it.

        Raises:
            ConfigError: when no text has two subwords.
        """
        subwords = Subwords.learn(texts, config.subwords)
        learn = _skip_gram if config.method == "skipgram" else _factorised
        return cls(subwords, learn(subwords, texts, config))

    def save(self, folder: Path) -> None:
        """Write ``subwords.json`` and ``vectors.safetensors``, the vectors in 16 bits."""
        folder.mkdir(parents=True, exist_ok=True)
        self.subwords.save(folder / SUBWORDS)
        with atomic_write_binary(folder / VECTORS) as stream:
            stream.write(save({"vectors": self.vectors.astype(np.float16)}))

    @classmethod
    def load(cls, folder: Path) -> SubwordVectors:
        """Read what :meth:`save` wrote.

        Raises:
            ModelError: when a file is missing or damaged, or there is not one vector per subword.
        """
        subwords = Subwords.load(folder / SUBWORDS)
        try:
            vectors: Floats = load_file(folder / VECTORS)["vectors"].astype(np.float32)
        except (OSError, SafetensorError, KeyError) as error:
            raise ModelError(f"{folder / VECTORS}: cannot be read ({error}); expected subword vectors") from None
        if vectors.ndim != 2 or len(vectors) != len(subwords):
            raise ModelError(f"{folder}: {vectors.shape} vectors; expected one for each of {len(subwords)} subwords")
        return cls(subwords, vectors)


def _skip_gram(subwords: Subwords, texts: Sequence[str], config: VectorConfig) -> Floats:
    """Vectors of shape ``(subwords, dim)`` by skip-gram with negative sampling.

    They are turned so that the first ``n`` dimensions are the best ``n``, as those of the other method are.
    """
    ids = subwords.encode_texts(texts)
    if all(np.count_nonzero(text > UNK_ID) < 2 for text in ids):
        raise _too_short(texts)
    dim = min(config.dim, len(subwords) - 1)
    method = SkipGram(config.skip_gram, len(subwords), dim, config.window, config.smoothing, config.seed)
    vectors = method.learn(ids)
    turned: Floats = vectors @ np.linalg.svd(vectors, full_matrices=False)[2].T
    return turned


def _factorised(subwords: Subwords, texts: Sequence[str], config: VectorConfig) -> Floats:
    """Vectors of shape ``(subwords, dim)`` by factorisation of their mutual information."""
    counts = _co_occurrences(subwords, texts, config.window)
    if not counts.nnz:
        raise _too_short(texts)
    dim = min(config.dim, len(subwords) - 1)
    left, values, _ = randomized_svd(_information(counts, config.smoothing), dim, n_iter=4, random_state=config.seed)
    vectors: Floats = (left * np.sqrt(values)).astype(np.float32)
    return vectors


def _too_short(texts: Sequence[str]) -> ConfigError:
    return ConfigError(f"no two subwords stand near each other in {counted(len(texts), 'text')}; expected longer ones")


def _co_occurrences(subwords: Subwords, texts: Sequence[str], window: int) -> sparse.csr_matrix:
    """How often subwords stand near each other, nearer ones weighing more, shape ``(subwords, subwords)``."""
    size = len(subwords)
    counts = sparse.csr_matrix((size, size), dtype=np.float32)
    for start in range(0, len(texts), _TEXTS_AT_A_TIME):
        chunk = subwords.encode_texts(texts[start : start + _TEXTS_AT_A_TIME])
        gap = np.zeros(window, dtype=np.int64)  # keeps the end of one text from the start of the next
        ids: Ints = np.concatenate([part for text in chunk for part in (text, gap)])
        for distance in range(1, window + 1):
            left, right = ids[:-distance], ids[distance:]
            real = (left > UNK_ID) & (right > UNK_ID)
            weights = np.full(int(real.sum()), 1 / distance, dtype=np.float32)
            counts = counts + sparse.coo_matrix((weights, (left[real], right[real])), shape=(size, size)).tocsr()
    return counts + counts.T


def _information(counts: sparse.csr_matrix, smoothing: float) -> sparse.csr_matrix:
    """Positive pointwise mutual information of ``counts``, of the same shape."""
    total = np.asarray(counts.sum(axis=1)).ravel()
    context = total**smoothing / (total**smoothing).sum()
    entries = counts.tocoo()
    values = np.log(entries.data / (total[entries.row] * context[entries.col]))
    positive = values > 0
    return sparse.csr_matrix((values[positive], (entries.row[positive], entries.col[positive])), shape=counts.shape)
