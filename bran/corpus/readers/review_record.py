"""What annotation tools have no place for, kept beside a document while curators work on it.

It is checked against what they drew before it is believed: of a mention that was moved, or a relation whose
mentions name other concepts now, nothing that is kept counts.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from bran.corpus.document import Evidence, Mention, Relation
from bran.corpus.readers.records import Record, RelationRecord


class KeptMention(Record):
    """A mention as it was written out.

    Attributes:
        start: first character.
        end: one past the last.
        type: entity type.
        id: its own id, where relations hold between mentions.
        parts: the words of each concept of a composite mention.
    """

    start: int
    end: int
    type: str
    id: str = ""
    parts: tuple[str, ...] = ()

    def is_of(self, mention: Mention) -> bool:
        """Whether ``mention`` is the one that was written out."""
        return (self.start, self.end, self.type) == (mention.start, mention.end, mention.type)


class KeptRelation(RelationRecord):
    """A relation as it was written out.

    Attributes:
        between: names of the two mentions that it was drawn between; ``None`` where a concept has no mention.
        evidence: names of head and tail of each mention pair that carried it, and their share.
    """

    between: tuple[str, str] | None = None
    evidence: tuple[tuple[str, str, float], ...] = ()

    def relation(self, mentions: dict[str, Mention]) -> Relation:
        """The relation, with the evidence whose mentions are there still."""
        values = self.model_dump(exclude={"between", "evidence"})
        pairs = [(mentions.get(head), mentions.get(tail), share) for head, tail, share in self.evidence]
        evidence = [Evidence(head, tail, share) for head, tail, share in pairs if head and tail]
        return Relation(**values, evidence=tuple(evidence))


class ReviewRecord(Record):
    """What is kept of a document.

    Attributes:
        id: of the document.
        passages: the kind of each passage; one line of the text each.
        meta: what the document carries beside.
        types: types by the names that the tool has for them, where these are others.
        mentions: by the name that the tool has for each; only those of which there is something to keep.
        relations: all of them.
    """

    id: str | None = None
    passages: tuple[str, ...] = ()
    meta: dict[str, Any] = Field(default_factory=dict)
    types: dict[str, str] = Field(default_factory=dict)
    mentions: dict[str, KeptMention] = Field(default_factory=dict)
    relations: tuple[KeptRelation, ...] = ()
