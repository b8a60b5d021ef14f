from __future__ import annotations

import numpy as np

from bran.corpus.document import Document
from bran.corpus.schema import load_schema
from bran.extraction.explanation import TextUnits
from bran.extraction.text_units import text_units
from tests.builders import document, documents, several_types_documents, subwords


def units_of(doc: Document) -> TextUnits:
    return text_units(doc, subwords().encode([doc])[0], load_schema("cdr"))


def test_words_are_cut_at_space_punctuation_and_mentions() -> None:
    doc = document("1", "{Vel|Chemical|MESH:C1}orin-B (n=12) of {tremor|Disease|MESH:D1}s.")
    words = [unit.name for unit in units_of(doc).words]
    assert words == ["Vel", "orin", "-", "B", "(", "n", "=", "12", ")", "of", "tremor", "s", "."]


def test_every_subword_is_in_one_word_and_words_read_as_the_text() -> None:
    for doc in [*documents(), *several_types_documents()[:0]]:
        units = units_of(doc)
        everything = np.concatenate([unit.subwords for unit in units.words])
        assert everything.tolist() == list(range(len(units.starts)))
        assert all(doc.text[slice(*unit.spans[0])] == unit.name for unit in units.words)
        assert "".join(unit.name for unit in units.words) == doc.text.replace(" ", "")


def test_mentions_and_entities_have_the_subwords_of_their_characters() -> None:
    doc = documents()[1]
    units = units_of(doc)
    for unit in (*units.mentions, *units.entities):
        covered = {(int(units.starts[n]), int(units.ends[n])) for n in unit.subwords}
        assert covered
        assert all(any(a <= start and end <= b for a, b in unit.spans) for start, end in covered)
    assert [unit.name for unit in units.mentions][:2] == ["Sotamide and brinol", "chronic gout"]
    brinol = next(unit for unit in units.entities if unit.id == "MESH:C3")
    assert [doc.text[slice(*span)] for span in brinol.spans] == ["Sotamide and brinol", "brinol"]


def test_a_document_without_a_word() -> None:
    units = units_of(document("1", ""))
    assert (units.words, units.mentions, units.entities) == ((), (), ())
