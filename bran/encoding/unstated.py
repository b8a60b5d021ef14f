"""What training takes pairs for of which nothing is stated, where that does not say that nothing holds.

Labels by distant supervision (``bran corpus weak``) are such: a knowledge base knows of some relations of an abstract
and not of others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from bran.config import Config
from bran.corpus.document import Document, Pair
from bran.encoding.labels import Labeller, PairLabels

SPLIT = "{split}"
"""Stands for the name of a split in the folder of a teacher."""

Teach = Callable[[str], Labeller]
"""The scores of the model in a folder, as labels; pairs that it has not scored have no weight."""


class NegativeConfig(Config):
    """What is not stated does not hold: a negative, be it a light one."""

    kind: Literal["negative"] = "negative"
    weight: float = Field(default=1.0, ge=0, le=1)
    """Factor in the loss of a pair of which nothing is stated; 0 leaves it out."""

    def labels(self, stated: Labeller, teach: Teach, *, exclusive: bool = False) -> Labeller:
        """``stated`` with light negatives."""

        def treated(document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
            found = stated(document, pairs)
            factors = np.where(_is_stated(found), 1.0, self.weight).astype(np.float32)
            return replace(found, weights=found.weights * factors)

        return treated


class PositiveUnlabelledConfig(Config):
    """What is not stated is unlabelled: the loss is the non-negative risk of :mod:`bran.nn.unlabelled`."""

    kind: Literal["positive_unlabelled"] = "positive_unlabelled"
    recall: float = Field(gt=0, lt=1)
    """Share of the relations that hold which are stated. With a share ``s`` of the candidates stated, the class prior
    of the literature is ``s / recall``."""

    def labels(self, stated: Labeller, teach: Teach, *, exclusive: bool = False) -> Labeller:
        """``stated``, and how little that is."""
        return lambda document, pairs: replace(stated(document, pairs), recall=self.recall)


class TeacherConfig(Config):
    """What is not stated is as likely as another model says: soft labels."""

    kind: Literal["teacher"] = "teacher"
    model: str
    """Its folder. ``{split}`` stands for the name of the split that is trained on (``runs/gold/{split}/model``), so
    that no model is taught by one that has learned from the documents it is tested on."""
    trust: float = Field(default=1.0, ge=0, le=1)
    """Label of what is stated, beside ``1 - trust`` of the model's score. 1: what is stated holds."""

    def labels(self, stated: Labeller, teach: Teach, *, exclusive: bool = False) -> Labeller:
        """``stated``, and what the model says of the rest; a pair that it has not scored is left out.

        Where types are ``exclusive``, nothing is left of a pair of which one is stated.
        """
        teacher = teach(self.model)

        def treated(document: Document, pairs: tuple[Pair, ...]) -> PairLabels:
            found, told = stated(document, pairs), teacher(document, pairs)
            scored = told.weights > 0
            trust = np.where(scored, self.trust, 1.0)[:, None]
            known = _is_stated(found)[:, None] if exclusive else found.values > 0
            values = np.where(known, trust * found.values + (1 - trust) * told.values, told.values)
            weights = np.where(scored | _is_stated(found), found.weights, 0.0)
            return PairLabels(values.astype(np.float32), weights.astype(np.float32))

        return treated


Unstated: TypeAlias = Annotated[NegativeConfig | PositiveUnlabelledConfig | TeacherConfig, Field(discriminator="kind")]
"""Any of them, told apart by ``kind``."""


def _is_stated(labels: PairLabels) -> NDArray[np.bool_]:
    """Whether any relation type of each pair is stated, shape ``(pairs,)``."""
    stated: NDArray[np.bool_] = labels.values.any(1)
    return stated
