"""Fuzzy candidates: the concepts whose names share the most character n-grams with a surface."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bran.tagging.lexicon import Lexicon
from bran.tagging.normal_forms import light_form
from bran.tagging.vocabulary import plain_words

_USE_WEIGHT = 0.02
"""What the logarithm of a concept's uses adds to the similarity of its names."""
_SUPPLEMENTARY_PENALTY = 0.1
"""What the names of supplementary concepts, which are rarely meant, lose."""
_NGRAM = 3


@dataclass(frozen=True, slots=True)
class FuzzyCandidate:
    """A concept and how well one of its names fits: cosine similarity, and a little for its uses."""

    concept: str
    score: float


class FuzzyIndex:
    """TF-IDF vectors of the names in use of one entity type, over character trigrams within words.

    Names of diseases are compared by their :func:`bran.tagging.vocabulary.plain_words`. The index is made
    in about a second; a query takes less than a millisecond.

    Args:
        lexicon: its names.
        type: the entity type.
    """

    def __init__(self, lexicon: Lexicon, type: str) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        self._is_plain = type == "Disease"
        names = {(self._form(name.form), name.concept): name.uses for name in lexicon.names_in_use(type)}
        self._concepts = [concept for _, concept in names]
        self._bonus = _bonuses(names)
        self._vectors = TfidfVectorizer(
            analyzer="char_wb", ngram_range=(_NGRAM, _NGRAM), sublinear_tf=True, dtype=np.float32, lowercase=False
        )
        forms = [form for form, _ in names]
        self._names = self._vectors.fit_transform(forms).T.tocsr() if any(map(str.strip, forms)) else None

    def search(self, surface: str, *, count: int = 10) -> tuple[FuzzyCandidate, ...]:
        """The ``count`` best concepts for ``surface``, best first; none when nothing is shared."""
        if self._names is None:
            return ()
        row = self._vectors.transform([self._form(light_form(surface))]) @ self._names
        scores = row.data + self._bonus[row.indices]
        best: dict[str, float] = {}
        for index in np.argsort(-scores, kind="stable")[: 4 * count].tolist():
            best.setdefault(self._concepts[row.indices[index]], float(scores[index]))
        return tuple(FuzzyCandidate(concept, score) for concept, score in list(best.items())[:count])

    def _form(self, light: str) -> str:
        """What of a light form is compared; the names of a lexicon are in the light form."""
        return " ".join(plain_words(light)) if self._is_plain else light


def _bonuses(names: dict[tuple[str, str], float]) -> NDArray[np.float32]:
    """What is added to the similarity of each name."""
    uses = np.fromiter(names.values(), dtype=np.float32, count=len(names))
    supplementary = np.array([concept.startswith("MESH:C") for _, concept in names], dtype=np.float32)
    bonuses: NDArray[np.float32] = _USE_WEIGHT * np.log1p(uses) - _SUPPLEMENTARY_PENALTY * supplementary
    return bonuses
