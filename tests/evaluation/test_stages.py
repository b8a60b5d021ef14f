from __future__ import annotations

import pytest

from bran.corpus.document import Document
from bran.evaluation.stages import Loss, loss_table, relation_losses, relation_scores
from tests.builders import document

VELORIN, OTHER, TREMOR, RASH = "MESH:C1", "MESH:C2", "MESH:D1", "MESH:D2"
GOLD = document(
    "1",
    "{Velorin|Chemical|MESH:C1} and {fine tremor|Disease|MESH:D1}; {rash|Disease|MESH:D2}.",
    relations=[("CID", VELORIN, TREMOR)],
)


def found(text: str, *relations: tuple[str, str, str]) -> Document:
    answer = document("1", text, relations=relations)
    assert answer.text == GOLD.text
    return answer


def losses(answer: Document) -> list[Loss]:
    return list(relation_losses([GOLD], {answer.id: answer}))


@pytest.mark.parametrize(
    ("text", "stage", "type_", "words", "instead"),
    [
        ("{Velorin|Chemical|MESH:C1} and fine tremor; rash.", "recognition", "Disease", "fine tremor", ""),
        (
            "{Velorin|Chemical|MESH:C1} and fine {tremor|Disease|MESH:D9}; rash.",
            "boundary", "Disease", "fine tremor", "tremor (MESH:D9)",
        ),
        (
            "{Velorin|Chemical|MESH:C2} and {fine tremor|Disease|MESH:D1}; rash.",
            "linking", "Chemical", "Velorin", "Velorin (MESH:C2)",
        ),
        (
            "{Velorin|Chemical|} and {fine tremor|Disease|MESH:D1}; rash.",
            "linking", "Chemical", "Velorin", "Velorin (-)",
        ),
        ("{Velorin|Chemical|MESH:C1} and {fine tremor|Disease|MESH:D1}; rash.", "relation", "", "", ""),
        # another boundary, but the right concept: it is there, so only the relation was not seen
        ("{Velorin|Chemical|MESH:C1} and fine {tremor|Disease|MESH:D1}; rash.", "relation", "", "", ""),
        # a mention of another type is no mention of it
        (
            "{Velorin|Disease|MESH:C9} and {fine tremor|Disease|MESH:D1}; rash.",
            "recognition", "Chemical", "Velorin", "",
        ),
        # of two ends that went wrong, the one that went wrong earlier
        ("{Velorin|Chemical|MESH:C2} and fine tremor; rash.", "recognition", "Disease", "fine tremor", ""),
    ],
)  # fmt: skip
def test_where_a_missed_relation_was_lost(text: str, stage: str, type_: str, words: str, instead: str) -> None:
    (loss,) = losses(found(text))
    assert (loss.missed, loss.relation, loss.document) == (True, ("CID", VELORIN, TREMOR), "1")
    assert (loss.stage, loss.type, loss.words, loss.instead) == (stage, type_, words, instead)


def test_where_a_wrong_relation_comes_from() -> None:
    answer = found(
        "{Velorin|Chemical|MESH:C1} and {fine tremor|Disease|MESH:D1}; {rash|Disease|MESH:D7}.",
        ("CID", VELORIN, TREMOR), ("CID", VELORIN, "MESH:D7"),
    )  # fmt: skip
    (loss,) = losses(answer)
    assert (loss.missed, loss.stage, loss.words, loss.instead) == (False, "linking", "rash", "rash (MESH:D2)")
    both_right = found(
        "{Velorin|Chemical|MESH:C1} and {fine tremor|Disease|MESH:D1}; {rash|Disease|MESH:D2}.",
        ("CID", VELORIN, TREMOR), ("CID", VELORIN, RASH),
    )  # fmt: skip
    assert [(loss.missed, loss.stage) for loss in losses(both_right)] == [(False, "relation")]


def test_one_good_mention_is_enough() -> None:
    gold = document("1", "{Gout|Disease|MESH:D1}: {gout|Disease|MESH:D1}.", relations=[("CID", "MESH:C1", "MESH:D1")])
    answer = document("1", "{Gout|Disease|MESH:D5}: gout.")
    (loss,) = relation_losses([gold], {"1": answer})
    assert loss.stage == "recognition"  # the chemical has no mention at all
    assert loss.relation == ("CID", "MESH:C1", "MESH:D1")


def test_scores_and_table() -> None:
    answer = found(
        "{Velorin|Chemical|MESH:C1} and {fine tremor|Disease|MESH:D1}; {rash|Disease|MESH:D2}.", ("CID", VELORIN, RASH)
    )
    absent = document("2", "{Velorin|Chemical|MESH:C1}: {rash|Disease|MESH:D2}.", relations=[("CID", VELORIN, RASH)])
    scores = relation_scores([GOLD, absent], {"1": answer})
    assert (scores.tp, scores.fp, scores.fn) == (0, 1, 2)
    table = loss_table(relation_losses([GOLD, absent], {"1": answer}))
    assert table == {
        ("recognition", "Chemical"): {"missed": 1, "wrong": 0},
        ("relation", ""): {"missed": 1, "wrong": 1},
    }
    assert list(table) == [("recognition", "Chemical"), ("relation", "")]


def test_what_is_right_is_no_loss() -> None:
    assert not list(relation_losses([GOLD], {"1": GOLD}))
    assert relation_scores([GOLD], {"1": GOLD}).f1 == 1
