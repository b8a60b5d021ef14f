from __future__ import annotations

from bran.corpus.document import Mention
from bran.encoding.mention_classes import IGNORED, MentionClasses
from tests.builders import document


def test_types_by_name_and_concepts_by_frequency() -> None:
    docs = [
        document("1", "{a|B|x} {b|A|y} {c|A|y} {d|A|}"),
        document("2", "{a|B|z;y} {b|B|z;y} {c|B|z;y} {d|A|w}"),
    ]
    classes = MentionClasses.count(docs, types=True, concepts=2)
    assert classes == MentionClasses(("A", "B"), ("y", "w"))  # of those as frequent, the first by id
    assert MentionClasses.count(docs, types=False, concepts=0) == MentionClasses()
    assert MentionClasses.count(docs, types=False, concepts=99).concepts == ("y", "w", "x")


def test_what_is_no_class_is_not_told() -> None:
    classes = MentionClasses(("A",), ("x", "y"))
    assert classes.of(Mention(0, 1, "A", ("y",))) == (0, 1)
    assert classes.of(Mention(0, 1, "B", ("z",))) == (IGNORED, IGNORED)
    assert classes.of(Mention(0, 1, "A", ("x", "y"))) == (0, IGNORED)
    assert classes.of(Mention(0, 1, "A")) == (0, IGNORED)
