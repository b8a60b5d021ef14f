"""Learning what the words around mentions say: a logistic regression for each relation type, before the network.

What tells related pairs from others by itself is held back less than what does not: features are multiplied with a
power of their log-count ratio, midway between naive Bayes and a plain regression.

What they say of a document that they have learned from is too good to be true, and a network that heard it would
believe them too much. So training documents are told what weights say that were learned on the others, as in stacked
generalisation (Wolpert, Neural Networks 1992).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold

from bran.corpus.document import Document, Pair
from bran.corpus.schema import Schema
from bran.corpus.sentences import SentenceIndex
from bran.encoding.cue_scores import CueScores, HeldOutScores
from bran.encoding.cues import CueConfig, CueReader, PairCues
from bran.encoding.labels import Labeller, PairLabels
from bran.encoding.subwords import Floats
from bran.errors import ConfigError


def learn_cues(
    documents: Sequence[Document],
    schema: Schema,
    types: Sequence[str],
    labels: Labeller,
    config: CueConfig,
    *,
    seed: int,
    within_sentences: bool = False,
) -> HeldOutScores:
    """Scores learned on ``documents``: on all of them, and for each on others.

    Args:
        documents: at least as many with a pair as the config has folds; else nothing is held out.
        schema: which pairs there are.
        types: relation types of the schema that are to have scores.
        labels: of the pairs; soft ones count both ways, each as far as it holds. Their recall is not looked at: where
            it is below 1, scores are log-odds that a pair is *stated*. They rank pairs as the odds that it holds would,
            if what is stated was drawn at random from what holds (Elkan & Noto, KDD 2008, lemma 1); what a score is
            worth, the network learns by the risk of :mod:`bran.nn.unlabelled`.
        config: which words count, and in how many folds.
        seed: of how documents are parted.
        within_sentences: whether pairs that share no sentence are left out, as those that are never scored should be.

    Raises:
        ConfigError: when the schema has no such type.
    """
    unknown = [type_ for type_ in types if type_ not in schema.labels]
    if unknown:
        raise ConfigError(f"cues of {unknown[0]!r}; expected relation types of {', '.join(schema.labels)}")
    candidates = _together(schema) if within_sentences else schema.candidates
    lessons = _Lessons.of(documents, schema, candidates, labels, CueReader(config))
    learner = _Learner(config, types, [schema.labels.index(type_) for type_ in types])
    of_all = learner.learn(lessons, range(len(lessons.ids)))
    if len(lessons.ids) < config.folds:
        return HeldOutScores(of_all, {})
    by_document: dict[str, CueScores] = {}
    for others, held_out in KFold(config.folds, shuffle=True, random_state=seed).split(lessons.ids):
        scores = learner.learn(lessons, others.tolist())
        by_document |= {lessons.ids[index]: scores for index in held_out.tolist()}
    return HeldOutScores(of_all, by_document)


_Candidates = Callable[[Document], tuple[Pair, ...]]


def _together(schema: Schema) -> _Candidates:
    """The candidates of a document that share a sentence."""

    def candidates(document: Document) -> tuple[Pair, ...]:
        index = SentenceIndex(document)
        return tuple(p for p in schema.candidates(document) if index.together(p.head.mentions, p.tail.mentions))

    return candidates


@dataclass(frozen=True, slots=True)
class _Lessons:
    """Documents with pairs: ids, features and labels, and which relation types may hold between the types of each."""

    ids: list[str]
    cues: list[PairCues]
    labels: list[PairLabels]
    may_hold: list[NDArray[np.bool_]]

    @classmethod
    def of(
        cls,
        documents: Sequence[Document],
        schema: Schema,
        candidates: _Candidates,
        labels: Labeller,
        reader: CueReader,
    ) -> _Lessons:
        paired = [(document, pairs) for document in documents if (pairs := candidates(document))]
        types = np.arange(len(schema.labels))
        return cls(
            [document.id for document, _ in paired],
            [reader(document, pairs) for document, pairs in paired],
            [labels(document, pairs) for document, pairs in paired],
            [np.stack([np.isin(types, schema.labels_between(p)) for p in pairs]) for _, pairs in paired],
        )


class _Learner:
    """Learns the weights of every relation type."""

    def __init__(self, config: CueConfig, types: Sequence[str], columns: Sequence[int]) -> None:
        self.config, self.types, self.columns = config, types, columns

    def learn(self, lessons: _Lessons, chosen: Sequence[int]) -> CueScores:
        """Weights from the ``chosen`` of the documents."""
        matrix = self._matrix([lessons.cues[index] for index in chosen])
        values = np.concatenate([lessons.labels[index].values for index in chosen])
        weights = np.concatenate([lessons.labels[index].weights for index in chosen])
        may_hold = np.concatenate([lessons.may_hold[index] for index in chosen])
        learned = [self._fit(matrix, values[:, c], weights * may_hold[:, c]) for c in self.columns]
        return CueScores(
            self.config, self.types, np.stack([one for one, _ in learned]), np.array([bias for _, bias in learned])
        )

    def _matrix(self, cues: Sequence[PairCues]) -> csr_matrix:
        """1 where a pair has a feature, shape ``(pairs, buckets)``."""
        counts = np.concatenate([np.bincount(each.pairs, minlength=each.count) for each in cues])
        buckets = np.concatenate([each.buckets for each in cues])
        bounds = np.append(0, np.cumsum(counts))
        shape = (len(counts), self.config.buckets)
        return csr_matrix((np.ones(len(buckets), dtype=np.float32), buckets, bounds), shape=shape)

    def _fit(self, matrix: csr_matrix, values: Floats, weights: Floats) -> tuple[Floats, float]:
        """Weights, shape ``(buckets,)``, and bias of one relation type."""
        sides = [(1, values * weights), (0, (1 - values) * weights)]
        rows = [np.flatnonzero(weight > 0) for _, weight in sides]  # what has no weight takes no time
        answers = np.repeat([answer for answer, _ in sides], [len(row) for row in rows])
        if len(np.unique(answers)) < 2:  # nothing to tell apart: as rare as it is
            share = float(np.clip(answers.mean() if len(answers) else 0.5, 1e-3, 1 - 1e-3))
            return np.zeros(self.config.buckets, dtype=np.float32), float(np.log(share / (1 - share)))
        model = LogisticRegression(C=self.config.strength, solver="liblinear", random_state=0)
        factors = np.concatenate([weight[row] for (_, weight), row in zip(sides, rows, strict=True)])
        scale = _contrast(matrix, *(weight for _, weight in sides)) ** self.config.contrast
        model.fit(matrix[np.concatenate(rows)].multiply(scale).tocsr(), answers, sample_weight=factors)
        return (model.coef_[0] * scale).astype(np.float32), float(model.intercept_[0])


def _contrast(matrix: csr_matrix, related: Floats, others: Floats) -> Floats:
    """How unlike each feature's shares among related pairs and among others are, shape ``(buckets,)``.

    The log-count ratio of Wang & Manning (*Baselines and Bigrams*, ACL 2012, section 2.2), without its sign: pairs
    count with their weights, and each feature once more on either side.
    """
    shares = [counts / counts.sum() for counts in (matrix.T @ weights + 1 for weights in (related, others))]
    ratio: Floats = np.abs(np.log(shares[0] / shares[1]))
    return ratio
