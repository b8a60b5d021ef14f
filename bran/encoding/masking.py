"""What masked-language modelling hides of a text: subwords, whole words, spans of words, and whole mentions.

Devlin, Chang, Lee, Toutanova: *BERT: pre-training of deep bidirectional transformers for language understanding*,
NAACL 2019, section 3.1. Spans: Joshi, Chen, Liu, Weld, Zettlemoyer, Levy: *SpanBERT: improving pre-training by
representing and predicting spans*, TACL 2020, section 3.1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

import torch
from pydantic import BeforeValidator, Field, SerializerFunctionWrapHandler, WrapSerializer, model_validator
from torch import Tensor
from torch.nn import functional

from bran.config import Config
from bran.encoding.mention_classes import IGNORED
from bran.encoding.subwords import UNK_ID
from bran.encoding.texts import TextBatch


class SubwordUnit(Config):
    """Each subword is chosen on its own (Devlin et al.)."""

    kind: Literal["subword"] = "subword"

    def choose(self, words: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """Choose what is to be told; drawn from torch's generator.

        Args:
            words: number of the word of each subword in its window, shape ``(windows, tokens)``.
            rate: share of the subwords to choose.

        Returns:
            ``True`` at the chosen ones, and a number in [0, 1) that decides what becomes of each, both of the shape of
            ``words``.
        """
        return _draw(words) < rate, _draw(words)


class WordUnit(Config):
    """All subwords of a word are chosen or none: a word is not told from its own pieces."""

    kind: Literal["word"] = "word"

    def choose(self, words: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """As :meth:`SubwordUnit.choose`; what becomes of a subword is its own affair."""
        return _draw(words).gather(1, words) < rate, _draw(words)


class SpanUnit(Config):
    """Spans of whole words whose lengths are geometric, and cut off; one thing becomes of a whole span.

    A span begins at any word with one probability, such that ``rate`` of the words are chosen; those that overlap
    or touch are one.
    """

    kind: Literal["span"] = "span"
    stop: float = Field(default=0.2, gt=0, lt=1)
    """Probability that a span ends at its next word."""
    longest: int = Field(default=10, ge=1)
    """Words of the longest span; with the default ``stop``, the mean of all is 3.8."""

    def choose(self, words: Tensor, rate: float) -> tuple[Tensor, Tensor]:
        """As :meth:`SubwordUnit.choose`."""
        covered = self._covered(words, rate)
        begins = covered & ~functional.pad(covered, (1, -1))
        spans = (begins.cumsum(1) - 1).clamp_min(0)
        return covered.gather(1, words), _draw(words).gather(1, spans).gather(1, words)

    def _covered(self, words: Tensor, rate: float) -> Tensor:
        """Which words stand in a span, shape ``(windows, words)``; there are as many columns as tokens.

        Spans begin before the window, too, so that its first words are chosen as often as others.
        """
        size, before = words.shape[1], self.longest - 1
        wide = words.new_zeros((words.shape[0], size + before))
        begins = _draw(wide) < self._beginning(rate)
        reach = torch.where(begins, self._lengths(_draw(wide)), 0)
        covered = torch.zeros_like(words, dtype=torch.bool)
        for back in range(self.longest):
            covered |= reach[:, before - back : before - back + size] > back
        return covered

    def _lengths(self, drawn: Tensor) -> Tensor:
        """Lengths of spans, from 1 to ``longest``, of numbers drawn from [0, 1): the inverse of their distribution."""
        left = 1 - drawn * (1 - (1 - self.stop) ** self.longest)
        return (left.log() / math.log(1 - self.stop)).floor().long().clamp(0, self.longest - 1) + 1

    def _beginning(self, rate: float) -> float:
        """Probability that a span begins at a word, so that ``rate`` of the words stand in one."""
        return _span_beginning(rate, self.stop, self.longest)


@cache
def _span_beginning(rate: float, stop: float, longest: int) -> float:
    """The ``q`` with ``1 - prod_k (1 - q P(length >= k)) = rate``, by bisection."""
    whole = 1 - (1 - stop) ** longest
    at_least = [((1 - stop) ** k - (1 - stop) ** longest) / whole for k in range(longest)]
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - math.prod(1 - middle * p for p in at_least) < rate else (low, middle)
    return high


def _draw(like: Tensor) -> Tensor:
    return torch.rand(like.shape, device=like.device)


def _spell_out(value: Any) -> Any:
    """A unit's settings where its kind alone is given."""
    return {"kind": value} if isinstance(value, str) else value


def _shortest(value: Any, dump: SerializerFunctionWrapHandler) -> Any:
    """The kind alone where it has no settings."""
    return dump(value) if isinstance(value, SpanUnit) else value.kind


Unit = Annotated[
    SubwordUnit | WordUnit | SpanUnit,
    Field(discriminator="kind"),
    BeforeValidator(_spell_out),
    WrapSerializer(_shortest),
]


@dataclass(frozen=True, slots=True)
class Hidden:
    """A batch of which something is hidden.

    Attributes:
        read: the subwords that are read, shape ``(windows, tokens)``.
        targets: those that are to be told, :data:`IGNORED` elsewhere, shape ``(windows, tokens)``.
        mentions: ``True`` for each mention that is to be told, shape ``(mentions,)``.
    """

    read: Tensor
    targets: Tensor
    mentions: Tensor


class MaskingConfig(Config):
    """What is hidden of a text. The unknown subword stands for BERT's ``[MASK]``, as it does in word dropout."""

    unit: Unit = Field(default=SubwordUnit(), exclude_if=lambda unit: unit.kind == "subword")
    """What is chosen: ``subword``, ``word``, or ``span``, of which ``{kind: span, stop: 0.2, longest: 10}`` are all
    settings."""
    rate: float = Field(default=0.15, gt=0, lt=1)
    """Share of the subwords that are to be told."""
    mentions: float = Field(default=0.0, ge=0, lt=1, exclude_if=(0.0).__eq__)
    """Share of the mentions that are to be told, each as a whole; ``rate`` is then that of what is no mention. 0:
    mentions are text as any other."""
    masked: float = Field(default=0.8, ge=0, le=1)
    """Of what is to be told, the share that is hidden."""
    replaced: float = Field(default=0.1, ge=0, le=1)
    """Of these, the share that other subwords stand for; the rest stay as they are."""

    @model_validator(mode="after")
    def _shares(self) -> MaskingConfig:
        if self.masked + self.replaced > 1:
            raise ValueError(f"masked {self.masked} and replaced {self.replaced} are more than all")
        return self

    def hide(self, batch: TextBatch, *, vocabulary: int) -> Hidden:
        """Hide some of the subwords; which ones is drawn from torch's generator.

        Args:
            batch: padding and unknown subwords are left alone.
            vocabulary: number of subwords.
        """
        ids = batch.token_ids
        chosen, fate = self.unit.choose((batch.starts.cumsum(1) - 1).clamp_min(0), self.rate)
        mentions = torch.zeros_like(batch.types, dtype=torch.bool)
        if self.mentions and len(mentions):
            mentions = torch.rand(mentions.shape, device=ids.device) < self.mentions
            named, number = batch.mentions > 0, (batch.mentions - 1).clamp_min(0)
            chosen = torch.where(named, mentions[number], chosen)
            fate = torch.where(named, torch.rand(mentions.shape, device=ids.device)[number], fate)
        chosen = chosen & (ids > UNK_ID)
        others = torch.randint(UNK_ID + 1, vocabulary, ids.shape, device=ids.device)
        read = torch.where(chosen & (fate < self.masked), UNK_ID, ids)
        swapped = chosen & (fate >= self.masked) & (fate < self.masked + self.replaced)
        return Hidden(torch.where(swapped, others, read), torch.where(chosen, ids, IGNORED), mentions)
