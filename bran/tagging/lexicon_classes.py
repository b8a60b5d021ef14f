"""Which MeSH records are chemicals and which diseases.

Descriptors tell by their tree numbers. Supplementary concepts have a class in NLM's own files only;
elsewhere it is told by use in annotated corpora, then by pattern (proteins, genes and organisms are
neither), then by a classifier of character n-grams that is trained on the names of descriptors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from bran.corpus.mesh import DISEASE_BRANCHES
from bran.tagging.mesh_files import CHEMICAL_CLASS, DISEASE_CLASS, MeshRecord

CHEMICAL_BRANCHES = ("D",)
NOT_RECOGNISED = ("D08.244", "D08.622", "D08.811", "D12.776", "D20.215", "D23.050")
"""Branches of ``D`` that corpora do not annotate as chemicals: enzymes, other proteins, vaccines and antigens.

Their descriptors can be linked to, but their names in a text are not offered as chemicals.
"""

_NEITHER = re.compile(
    r"\b(protein|gene|mRNA|RNA|microRNA|antigens?|virus|phage|peptidase|polyprotein|vector|plasmid|vaccine|protocol"
    r"|human|mouse|rat|Drosophila|Arabidopsis|E coli|yeast|zebrafish|Xenopus)\b",
    re.IGNORECASE,
)


def record_types(records: Sequence[MeshRecord], uses: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The types of each record that has any, by id.

    Args:
        records: descriptors and supplementary concepts.
        uses: types that annotated corpora give a concept, by bare id.
    """
    types: dict[str, set[str]] = {}
    unknown = []
    for record in records:
        found = _types_told(record) | uses.get(record.id, set())
        if found:
            types[record.id] = found
        elif record.id.startswith("C") and record.scr_class is None and not _NEITHER.search(record.name):
            unknown.append(record)
    if unknown:
        types.update(_types_by_name(records, types, unknown))
    return types


def is_recognised(record: MeshRecord, uses: Mapping[str, set[str]]) -> bool:
    """Whether names of the record in a text are offered as mentions."""
    if record.id in uses or not record.trees:
        return record.id in uses or not _NEITHER.search(record.name)
    return any(not tree.startswith(NOT_RECOGNISED) for tree in record.trees if tree.startswith(_BRANCHES))


_BRANCHES = (*CHEMICAL_BRANCHES, *DISEASE_BRANCHES)


def _types_told(record: MeshRecord) -> set[str]:
    """The types that a record itself tells."""
    types = {"Chemical": CHEMICAL_BRANCHES, "Disease": DISEASE_BRANCHES}
    classes = {CHEMICAL_CLASS: {"Chemical"}, DISEASE_CLASS: {"Disease"}}
    if record.scr_class == CHEMICAL_CLASS and _NEITHER.search(record.name):
        return set()
    told = {type_ for type_, branches in types.items() if any(tree.startswith(branches) for tree in record.trees)}
    return told | classes.get(record.scr_class or 0, set())


def _types_by_name(
    records: Sequence[MeshRecord], types: Mapping[str, set[str]], unknown: Sequence[MeshRecord]
) -> dict[str, set[str]]:
    """Chemical or disease, for records of which only names are known.

    They are chemicals, as most supplementary concepts are, unless the name says otherwise clearly.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    known = [(record.name, label) for record in records for label in _labels(record, types)]
    if len({label for _, label in known}) < 2:
        return {record.id: {"Chemical"} for record in unknown}
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True, min_df=2)
    model = make_pipeline(vectors, LogisticRegression(C=10.0, max_iter=500))
    model.fit(*zip(*known, strict=True))
    disease = list(model.classes_).index("Disease")
    shares = model.predict_proba([record.name for record in unknown])[:, disease]
    return {
        record.id: {"Disease" if share > _CERTAIN else "Chemical"}
        for record, share in zip(unknown, shares.tolist(), strict=True)
    }


def _labels(record: MeshRecord, types: Mapping[str, set[str]]) -> Iterator[str]:
    """What the classifier learns from ``record``: its type, when it has one."""
    known = types.get(record.id, set())
    if len(known) == 1 and not (record.trees and all(tree.startswith(NOT_RECOGNISED) for tree in record.trees)):
        yield next(iter(known))


_CERTAIN = 0.75
"""Probability from which on a name is taken to be that of a disease."""
