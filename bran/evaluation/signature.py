"""The signature that a score carries, so that it can be told what the number is of.

After sacreBLEU (Post: *A call for clarity in reporting BLEU scores*, WMT 2018).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from bran import __version__
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """Everything that a score depends on; what is ``None`` is not known or does not apply.

    Attributes:
        corpus: hash of the gold documents (:attr:`bran.corpus.load.Corpus.hash`).
        split: name of the gold documents.
        documents: how many there are.
        relations: how many gold relations there are: the denominator of recall.
        protocol: ``raw`` or ``filtered``.
        mesh: version of MeSH that the filter used.
        config: hash of the model's config.
        seed: of the model's training.
        threshold: the score from which on relations were kept.
        resamples: how many corpora the intervals are from.
        resampling_seed: what those were drawn with.
        version: of this package.
    """

    corpus: str
    documents: int
    relations: int
    protocol: str
    split: str | None = None
    mesh: str | None = None
    config: str | None = None
    seed: int | None = None
    threshold: float | None = None
    resamples: int | None = None
    resampling_seed: int | None = None
    version: str = __version__

    @classmethod
    def of(
        cls, gold: GoldStandard, predictions: Predictions, protocol: str, *, resamples: int, resampling_seed: int
    ) -> Signature:
        """The signature of the scores of ``predictions`` against ``gold``; 0 resamples: no intervals."""
        return cls(
            corpus=gold.corpus.hash,
            split=gold.split,
            documents=len(gold.documents),
            relations=gold.relations,
            protocol=protocol,
            mesh=gold.mesh if protocol == FILTERED else None,
            config=predictions.config,
            seed=predictions.seed,
            threshold=predictions.threshold,
            resamples=resamples or None,
            resampling_seed=resampling_seed if resamples else None,
        )

    def __str__(self) -> str:
        bootstrap = None if self.resamples is None else f"{self.resamples}@{self.resampling_seed}"
        parts = {
            "corpus": self.corpus,
            "split": self.split,
            "documents": self.documents,
            "relations": self.relations,
            "protocol": self.protocol,
            "mesh": self.mesh,
            "config": self.config,
            "seed": self.seed,
            "threshold": None if self.threshold is None else f"{self.threshold:.6g}",
            "bootstrap": bootstrap,
            "version": self.version,
        }
        return "|".join(f"{name}:{value}" for name, value in parts.items() if value is not None)

    def to_dict(self) -> dict[str, str | int | float | None]:
        """Every field by its name."""
        return asdict(self)
