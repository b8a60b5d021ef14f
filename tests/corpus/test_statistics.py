from __future__ import annotations

from pathlib import Path

from bran.corpus.load import Corpus, load_corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.corpus.statistics import Lengths, split_statistics, statistics

CDR = load_schema("cdr")


def test_counts(fixtures: Path) -> None:
    documents = load_corpus(fixtures / "corpus" / "cdr.pubtator", CDR).documents
    counted = statistics(iter(documents), CDR, mesh=MeshTree.bundled())
    assert counted.documents == 4
    assert counted.mentions == {"Chemical": 6, "Disease": 6}
    assert (counted.unlinked, counted.composite) == (2, 1)
    assert counted.entities == {"Chemical": 3, "Disease": 7}
    assert counted.relations == {"CID": 4}
    assert (counted.positives, counted.negatives, counted.filtered_negatives) == (4, 3, 2)
    assert counted.inter_sentence == 1  # amiodarone and jaundice
    assert counted.words == Lengths(5, 8.5, 39)
    assert dict(counted.rows())["relations across sentences"] == "1 (25.0%)"
    assert dict(counted.rows())["candidates, negative, filtered"] == "2"


def test_without_a_tree_nothing_is_filtered(fixtures: Path) -> None:
    counted = statistics(load_corpus(fixtures / "corpus" / "cdr.pubtator", CDR).documents, CDR)
    assert counted.filtered_negatives is None
    assert "candidates, negative, filtered" not in dict(counted.rows())


def test_no_document_at_all() -> None:
    assert dict(statistics([], CDR).rows())["documents"] == "0"


def test_each_split_and_their_total(fixtures: Path) -> None:
    documents = load_corpus(fixtures / "corpus" / "cdr.pubtator", CDR).documents
    given = {document.id: "training" if index else "development" for index, document in enumerate(documents)}
    counted = split_statistics(Corpus(documents, given), CDR)
    assert {name: part.documents for name, part in counted.items()} == {"development": 1, "training": 3, "total": 4}
    assert list(split_statistics(Corpus(documents), CDR)) == ["total"]
