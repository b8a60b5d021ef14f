"""The columns of an aggregated table: one row per relation, over all documents."""

from __future__ import annotations

import pyarrow as pa

from bran.export.table import column

_YEAR = pa.struct(
    [
        column("year", pa.int64(), "year of publication"),
        column("documents", pa.int64(), "number of documents of that year"),
    ]
)


SCHEMA = pa.schema(
    [
        column("type", pa.string(), "relation type", nullable=False),
        column("head", pa.string(), "concept id of the head, as the input writes it", nullable=False),
        column(
            "head_name", pa.string(), "name of the head: its label where the input has one, else its commonest name"
        ),
        column("head_type", pa.string(), "entity type of the head; null when the input has none"),
        column("tail", pa.string(), "concept id of the tail, as the input writes it", nullable=False),
        column(
            "tail_name", pa.string(), "name of the tail: its label where the input has one, else its commonest name"
        ),
        column("tail_type", pa.string(), "entity type of the tail; null when the input has none"),
        column("documents", pa.int64(), "number of documents that state the relation", nullable=False),
        column(
            "document_ids",
            pa.list_(pa.field("element", pa.string())),
            "their ids, highest probability (else score) first, of equals the shorter id, then by the alphabet",
            nullable=False,
        ),
        column("max_probability", pa.float64(), "highest probability; null when no document has one"),
        column("mean_probability", pa.float64(), "mean of the probabilities"),
        column(
            "noisy_or",
            pa.float64(),
            "probability that at least one document is right, were they independent: 1 - Π(1 - p)",
        ),
        column("max_score", pa.float64(), "highest score; null when no document has one"),
        column("mean_score", pa.float64(), "mean of the scores"),
        column("cross_sentence", pa.float64(), "share of the documents with no sentence that names both ends"),
        column("best_document", pa.string(), "the first of document_ids", nullable=False),
        column("best_sentence", pa.string(), "the sentence that the best document is evidence by"),
        column("first_year", pa.int64(), "least year of the documents; null when no document has one"),
        column("last_year", pa.int64(), "greatest year of the documents"),
        column(
            "years",
            pa.list_(pa.field("element", _YEAR)),
            "number of documents of each year, in order; empty when no document has one",
            nullable=False,
        ),
        column("known", pa.bool_(), "whether the known table has head and tail; null without such a table"),
        column(
            "known_types", pa.list_(pa.field("element", pa.string())), "what the known table calls the pair's relations"
        ),
        column("known_references", pa.int64(), "how many references the known table gives for the pair"),
    ]
)
"""The columns, in order, each with its meaning under the metadata key ``doc``."""
