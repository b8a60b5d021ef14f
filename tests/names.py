"""A mini MeSH and invented abstracts that use it, for the tests of the lexicon and the linker."""

from __future__ import annotations

from pathlib import Path

from bran.corpus.document import Document
from bran.tagging.lexicon import Lexicon
from bran.tagging.lexicon_build import build_lexicon
from bran.tagging.lexicon_uses import AnnotatedCorpus
from bran.tagging.mesh_files import MeshRecord
from tests.builders import document

RECORDS = (
    MeshRecord("D000001", "Velorin", ("Velorine", "VL-17"), ("D02.100",)),
    MeshRecord("D000002", "Brinol Hydrochloride", ("Brinol",), ("D02.200",)),
    MeshRecord("D000003", "beta-Sotamide", (), ("D03.100",)),
    MeshRecord("D000004", "Kelvanase", (), ("D08.811.100",)),
    MeshRecord("D000011", "Kidney Diseases", ("Disease, Kidney", "Kidney Disease"), ("C12.100",)),
    MeshRecord("D000012", "Lung Neoplasms", ("Neoplasms, Lung", "Cancer of Lung", "Lung Cancer"), ("C04.100",)),
    MeshRecord("D000013", "Liver Neoplasms", ("Liver Cancer",), ("C04.200",)),
    MeshRecord("D000014", "Hepatitis A", (), ("C06.100",)),
    MeshRecord("D000015", "Tremor", ("Tremors",), ("C10.100", "C23.100")),
    MeshRecord("D000016", "Anxiety Disorders", (), ("F03.100",)),
    MeshRecord("D000021", "Gardens", (), ("J01.100",)),
    MeshRecord("C000101", "Ro 15-1788", ()),
    MeshRecord("C000102", "kelvin protein, human", ()),
    MeshRecord("C000103", "ostrelin", ("lead",)),
)
"""Chemicals, diseases, an enzyme, a gene product and what is neither."""


def gold_documents() -> list[Document]:
    """Abstracts that people annotated: a use that MeSH does not know, a composite, a word that names nothing."""
    return [
        document("1", "{Shaking|Disease|MESH:D000015} after {velorin|Chemical|MESH:D000001}.", "They lead the field."),
        document("2", "{Shaking|Disease|MESH:D000015} and {HC|Disease|MESH:D000013;MESH:D000014}.", "We lead."),
        document("3", "{Renal tremor|Disease|MESH:D000011} (lead author).", "{Ostrelin|Chemical|MESH:C000103} helps."),
    ]


def automatic_documents() -> list[Document]:
    """Abstracts that a program annotated."""
    return [document("4", "{Shaking|Disease|MESH:D000016} and {fits|Disease|MESH:D000016}.")]


def mini_lexicon(folder: Path) -> Lexicon:
    """The lexicon of :data:`RECORDS` and the abstracts, compiled into ``folder``."""
    corpora = [AnnotatedCorpus(gold_documents(), gold=True), AnnotatedCorpus(automatic_documents(), gold=False)]
    build_lexicon(RECORDS, corpora, folder)
    return Lexicon.load(folder)
