"""Which words a relation's score depends on: hiding them, and integrated gradients.

Hiding words: Zeiler, Fergus: *Visualizing and understanding convolutional networks*, ECCV 2014, section 4.2, with words
for patches. Integrated gradients: Sundararajan, Taly, Yan: *Axiomatic attribution for deep networks*, ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import torch

from bran.corpus.document import Relation
from bran.encoding.examples import Example
from bran.encoding.subwords import Floats, Ints
from bran.errors import ConfigError
from bran.extraction.explanation import Gradients, Influence, Occlusion, TextUnits, Unit
from bran.extraction.pair_scoring import PairScoring, chunks
from bran.extraction.trained_model import TrainedModel

STEPS = 64
"""Points of the path of integrated gradients unless the user says otherwise."""
_MAX_TOKENS = 8192
"""Padded subwords that run at once."""


def gradients_available() -> bool:
    """Whether captum is installed."""
    return find_spec("captum") is not None


def influence(
    model: TrainedModel, example: Example, units: TextUnits, relation: Relation, *, gradients: bool, steps: int = STEPS
) -> Influence:
    """What the score of ``relation`` depends on, in 32 bits.

    Args:
        model: that predicted it.
        example: the document, encoded.
        units: its words, mentions and entities.
        relation: of a pair of ``example.pairs``.
        gradients: whether integrated gradients are taken, too.
        steps: points at which gradients are taken.

    Raises:
        ConfigError: when gradients are asked for and captum is not installed.
    """
    if gradients and not gradients_available():
        raise ConfigError("integrated gradients need captum, which is not installed; expected bran-relations[explain]")
    scoring = PairScoring(model, example, **_place(model, example, relation))
    everything = np.arange(len(units.starts), dtype=np.int64)
    with torch.inference_mode():
        parts = scoring.parts(scoring.embedded())
        hidden = scoring.parts(scoring.embedded([everything]), scoring.told([[(0, len(example.document.text))]]))
        groups = [_occlude(scoring, group) for group in (units.words, units.mentions, units.entities)]
    taken = integrated_gradients(scoring, everything, steps=steps) if gradients else None
    return Influence(relation, scoring.windows, parts, hidden, Occlusion(*groups), taken)


def _place(model: TrainedModel, example: Example, relation: Relation) -> dict[str, int]:
    """The pair and the label of ``relation``."""
    schema = model.description.relation_schema
    label = schema.labels.index(relation.type)
    pairs = enumerate(example.pairs)
    ends = (relation.head, relation.tail)
    number = next(n for n, p in pairs if (p.head.id, p.tail.id) == ends and label in schema.labels_between(p))
    return {"pair": number, "label": label}


def _occlude(scoring: PairScoring, units: Sequence[Unit]) -> Floats:
    """What the logit loses when each unit is hidden, shape ``(units,)``; nothing for one that is not read."""
    lost = np.zeros(len(units), dtype=np.float32)
    read = [number for number, unit in enumerate(units) if scoring.hears_words or scoring.reads(unit.subwords)]
    whole = scoring.logits(scoring.embedded())
    for part in chunks(read, max(1, _MAX_TOKENS // scoring.tokens)):
        hidden = [units[number] for number in part]
        embedded, told = scoring.embedded([unit.subwords for unit in hidden]), scoring.told([u.spans for u in hidden])
        without = scoring.logits(embedded, told)
        lost[part] = (whole - without).float().cpu().numpy()
    return lost


def integrated_gradients(scoring: PairScoring, subwords: Ints, *, steps: int) -> Gradients:
    """Integrated gradients of ``scoring`` with respect to the input vectors, from all of ``subwords`` hidden.

    Args:
        scoring: the relation.
        subwords: the numbers of all subwords of the document.
        steps: points of a Gauss-Legendre rule.
    """
    from captum.attr import IntegratedGradients

    with torch.no_grad():
        whole, hidden = scoring.embedded(), scoring.embedded([subwords])
        difference = (scoring.logits(whole) - scoring.logits(hidden)).item()
    attributed = IntegratedGradients(scoring.logits).attribute(
        whole, baselines=hidden, n_steps=steps, internal_batch_size=max(1, _MAX_TOKENS // scoring.tokens)
    )
    values = attributed[0].sum(-1).detach().float().cpu().numpy()  # (windows, tokens)
    return Gradients(scoring.to_document(values, len(subwords)), difference, steps)
