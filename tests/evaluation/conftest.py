"""Two invented abstracts whose scores are easily computed by hand.

Chemical: C1 zorvapine. Diseases: D1 tremor, D2 hepatitis, D3 liver disease (above hepatitis), D4 fever.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import Schema, load_schema
from bran.evaluation.gold import GoldStandard
from bran.evaluation.predictions import Predictions

NAMES = {
    "zorvapine": ("Chemical", "MESH:C1"),
    "tremor": ("Disease", "MESH:D1"),
    "hepatitis": ("Disease", "MESH:D2"),
    "liver disease": ("Disease", "MESH:D3"),
    "fever": ("Disease", "MESH:D4"),
}

MakeDocument = Callable[..., Document]
MakePredictions = Callable[..., Predictions]


@pytest.fixture
def schema() -> Schema:
    return load_schema("cdr")


@pytest.fixture
def hypernyms() -> HypernymFilter:
    return HypernymFilter(MeshTree({"MESH:D3": ("C06",), "MESH:D2": ("C06.100",), "MESH:D1": ("C10",)}))


@pytest.fixture
def make_document() -> MakeDocument:
    """``make_document("1", "Title.", "Abstract.", "D2", ...)``: every name is a mention; gold relations of C1."""

    def make(id_: str, title: str, abstract: str, *tails: str) -> Document:
        passages = (Passage("title", title), Passage("abstract", abstract))
        text = f"{title} {abstract}".lower()
        mentions = tuple(
            Mention(start, start + len(name), type_, (concept,))
            for name, (type_, concept) in NAMES.items()
            for start in range(len(text))
            if text.startswith(name, start)
        )
        return Document(id_, passages, mentions, tuple(Relation("CID", "MESH:C1", f"MESH:{tail}") for tail in tails))

    return make


@pytest.fixture
def documents(make_document: MakeDocument) -> list[Document]:
    abstract = "Zorvapine caused hepatitis. Liver disease was seen. Tremor and fever stopped."
    return [
        make_document("1", "Zorvapine and tremor.", abstract, "D1", "D2", "D4"),
        make_document("2", "Zorvapine and fever.", "Tremor was absent.", "D4"),
    ]


@pytest.fixture
def gold(documents: list[Document], schema: Schema, hypernyms: HypernymFilter) -> GoldStandard:
    return GoldStandard(documents, schema, hypernyms, split="invented", mesh="tiny")


@pytest.fixture
def make_predictions() -> MakePredictions:
    """``make_predictions({"1": ["D2", ...]})`` or, with scores, ``{"1": {"D2": .9}}``: relations of C1."""

    def make(tails: dict[str, list[str] | dict[str, float]], *, system: str = "system") -> Predictions:
        relations = {
            id_: tuple(
                Relation("CID", "MESH:C1", f"MESH:{tail}", score=found[tail] if isinstance(found, dict) else None)
                for tail in found
            )
            for id_, found in tails.items()
        }
        return Predictions(system, relations)

    return make


@pytest.fixture
def predictions(make_predictions: MakePredictions) -> Predictions:
    """Document 1: one right within a sentence, one across, one hypernym; document 2: one wrong across."""
    return make_predictions({"1": ["D2", "D4", "D3"], "2": ["D1"]})
