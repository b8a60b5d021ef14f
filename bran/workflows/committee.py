"""Models of one split whose scores are averaged: the members of an ensemble, the teachers of a student."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import torch

from bran.corpus.document import Document, Relation
from bran.evaluation.averaging import Mean, mean_relations
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel
from bran.workflows.trained_run import TrainedRun

CHUNK = 1024
"""Documents whose scores of all members are in memory at once."""


@dataclass(frozen=True, slots=True)
class Member:
    """One model of a committee.

    Attributes:
        predictor: runs it.
        seen: ids of the documents that it was trained on.
    """

    predictor: Predictor
    seen: frozenset[str]

    @classmethod
    def load(cls, run: TrainedRun, split: str, *, device: torch.device) -> Member:
        """The model of the split (or the refit) called ``split`` of ``run``, on ``device``.

        Raises:
            ConfigError: when it is not trained yet.
            ModelError: when it cannot be read.
        """
        model = TrainedModel.load(run.model(split), device=device)
        predictor = Predictor(model, device=device, precision=run.config.training.precision)
        return cls(predictor, frozenset(run.trained_on(split)))


class Committee:
    """Scores documents by the mean of its members' scores.

    A member that has learned a document by heart says of it what the gold labels say. So a document is scored by
    those members that were not trained on it, and by all only where there is no such member.

    Args:
        members: at least one.
        name: the model that relations name.
        mean: of what.
    """

    def __init__(self, members: Sequence[Member], *, name: str, mean: Mean = "probabilities") -> None:
        self.members = members
        self.name = name
        self.mean: Mean = mean

    def predict(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Each document with every candidate that a member scored, in the order of input.

        Raises:
            UnknownTypeError: when a mention has a type that a member's schema does not have.
        """
        stream = iter(documents)
        while chunk := list(islice(stream, CHUNK)):
            scores = [self._scores(member, chunk) for member in self.members]
            for number, document in enumerate(chunk):
                found = [each[number] for each in scores if number in each]
                mean = mean_relations(found, document=document.id, model=self.name, mean=self.mean)
                yield document.with_relations(mean)

    def _scores(self, member: Member, chunk: Sequence[Document]) -> dict[int, tuple[Relation, ...]]:
        """The candidates of those documents that ``member`` is to score, by their number in ``chunk``."""
        wanted = {number: document for number, document in enumerate(chunk) if self._judges(member, document.id)}
        predicted = member.predictor.predict(wanted.values(), threshold=0.0)
        return {number: document.relations for number, document in zip(wanted, predicted, strict=True)}

    def _judges(self, member: Member, document: str) -> bool:
        return document not in member.seen or all(document in other.seen for other in self.members)
