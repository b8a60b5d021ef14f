"""Predicted relations out of rows of the relation table."""

from __future__ import annotations

from bran.corpus.document import Document, Evidence, Mention, Relation
from bran.export.table import Row, ordered


def with_predictions(document: Document, rows: list[Row]) -> Document:
    """``document`` with the relations, their scores and evidence that ``rows`` hold, in the order of the table.

    Evidence refers to the mentions of the document; where it has none there, to one of the row's type and concept.
    """
    mentions = {(m.start, m.end, m.type, concept): m for m in document.mentions for concept in (m.id, *m.concepts)}
    return document.with_relations(tuple(ordered(_relation(row, mentions) for row in rows)))


def _relation(row: Row, mentions: dict[tuple[int, int, str, str], Mention]) -> Relation:
    def mention(pair: Row, end: str) -> Mention:
        start, stop, type_ = pair[f"{end}_start"], pair[f"{end}_end"], row[f"{end}_type"] or ""
        return mentions.get((start, stop, type_, row[end])) or Mention(start, stop, type_, (row[end],))

    return Relation(
        row["type"],
        row["head"],
        row["tail"],
        score=row["score"],
        probability=row["probability"],
        evidence=tuple(
            Evidence(mention(pair, "head"), mention(pair, "tail"), pair["share"]) for pair in row["evidence"] or ()
        ),
        model=row["model"],
    )
