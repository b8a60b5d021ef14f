from __future__ import annotations

import pytest

from bran.corpus.document import Document, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.errors import ConfigError
from bran.evaluation.gold import FILTERED, RAW, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.strata import Stratum, document_mentions, pair_mentions, sentence_distance, strata
from tests.builders import document

DOCUMENTS = [
    document(
        "1",
        "{Velorin|Chemical|C1} induced {tremor|Disease|D1}.",
        "Nobody knows why. {Pain|Disease|D2} was rare. {Fever|Disease|D3} too; {pain|Disease|D2} ended.",
        relations=[("CID", "C1", "D1"), ("CID", "C1", "D2")],
    ),
    document("2", "{Brinol|Chemical|C2} against {gout|Disease|D4}.", relations=[("CID", "C2", "D4")]),
]
FOUND = {"1": [("C1", "D1"), ("C1", "D3")], "2": [("C2", "D9")]}


def gold(hypernyms: HypernymFilter | None = None) -> GoldStandard:
    return GoldStandard(DOCUMENTS, load_schema("cdr"), hypernyms)


def predictions(found: dict[str, list[tuple[str, str]]] = FOUND) -> Predictions:
    relations = {id_: tuple(Relation("CID", *pair, score=0.9) for pair in pairs) for id_, pairs in found.items()}
    return Predictions("system", relations)


def counts(found: list[Stratum]) -> dict[str, tuple[int, int, int]]:
    return {stratum.name: (stratum.tp, stratum.fp, stratum.fn) for stratum in found}


def test_by_the_distance_of_the_nearest_mentions() -> None:
    found = strata(gold(), predictions(), sentence_distance, (0, 1, 2, 3), protocol=RAW, resamples=20)
    assert counts(found) == {
        "0": (1, 0, 1),
        "1": (0, 0, 0),
        "2": (0, 0, 1),  # pain is two sentences from velorin
        "3+": (0, 1, 0),
        "unmentioned": (0, 1, 0),  # D9 stands nowhere
    }
    nearest = found[0]
    assert (nearest.precision, nearest.recall, nearest.gold, nearest.predicted) == (1.0, 0.5, 2, 1)
    assert nearest.f1 == pytest.approx(2 / 3)
    assert 0 <= nearest.low <= nearest.f1 <= nearest.high <= 1


def test_by_the_mentions_of_a_pair() -> None:
    found = strata(gold(), predictions(), pair_mentions, (2, 3), protocol=RAW, resamples=20)
    assert counts(found) == {"2": (1, 1, 1), "3+": (0, 0, 1), "unmentioned": (0, 1, 0)}


def test_by_the_mentions_of_the_document() -> None:
    found = strata(gold(), predictions(), document_mentions, (0, 3, 6), protocol=RAW, resamples=20)
    assert counts(found) == {"0-2": (0, 1, 1), "3-5": (1, 1, 1), "6+": (0, 0, 0)}


@pytest.mark.parametrize("protocol", [RAW, FILTERED])
@pytest.mark.parametrize("measure", [sentence_distance, pair_mentions, document_mentions])
def test_groups_add_up_to_the_scores_of_all(measure, protocol: str) -> None:
    """D3 stands above D1, which is a relation of the same chemical: filtered, it is forgiven."""
    standard = gold(HypernymFilter(MeshTree({"D3": ("C01",), "D1": ("C01.100",)})))
    found = strata(standard, predictions(), measure, (0, 1, 5), protocol=protocol, resamples=5)
    total = standard.count(predictions())[protocol].totals.sum(axis=(0, 1)).tolist()
    assert [sum(part) for part in zip(*counts(found).values(), strict=True)] == total
    assert total[1] == (1 if protocol == FILTERED else 2)


def test_an_unknown_protocol() -> None:
    with pytest.raises(ConfigError, match="protocol 'filtered'; expected one of raw"):
        strata(gold(), predictions(), sentence_distance, (0,))


def test_mentions_with_ids_of_their_own() -> None:
    doc = DOCUMENTS[1]
    marked = Document(
        "2", doc.passages, tuple(m.__class__(m.start, m.end, m.type, id=f"T{m.start}") for m in doc.mentions)
    )
    relation = Relation("CID", f"T{doc.mentions[0].start}", f"T{doc.mentions[1].start}")
    schema = load_schema("cdr").model_copy(update={"level": "mention"})
    standard = GoldStandard([marked.with_relations((relation,))], schema)
    found = strata(standard, Predictions("s", {"2": (relation,)}), pair_mentions, (2,), protocol=RAW, resamples=5)
    assert counts(found) == {"2+": (1, 0, 0)}
