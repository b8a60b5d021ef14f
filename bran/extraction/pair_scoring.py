"""One relation of one document, scored again and again with its words changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bran.corpus.document import Document
from bran.encoding.batches import Batch, collate
from bran.encoding.examples import Example, Window
from bran.encoding.subwords import UNK_ID, Floats, Ints
from bran.extraction.explanation import LogitParts, Span
from bran.extraction.trained_model import TrainedModel

_LETTER, _SIGN = "\u02d1", "\u2e0e"
"""What hidden words and signs are made of: a half-length mark and an editorial coronis, which no abstract has."""


class PairScoring:
    """The logit of one relation type of one pair, as a function of the input vectors of its windows.

    Where no relation has a logit of its own, it is the logit less that one (:meth:`bran.nn.links.Link.margins`).

    Args:
        model: in evaluation mode.
        example: a document, encoded.
        pair: index in ``example.pairs``.
        label: index of the relation type.

    Attributes:
        windows: numbers of the windows that hold a token pair of it; no other one changes its score.
    """

    def __init__(self, model: TrainedModel, example: Example, *, pair: int, label: int) -> None:
        self._network = model.network
        self._ends = model.description.model.scorer.feature_ends
        self._cues, self._example, self._pair = model.cues, example, pair
        self._label = label
        self.windows = tuple(n for n, window in enumerate(example.windows) if (window.pairs == pair).any())
        self._starts = [example.windows[number].start for number in self.windows]
        device = next(model.network.parameters()).device
        self._batch = collate([_focused(example, self.windows, pair)]).to(device)

    @property
    def tokens(self) -> int:
        """Padded subwords of its windows."""
        return self._batch.token_ids.numel()

    def reads(self, subwords: Ints) -> bool:
        """Whether any of ``subwords``, numbers in the document, stands in one of its windows."""
        return bool(self._hidden([subwords]).any())

    def embedded(self, hidden: Sequence[Ints] | None = None) -> Tensor:
        """Input vectors of the windows, some of their subwords hidden: replaced by the unknown one.

        Args:
            hidden: numbers of subwords in the document, for each variant; one variant with nothing hidden when
                ``None``.

        Returns:
            shape ``(variants, windows, tokens, dim)``.
        """
        ids, types = self._batch.token_ids, self._batch.types
        masks = torch.from_numpy(self._hidden(hidden or [np.empty(0, dtype=np.int64)])).to(ids.device)
        variants = ids.masked_fill(masks & self._batch.mask, UNK_ID)
        vectors: Tensor = self._network.embeddings(variants.flatten(0, 1), types.repeat(len(masks), 1))
        split: Tensor = vectors.unflatten(0, masks.shape[:2])
        return split

    @property
    def hears_words(self) -> bool:
        """Whether words outside its windows can change its score, by the cues that its pair is told."""
        return self._cues is not None

    def told(self, hidden: Sequence[Sequence[Span]]) -> Tensor:
        """What the pair is told beside the text, some of its characters hidden: cues are read anew.

        Args:
            hidden: characters of the document, for each variant.

        Returns:
            shape ``(variants, features)``.
        """
        told = self._batch.features.repeat(len(hidden), 1)
        if self._cues is not None:
            first = self._ends["cues"] - self._cues.width
            for row, spans in enumerate(hidden):
                document = _hiding(self._example.document, spans)
                cues = self._cues.features(document, self._example.pairs)[self._pair]
                told[row, first:] = torch.from_numpy(cues)
        return told

    def logits(self, embedded: Tensor, told: Tensor | None = None) -> Tensor:
        """The logit of each variant, shape ``(variants,)``.

        Args:
            embedded: what :meth:`embedded` returns.
            told: what :meth:`told` returns; by default, no variant is told anything else.
        """
        encoded, batch = self._encode(embedded, told)
        return self._margin(self._network.scorer(encoded, batch))

    def parts(self, embedded: Tensor, told: Tensor | None = None) -> LogitParts:
        """What the branches of the scorer add to the logit of one variant; arguments as in :meth:`logits`."""
        encoded, batch = self._encode(embedded, told)
        scorer = self._network.scorer
        values = scorer.token_pairs(encoded, batch)
        pooled, layouts = self._pooled(values, batch), None
        if scorer.layouts is not None:
            whole, pooled = pooled, self._pooled(values - scorer.layouts(batch.layouts), batch)
            layouts = whole - pooled
        return LogitParts(pooled, layouts, **self._features(batch))

    def _features(self, batch: Batch) -> dict[str, float]:
        """What the perceptron over numbers says of the layout alone, and what each kind of numbers beside it adds."""
        perceptron = self._network.scorer.structure
        if perceptron is None:
            return {}
        parts: dict[str, float] = {}
        for name, end in self._ends.items():
            heard = batch.features.clone()
            heard[:, end:] = 0
            parts[name] = self._margin(perceptron(heard).float()).item() - sum(parts.values())
        return parts

    def _pooled(self, values: Tensor, batch: Batch) -> float:
        pooled = self._network.scorer.pool(values.flatten(0, 2), batch.pairs.flatten(), 2)
        return self._margin(pooled[:1]).item()

    def _margin(self, logits: Tensor) -> Tensor:
        """``(variants, logits)`` to ``(variants,)``."""
        return self._network.link.margins(logits)[:, self._label]

    def _encode(self, embedded: Tensor, told: Tensor | None) -> tuple[Tensor, Batch]:
        batch = _repeated(self._batch, len(embedded))
        batch = batch if told is None else replace(batch, features=told)
        return self._network.encoder(embedded.flatten(0, 1), batch.mask, batch.sentences), batch

    def _hidden(self, hidden: Sequence[Ints]) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Whether each subword is hidden, ``(variants, windows, tokens)``."""
        windows, tokens = self._batch.token_ids.shape
        masks = np.zeros((len(hidden), windows, tokens), dtype=np.bool_)
        for variant, subwords in enumerate(hidden):
            for row, start in enumerate(self._starts):
                places = subwords - start
                masks[variant, row, places[(places >= 0) & (places < tokens)]] = True
        return masks

    def to_document(self, values: Floats, length: int) -> Floats:
        """Values of tokens, ``(windows, tokens)``, summed over windows to subwords of the document, ``(length,)``."""
        total = np.zeros(length, dtype=np.float32)
        real = self._batch.mask.cpu().numpy()
        for start, row, mask in zip(self._starts, values, real, strict=True):
            total[start : start + mask.sum()] += row[mask]
        return total


def _hiding(document: Document, spans: Sequence[Span]) -> Document:
    """``document`` with a word that no text has in place of the characters of ``spans``."""
    hidden = np.zeros(len(document.text), dtype=np.bool_)
    for start, end in spans:
        hidden[start:end] = True
    text = "".join(_hidden(c) if h else c for c, h in zip(document.text, hidden, strict=True))
    passages, start = [], 0
    for passage in document.passages:
        passages.append(replace(passage, text=text[start : start + len(passage.text)]))
        start += len(passage.text) + 1  # passages are joined by a space
    return replace(document, passages=tuple(passages))


def _hidden(character: str) -> str:
    """What stands for a character that is hidden: of a kind with it, so that words around it stay as they are."""
    if character.isspace():
        return character
    return _LETTER if character.isalnum() else _SIGN


def _focused(example: Example, windows: Sequence[int], pair: int) -> Example:
    """``example`` with one pair alone, and the windows and tokens that it is scored by."""
    cut = tuple(_cut(example.windows[number], pair) for number in windows)
    features, labels, weights = (array[[pair]] for array in (example.features, example.labels, example.weights))
    return replace(
        example, pairs=(example.pairs[pair],), windows=cut, features=features, labels=labels, weights=weights
    )


def _cut(window: Window, pair: int) -> Window:
    wanted = window.pairs == pair
    rows, columns = wanted.any(1).nonzero()[0], wanted.any(0).nonzero()[0]
    table = np.ix_(rows, columns)
    return replace(
        window,
        heads=window.heads[rows],
        tails=window.tails[columns],
        pairs=np.where(wanted[table], 0, -1),
        layouts=window.layouts[table],
        head_mentions=window.head_mentions[rows],
        tail_mentions=window.tail_mentions[columns],
    )


def _repeated(batch: Batch, count: int) -> Batch:
    """``batch``, of one pair, ``count`` times over; the pairs are numbered."""
    tensors = [field.name for field in fields(batch) if field.name not in ("pairs", "examples")]
    repeated: dict[str, Any] = {name: _times(getattr(batch, name), count) for name in tensors}
    numbers = torch.arange(count, device=batch.pairs.device).repeat_interleave(len(batch.pairs))[:, None, None]
    pairs = torch.where(_times(batch.pairs, count) == 0, numbers, count)
    return replace(batch, pairs=pairs, **repeated)


def _times(tensor: Tensor, count: int) -> Tensor:
    return tensor.repeat(count, *[1] * (tensor.dim() - 1))


def chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    """``items`` in parts of at most ``size``."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
