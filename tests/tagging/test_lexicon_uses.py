from __future__ import annotations

import numpy as np

from bran.corpus.document import Document
from bran.tagging.lexicon_tables import UNSEEN, Entry, KeyTable
from bran.tagging.lexicon_uses import AnnotatedCorpus, Uses, annotated_shares
from tests.builders import document

GOUT = ("gout", "Disease", ("D1",))


def count(*documents: Document, gold: bool = True) -> Uses:
    return Uses.count([AnnotatedCorpus(documents, gold=gold)])


def test_a_use_counts_once_per_document_id() -> None:
    passages = [
        document("1", "{Gout|Disease|MESH:D1} and {gout|Disease|MESH:D1}."),
        document("1", "{gout|Disease|MESH:D1}."),
    ]
    uses = count(*passages, document("2", "{Gout|DiseaseOrPhenotypicFeature|MESH:D1}."))
    assert (uses.firm, uses.weak) == ({GOUT: 2}, {})


def test_what_a_program_annotated_and_defined_abbreviations_are_weak() -> None:
    assert count(document("1", "{Gout|Disease|MESH:D1}."), gold=False).weak == {GOUT: 1}
    uses = count(document("1", "{Liver cancer|Disease|MESH:D2} ({LC|Disease|MESH:D2}) was rare."))
    assert uses.firm == {("liver cancer", "Disease", ("D2",)): 1}
    assert uses.weak == {("lc", "Disease", ("D2",)): 1}


def test_other_types_and_ids_do_not_count() -> None:
    uses = count(document("1", "{Gout|Disease|OMIM:7}, {rash|Disease|}, {ABX1|Gene|MESH:D9}."))
    assert not uses.firm
    assert not uses.weak


def test_shares_of_annotated_occurrences() -> None:
    table = KeyTable.build({"gout": [Entry(0, 1, 0)], "lead": [Entry(1, 0, 0)], "rash": [Entry(2, 1, 0)]})
    both = document(
        "1", "{Gout|Disease|MESH:D1}, gout and lead; {lead|Chemical|MESH:D2}, {lead|Chemical|MESH:D2}, lead."
    )
    diseases_only = document("2", "Lead, lead and {gout|Disease|MESH:D1}.")
    shares = annotated_shares(table, [AnnotatedCorpus([doc], gold=True) for doc in (both, diseases_only)])
    assert {key: int(shares[table.trie[key]]) for key in ("gout", "lead", "rash")} == {
        "gout": 67,
        "lead": 50,
        "rash": UNSEEN,
    }
    assert shares.dtype == np.uint8
