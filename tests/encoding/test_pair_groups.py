"""Numbers of pairs against the best of those that share an entity with them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bran.corpus.document import Entity, Mention, Pair
from bran.encoding.pair_groups import PairGroups

MENTION = Mention(0, 1, "Chemical", ("x",))


def pair(head: str, tail: str) -> Pair:
    return Pair(Entity(head, "Chemical", (MENTION,)), Entity(tail, "Disease", (MENTION,)))


def test_each_is_behind_the_best_of_its_head_of_its_tail_and_of_all():
    groups = PairGroups([pair("a", "x"), pair("a", "y"), pair("b", "x")])
    of_head, of_tail, of_all = groups.behind_best(np.array([1.0, 4.0, 3.0]))
    assert of_head.tolist() == [-3, 0, 0]
    assert of_tail.tolist() == [-2, 0, 0]
    assert of_all.tolist() == [-3, 0, -1]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.floats(-9, 9)), min_size=1, max_size=12))
def test_somebody_leads_every_group(rows):
    groups = PairGroups([pair(head, tail) for head, tail, _ in rows])
    values = np.array([value for _, _, value in rows])
    of_head, of_tail, of_all = groups.behind_best(values)
    assert (of_all <= of_head).all()
    assert (of_all <= of_tail).all()
    for behind, shared in ((of_head, 0), (of_tail, 1)):
        for name in {row[shared] for row in rows}:
            assert max(behind[at] for at, row in enumerate(rows) if row[shared] == name) == 0
