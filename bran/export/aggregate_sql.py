"""The SQL that turns rows of documents into rows of relations."""

from __future__ import annotations

MACROS = (
    # ln(1 - p) and exp(x) - 1 without the digits that 1 - p and the difference lose (Kahan; Higham 2002, 1.14.1).
    """CREATE TEMP MACRO log_not(p) AS CASE WHEN p >= 1 THEN '-infinity'::DOUBLE WHEN 1 - p = 1 THEN -p
       ELSE ln(1 - p) * p / (1 - (1 - p)) END""",
    """CREATE TEMP MACRO exp_less_one(x) AS CASE WHEN exp(x) = 1 THEN x WHEN exp(x) - 1 = -1 THEN -1
       ELSE (exp(x) - 1) * x / ln(exp(x)) END""",
)
"""Functions that the statements below use."""

TABLES = (
    """CREATE TABLE relations (type VARCHAR, head VARCHAR, tail VARCHAR, documents BIGINT, document_ids VARCHAR[],
       max_probability DOUBLE, mean_probability DOUBLE, noisy_or DOUBLE, max_score DOUBLE, mean_score DOUBLE,
       cross_sentence DOUBLE, best_document VARCHAR, best_sentence VARCHAR, first_year BIGINT, last_year BIGINT,
       years STRUCT(year BIGINT, documents BIGINT)[])""",
    "CREATE TABLE known (head VARCHAR, tail VARCHAR, known_types VARCHAR[], known_references BIGINT)",
)
"""What is filled slot by slot, and by the known table."""

RELATIONS = """
INSERT INTO relations
-- A document counts once for each relation, by its strongest row; equal rows are told apart by all they hold.
WITH once AS (
    SELECT *, coalesce(probability, score) AS strength
    FROM staged
    WHERE slot >= $first AND slot < $stop
        AND ($min_probability IS NULL OR probability >= $min_probability)
        AND ($min_score IS NULL OR score >= $min_score)
    QUALIFY row_number() OVER (
        PARTITION BY type, head, tail, document
        ORDER BY strength DESC NULLS LAST, probability DESC NULLS LAST, score DESC NULLS LAST,
            sentence NULLS LAST, cross_sentence NULLS LAST, year NULLS LAST
    ) = 1
),
ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY type, head, tail ORDER BY strength DESC NULLS LAST, length(document), document
    ) AS rank
    FROM once
),
-- Sums run in the order of the ranks, so that the last digit is the same for any number of threads.
counted AS (
    SELECT type, head, tail, count(*) AS documents,
        list(document ORDER BY rank) AS ids,
        max(probability) AS max_probability,
        sum(probability ORDER BY rank) / count(probability) AS mean_probability,
        -exp_less_one(sum(log_not(probability) ORDER BY rank)) AS noisy_or,
        max(score) AS max_score,
        sum(score ORDER BY rank) / count(score) AS mean_score,
        avg(cross_sentence::INTEGER) AS cross_sentence,
        any_value(document) FILTER (rank = 1) AS best_document,
        any_value(sentence) FILTER (rank = 1) AS best_sentence,
        min(year) AS first_year,
        max(year) AS last_year
    FROM ranked
    GROUP BY type, head, tail
    HAVING count(*) >= $min_documents
),
by_year AS (
    SELECT type, head, tail, list({'year': year, 'documents': documents} ORDER BY year) AS years
    FROM (SELECT type, head, tail, year, count(*) AS documents FROM once WHERE year IS NOT NULL GROUP BY ALL)
    GROUP BY type, head, tail
)
SELECT type, head, tail, documents, CASE WHEN $ids IS NULL THEN ids ELSE ids[:$ids] END,
    max_probability, mean_probability, noisy_or, max_score, mean_score, cross_sentence,
    best_document, best_sentence, first_year, last_year, coalesce(years, [])
FROM counted LEFT JOIN by_year USING (type, head, tail)
"""
"""The relations of the slots from ``$first`` to before ``$stop``."""

_SAID = """
    SELECT head AS id, {head} AS said, {head_first} AS labelled FROM staged
    UNION ALL SELECT tail, {tail}, {tail_first} FROM staged"""

_COMMONEST = """
CREATE TABLE {table} AS
SELECT id, said FROM (
    SELECT id, said, labelled, count(*) AS times FROM ({source}) WHERE said IS NOT NULL GROUP BY id, said, labelled
)
QUALIFY row_number() OVER (PARTITION BY id ORDER BY labelled DESC, times DESC, said) = 1
"""

NAMES = (
    _COMMONEST.format(
        table="names",
        source=_SAID.format(
            head="coalesce(head_label, head_name)",
            head_first="head_label IS NOT NULL",
            tail="coalesce(tail_label, tail_name)",
            tail_first="tail_label IS NOT NULL",
        ),
    ),
    _COMMONEST.format(
        table="types",
        source=_SAID.format(head="head_type", head_first="true", tail="tail_type", tail_first="true"),
    ),
)
"""One name and one entity type for each concept: labels before surface names, then the commonest, then the alphabet."""

RESULT = """
SELECT r.type, head, head_names.said AS head_name, head_types.said AS head_type,
    tail, tail_names.said AS tail_name, tail_types.said AS tail_type,
    documents, document_ids, max_probability, mean_probability, noisy_or, max_score, mean_score, cross_sentence,
    best_document, best_sentence, first_year, last_year, years,
    CASE WHEN $compared THEN known.head IS NOT NULL END AS known, known_types, known_references
FROM relations AS r
LEFT JOIN names AS head_names ON head_names.id = r.head
LEFT JOIN names AS tail_names ON tail_names.id = r.tail
LEFT JOIN types AS head_types ON head_types.id = r.head
LEFT JOIN types AS tail_types ON tail_types.id = r.tail
LEFT JOIN known USING (head, tail)
ORDER BY documents DESC, max_probability DESC NULLS LAST, max_score DESC NULLS LAST, head, tail, r.type
"""
"""All relations with names, types and what is known of them, in the order of the output."""
