"""Subword vocabulary: byte-pair encoding learned with ``tokenizers``, aligned to characters.

Sennrich et al., *Neural machine translation of rare words with subword units*, ACL 2016.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.trainers import BpeTrainer

from bran.config import Config
from bran.corpus.document import Document
from bran.errors import ModelError

PAD, UNK = "[PAD]", "[UNK]"
PAD_ID, UNK_ID = 0, 1
_CONTINUES = "##"
"""Begins the name of a subword that goes on a word."""

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]


class SubwordConfig(Config):
    """How the vocabulary is learned."""

    vocabulary: int = Field(default=5000, ge=64)
    """Number of subwords, the two special ones included."""
    lowercase: bool = True
    min_frequency: int = Field(default=2, ge=1)
    """A pair of subwords seen less often is not merged."""


@dataclass(frozen=True, slots=True)
class SubwordSequence:
    """The subwords of one text.

    Attributes:
        ids: vocabulary ids, shape ``(subwords,)``.
        starts: first character of each, in the text, shape ``(subwords,)``.
        ends: one past the last character of each, shape ``(subwords,)``.
    """

    ids: Ints
    starts: Ints
    ends: Ints


class Subwords:
    """A learned vocabulary that cuts texts into subwords with character offsets."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    @classmethod
    def learn(cls, texts: Iterable[str], config: SubwordConfig) -> Subwords:
        """Learn byte-pair merges on ``texts``; letters, digits and punctuation are never merged with each other.

        The same texts give the same vocabulary.
        """
        texts = list(texts)
        tokenizer = Tokenizer(BPE(unk_token=UNK, continuing_subword_prefix=_CONTINUES))
        if config.lowercase:
            tokenizer.normalizer = normalizers.Lowercase()
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits()]
        )
        trainer = BpeTrainer(
            vocab_size=config.vocabulary,
            min_frequency=config.min_frequency,
            special_tokens=[PAD, UNK, *_continuations(tokenizer, texts)],
            continuing_subword_prefix=_CONTINUES,
            show_progress=False,
        )
        tokenizer.train_from_iterator(texts, trainer)
        return cls(_without_added_tokens(tokenizer))

    @classmethod
    def load(cls, path: Path) -> Subwords:
        """Read a vocabulary that :meth:`save` wrote.

        Raises:
            ModelError: when the file is missing or damaged.
        """
        try:
            return cls(Tokenizer.from_str(path.read_text(encoding="utf-8")))
        except Exception as error:  # tokenizers raises bare Exception
            raise ModelError(f"{path}: not a subword vocabulary ({error}); expected tokenizers JSON") from None

    def save(self, path: Path) -> None:
        """Write the vocabulary as JSON."""
        path.write_text(self._tokenizer.to_str(), encoding="utf-8")

    def __len__(self) -> int:
        return int(self._tokenizer.get_vocab_size())

    @cached_property
    def continuing(self) -> NDArray[np.bool_]:
        """``True`` for each subword that goes on a word, shape ``(vocabulary,)``."""
        flags = np.zeros(len(self), dtype=np.bool_)
        for name, index in self._tokenizer.get_vocab().items():
            flags[index] = name.startswith(_CONTINUES)
        return flags

    @cached_property
    def hash(self) -> str:
        """Twelve hexadecimal digits that name the vocabulary."""
        numbered = sorted((index, name) for name, index in self._tokenizer.get_vocab().items())
        return hashlib.sha256(json.dumps(numbered).encode()).hexdigest()[:12]

    def encode(self, documents: Sequence[Document]) -> list[SubwordSequence]:
        """Cut the text of each document into subwords, with a boundary at each end of every mention.

        Each stretch between two boundaries is cut on its own (paper, section 3), so that a mention is
        always a whole number of subwords.
        """
        boundaries = [self._boundaries(document) for document in documents]
        texts = (_LONE_SURROGATE.sub("\N{REPLACEMENT CHARACTER}", document.text) for document in documents)
        segments = [
            [text[start:end] for start, end in itertools.pairwise(cuts)]
            for text, cuts in zip(texts, boundaries, strict=True)
        ]
        encodings = self._tokenizer.encode_batch(segments, is_pretokenized=True, add_special_tokens=False)
        return [self._sequence(*parts) for parts in zip(documents, encodings, boundaries, strict=True)]

    def encode_texts(self, texts: Sequence[str]) -> list[Ints]:
        """The subword ids of plain texts, each of shape ``(subwords,)``."""
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [np.array(encoding.ids, dtype=np.int64) for encoding in encodings]

    def _boundaries(self, document: Document) -> list[int]:
        """Where the text is cut, its start and end included."""
        edges = {edge for mention in document.mentions for edge in (mention.start, mention.end)}
        return sorted({0, len(document.text)} | edges)

    def _sequence(self, document: Document, encoding: object, cuts: list[int]) -> SubwordSequence:
        """What the tokenizer made of ``document``, which it was given in parts."""
        ids = np.array(encoding.ids, dtype=np.int64)  # type: ignore[attr-defined]
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)  # type: ignore[attr-defined]
        segment = np.array(encoding.word_ids, dtype=np.int64)  # type: ignore[attr-defined]
        shift = np.array(cuts, dtype=np.int64)[segment]
        return SubwordSequence(ids, offsets[:, 0] + shift, offsets[:, 1] + shift)


def _continuations(tokenizer: Tokenizer, texts: Iterable[str]) -> list[str]:
    """Every character that goes on a word, prefixed, in a fixed order.

    The trainer meets them in an order that changes from call to call, and with it which of two equally
    frequent pairs it merges first; the ones that it is told of as special tokens are numbered as told.
    """
    normalize = tokenizer.normalizer.normalize_str if tokenizer.normalizer else str
    stretches = {stretch for text in texts for stretch in normalize(text).split(" ")}
    words = {word for stretch in stretches for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(stretch)}
    return sorted({f"{_CONTINUES}{character}" for word in words for character in word[1:]})


def _without_added_tokens(tokenizer: Tokenizer) -> Tokenizer:
    """The same vocabulary with no token that is matched literally: a text may hold ``[PAD]``, an abbreviation."""
    data = json.loads(tokenizer.to_str())
    return Tokenizer.from_str(json.dumps({**data, "added_tokens": []}))
