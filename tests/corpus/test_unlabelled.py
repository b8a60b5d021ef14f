from __future__ import annotations

from bran.corpus.exclusion import Excluded
from bran.corpus.schema import load_schema
from bran.corpus.unlabelled import Unlabelled
from tests.builders import document
from tests.runs import abstracts

CDR = load_schema("cdr")


def test_documents_of_the_corpus_are_left_out_by_id_and_by_title() -> None:
    first, second, third, fourth = abstracts(4)
    renamed = type(second)("PMC7", second.passages, second.mentions)
    found = Unlabelled.of([first, renamed, third, fourth], CDR, exclude=Excluded.of([first, second]))
    assert [each.id for each in found.documents] == [third.id, fourth.id]
    assert found.left_out == {"excluded by id": 1, "excluded by title": 1}
    assert str(found) == "2 documents; left out: 1 excluded by id, 1 excluded by title"


def test_a_document_counts_once_and_needs_a_pair() -> None:
    first, second = abstracts(2)
    twin = type(first)("PMC7", first.passages, first.mentions)
    bare = document("3", "{Velorin|Chemical|MESH:C1} alone in four healthy men.")
    found = Unlabelled.of([first, first, twin, bare, second], CDR, exclude=Excluded())
    assert [each.id for each in found.documents] == [first.id, second.id]
    assert found.left_out == {"id or title read before": 2, "without a candidate pair": 1}


def test_their_relations_are_not_known() -> None:
    found = Unlabelled.of(abstracts(3), CDR, exclude=Excluded())
    assert [each.relations for each in found.documents] == [(), (), ()]
    assert [each.mentions for each in found.documents] == [each.mentions for each in abstracts(3)]
    assert str(found) == "3 documents"
