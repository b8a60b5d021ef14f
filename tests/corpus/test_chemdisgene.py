"""ChemDisGene as published: texts joined with tables that are written in two ways."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bran.corpus.document import Relation
from bran.corpus.load import load_corpus, text_files
from bran.corpus.schema import load_schema
from bran.errors import DataError, FormatError

SCHEMA = load_schema("chemdisgene")
TEXTS = """\
1|t|Bleomycin and TP53 in fibrosis.
1|a|It was mild.
1\t0\t9\tBleomycin\tChemical\tMESH:D001761
1\t14\t18\tTP53\tGene\t7157
1\t22\t30\tfibrosis\tDisease\tMESH:D005355

2|t|Kelvane lowers fever.
2\t0\t7\tKelvane\tChemical\tMESH:C4
2\t15\t20\tfever\tDisease\tMESH:D005334
"""
TURNED = """\
1\tchem_disease:marker/mechanism\tMESH:D005355\tMESH:D001761
1\tchem_disease:therapeutic\tMESH:D005355\tMESH:D001761
1\tchem_gene:affects^binding\t7157\tMESH:D001761
1\tchem_gene:affects^binding\t7157\tMESH:D001761
2\tchem_gene:affects^binding\t10090\tMESH:C4
9\tgene_disease:therapeutic\tMESH:D005355\t7157
"""
STRAIGHT = """\
1\tchem^disease:marker/mechanism\tMESH:D001761\tMESH:D005355
1\tchem^gene:decreases-metabolic_processing\tMESH:D001761\t7157
1\tchem^gene:affects-transport\tMESH:D001761\t7157
2\tchem^disease:therapeutic\tMESH:C4\tMESH:D005334
"""


@pytest.fixture
def derived(tmp_path: Path) -> Path:
    (tmp_path / "dev_abstracts.txt.gz").write_bytes(gzip.compress(TEXTS.encode()))
    (tmp_path / "dev_relationships.tsv").write_text(TURNED)
    (tmp_path / "train_relationships.tsv.gz").write_bytes(gzip.compress(TURNED.encode()))
    return tmp_path


def test_relations_are_joined_and_turned(derived: Path) -> None:
    corpus = load_corpus(derived, SCHEMA)
    assert corpus.given == {"1": "development", "2": "development"}
    assert [document.relations for document in corpus.documents] == [
        (
            Relation("chem_disease:marker/mechanism", "MESH:D001761", "MESH:D005355"),
            Relation("chem_disease:therapeutic", "MESH:D001761", "MESH:D005355"),
            Relation("chem_gene:affects^binding", "MESH:D001761", "NCBIGene:7157"),
        ),
        (Relation("chem_gene:affects^binding", "MESH:C4", "NCBIGene:10090"),),
    ]


def test_what_was_changed_or_missed_is_counted(derived: Path) -> None:
    train, turned, absent, unmentioned = load_corpus(derived, SCHEMA).notices
    assert train.endswith("train_relationships.tsv.gz: its documents have no text here; expected train_abstracts.txt "
                          "(or .gz) beside it")  # fmt: skip
    assert turned.endswith("dev_relationships.tsv: 6 relations with the tail before the head, turned")
    assert absent.endswith("1 document with relations, but no text")
    assert unmentioned.endswith("1 relation with an end that the document does not mention")


def test_a_part_without_texts_is_refused_when_it_is_asked_for(derived: Path) -> None:
    with pytest.raises(FormatError, match=r"train_relationships\.tsv\.gz: its documents have no text here; expected"):
        load_corpus(derived, SCHEMA, splits=["training"])
    (derived / "train_abstracts.txt").write_text(TEXTS)
    assert len(load_corpus(derived, SCHEMA, splits=["training"]).documents[0].relations) == 3


def test_the_curated_part_has_no_splits_and_other_names(tmp_path: Path) -> None:
    (tmp_path / "abstracts.txt").write_text(TEXTS)
    ctd, new = STRAIGHT.split("\n", 1)
    (tmp_path / "approved_relns_ctd_v0.tsv").write_text(ctd)
    (tmp_path / "approved_relns_new_v0.tsv").write_text(new)
    corpus = load_corpus(tmp_path, SCHEMA)
    assert corpus.given == {}
    assert [[relation.type for relation in document.relations] for document in corpus.documents] == [
        ["chem_disease:marker/mechanism", "chem_gene:decreases^metabolic_processing"],
        ["chem_disease:therapeutic"],
    ]
    (notice,) = corpus.notices
    assert notice.endswith("1 relation of types unknown to the schema: chem^gene:affects-transport")


def test_of_two_versions_of_a_table_the_later_one_counts(tmp_path: Path) -> None:
    (tmp_path / "abstracts.txt").write_text(TEXTS)
    for version, row in zip((2, 10), STRAIGHT.splitlines()[:2], strict=True):
        (tmp_path / f"approved_relns_new_v{version}.tsv.gz").write_bytes(gzip.compress(f"{row}\n".encode()))
    first, _ = load_corpus(tmp_path, SCHEMA).documents
    assert [relation.type for relation in first.relations] == ["chem_gene:decreases^metabolic_processing"]


def test_a_single_file_is_read_as_it_is(derived: Path) -> None:
    corpus = load_corpus(derived / "dev_abstracts.txt.gz", SCHEMA)
    assert not any(document.relations for document in corpus.documents)


def test_the_files_of_a_folder_test_split_included(derived: Path) -> None:
    (derived / "test_abstracts.txt").write_text(TEXTS)
    assert [path.name for path in text_files(derived)] == ["dev_abstracts.txt.gz", "test_abstracts.txt"]


def test_a_table_of_nothing_that_the_schema_has(derived: Path) -> None:
    (derived / "dev_relationships.tsv").write_text("1\tinduces\tMESH:C4\tMESH:D005334\n")
    with pytest.raises(DataError, match=r"dev_relationships\.tsv: holds induces; expected chem_disease:marker"):
        load_corpus(derived, SCHEMA)
