from __future__ import annotations

from statistics import median

from bran.corpus.lengths import document_lengths
from bran.corpus.schema import load_schema
from bran.corpus.statistics import statistics
from tests.builders import documents


def test_lengths_are_those_that_the_statistics_tell() -> None:
    found = document_lengths(iter(documents()), subwords=lambda text: 2 * len(text))
    counted = statistics(documents(), load_schema("cdr"))
    for unit, lengths in (("characters", counted.characters), ("words", counted.words)):
        assert (min(found[unit]), median(found[unit]), max(found[unit])) == (
            lengths.shortest,
            lengths.median,
            lengths.longest,
        )
    assert sum(found["mentions"]) == sum(counted.mentions.values())
    assert sum(found["entities"]) == sum(counted.entities.values())
    assert found["sentences"] == [3, 2, 2, 4]
    assert found["subwords"] == [2 * each for each in found["characters"]]


def test_without_a_vocabulary_subwords_are_not_counted() -> None:
    assert "subwords" not in document_lengths([])
