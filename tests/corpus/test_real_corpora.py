"""The published counts, on the corpora themselves: set ``BRAN_DATA`` to their folder to run these."""

from __future__ import annotations

import gzip
import io
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import pytest

from bran.corpus.document import Document
from bran.corpus.exclusion import Excluded, Match
from bran.corpus.load import load_corpus
from bran.corpus.mesh import DISEASE_BRANCHES, MeshTree
from bran.corpus.readers import ErrorLog, read_documents, read_pubtator
from bran.corpus.readers.chemprot import UNSCORED
from bran.corpus.readers.pubtator_format import FORMATS
from bran.corpus.schema import load_schema
from bran.corpus.splits import KFoldConfig, TemporalConfig
from bran.corpus.stated import StatementIndex
from bran.corpus.statements import read_statements
from bran.corpus.statistics import split_statistics
from bran.corpus.titles import normalised_title
from bran.corpus.weak import WeakLabels, weak_documents
from bran.corpus.writers import PubTatorWriter

pytestmark = pytest.mark.corpus

EXACT = {
    "bc5cdr/CDR_TrainingSet.PubTator.txt.gz": "cdr",
    "bc5cdr/CDR_DevelopmentSet.PubTator.txt.gz": "cdr",
    "biored/Train.PubTator.gz": "biored",
    "biored/Dev.PubTator.gz": "biored",
    "ner/NLMchem_Test.PubTator.gz": "nlm-chem",
    "chemdisgene/ctd_derived/dev_abstracts.txt.gz": "chemdisgene",
    "chemdisgene/ctd_derived/test_abstracts.txt.gz": "chemdisgene",
    "chemdisgene/curated/abstracts.txt.gz": "chemdisgene",
}


def rewritten(path: Path, corpus: str, *, with_schema: bool) -> list[str]:
    schema = load_schema(corpus) if with_schema else None
    stream = io.StringIO()
    documents = read_pubtator(path, schema=schema, format=FORMATS[corpus])
    PubTatorWriter(schema=schema, format=FORMATS[corpus]).write(documents, stream)
    return stream.getvalue().split("\n")


@pytest.mark.parametrize("with_schema", [False, True])
@pytest.mark.parametrize("name", EXACT)
def test_round_trips_are_exact(corpora: Path, name: str, with_schema: bool) -> None:
    original = gzip.decompress((corpora / name).read_bytes()).decode().split("\n")
    assert rewritten(corpora / name, EXACT[name], with_schema=with_schema) == original


def test_ncbi_disease_comes_back_but_for_one_row_that_differs_from_its_text(corpora: Path) -> None:
    path = corpora / "ner" / "NCBIdisease_TrainDev.PubTator.gz"
    original = gzip.decompress(path.read_bytes()).decode().split("\n")
    ours = rewritten(path, "ncbi-disease", with_schema=False)
    assert len(ours) == len(original)
    assert sum(a != b for a, b in zip(ours, original, strict=True)) == 1


@pytest.mark.parametrize("bundled", [True, False])
def test_bc5cdr_has_the_published_counts(corpora: Path, bundled: bool) -> None:
    schema = load_schema("cdr")
    mesh = MeshTree.bundled() if bundled else MeshTree.read(corpora / "mesh" / "descriptors.tsv.gz")
    counted = split_statistics(load_corpus(corpora / "bc5cdr", schema), schema, mesh=mesh)
    assert {
        name: (part.documents, part.positives, part.negatives, part.filtered_negatives)
        for name, part in counted.items()
    } == {
        "training": (500, 1038, 4394, 4202),
        "development": (500, 1012, 4249, 4080),
        "total": (1000, 2050, 8643, 8282),
    }
    shares = [part.inter_sentence / sum(part.relations.values()) for part in counted.values()]
    assert shares[:2] == [pytest.approx(0.27, abs=0.01), pytest.approx(0.24, abs=0.01)]


def test_the_bundled_tree_is_that_of_the_table(corpora: Path) -> None:
    table = MeshTree.read(corpora / "mesh" / "descriptors.tsv.gz").branches(DISEASE_BRANCHES)
    assert table.tree_numbers == MeshTree.bundled().tree_numbers


def test_bc5cdr_splits(corpora: Path) -> None:
    corpus = load_corpus(corpora / "bc5cdr", load_schema("cdr"))
    for split in KFoldConfig(folds=5, validation=0.15).build(corpus):
        assert [len(split.train), len(split.validation), len(split.test)] == [680, 120, 200]
    newest, *_ = TemporalConfig(cuts=3, test_size=100).build(corpus)
    assert min(map(int, newest.test)) > max(map(int, newest.train))


def test_chemprot_has_the_published_counts(corpora: Path) -> None:
    corpus = load_corpus(corpora / "chemprot", load_schema("chemprot"))
    counts = {
        split: Counter(r.type for d in corpus.part(split) for r in d.relations) for split in corpus.given.values()
    }
    assert counts == {
        "training": {"CPR:3": 768, "CPR:4": 2254, "CPR:5": 173, "CPR:6": 235, "CPR:9": 727},
        "development": {"CPR:3": 550, "CPR:4": 1094, "CPR:5": 116, "CPR:6": 199, "CPR:9": 457},
    }
    assert [len(corpus.part("training")), len(corpus.part("development"))] == [1020, 612]
    assert sum(document.meta.get(UNSCORED, 0) for document in corpus.part("training")) == 2265


def test_chemdisgene_is_joined_with_its_tables(corpora: Path) -> None:
    schema = load_schema("chemdisgene")
    derived = load_corpus(corpora / "chemdisgene" / "ctd_derived", schema, splits=["development", "test"])
    counted = split_statistics(derived, schema)
    assert {name: (part.documents, sum(part.relations.values())) for name, part in counted.items()} == {
        "development": (1521, 3289),
        "test": (1939, 5117),
        "total": (3460, 8406),
    }
    curated = load_corpus(corpora / "chemdisgene" / "curated", schema)
    assert sum(len(document.relations) for document in curated.documents) == 3090
    for document in (*derived.documents, *curated.documents):
        types = {entity.id: entity.type for entity in document.entities}
        for relation in document.relations:
            pairs = schema.relation_types[relation.type].pairs
            assert all(
                types.get(end, pair) == pair for end, pair in zip((relation.head, relation.tail), pairs[0], strict=True)
            )
    assert len(derived.notices) == 5
    assert len(curated.notices) == 1


def bc5cdr(corpora: Path) -> list[Path]:
    """What the documents of BC5CDR are told by: the folder of two splits, and the ids of the third."""
    return [corpora / "bc5cdr", corpora / "bc5cdr" / "test_pmids.txt"]


def weak(texts: list[Path], tables: list[tuple[Path, dict[str, str]]], exclude: Excluded) -> WeakLabels:
    """Distant labels by pair over all ``texts``, of which none may be one of BC5CDR."""
    schema = load_schema("cdr")
    index = StatementIndex(schema, by_pair=True)
    for table, kinds in tables:
        index.add(read_statements(table, kinds, exclude=exclude.ids), table.name)
    labels = WeakLabels(schema, index, turned=True)
    read = (doc for path in texts for doc in read_documents(path, schema=schema, on_error=ErrorLog()))
    written = list(weak_documents(read, labels, exclude=exclude, keep_unstated=True))
    assert len({normalised_title(document.title) for document in written}) == len(written)
    assert not any(_is_of(document, exclude) for document in written)
    return labels


def _is_of(document: Document, corpus: Excluded) -> bool:
    return document.id in corpus.ids or normalised_title(document.title) in corpus.titles


def test_no_document_of_bc5cdr_is_left_among_weak_ones(corpora: Path) -> None:
    exclude = Excluded.read(bc5cdr(corpora))
    assert len(exclude.ids) == 1500
    chemdisgene = corpora / "chemdisgene"
    texts = [
        *sorted(chemdisgene.glob("*/*abstracts.txt.gz")),
        *sorted((corpora / "biored").glob("*.PubTator.gz")),
        *sorted((corpora / "bc5cdr").glob("*.PubTator.txt.gz")),
    ]
    kinds = {"chem_disease:marker/mechanism": "CID"}
    tables = [(corpora / "ctd" / "marker_mechanism_by_pmid.tsv.gz", kinds)]
    tables += [(table, kinds) for table in sorted(chemdisgene.glob("ctd_derived/*_relationships.tsv.gz"))]
    counts = weak(texts, tables, exclude).counts
    assert counts.left_out[Match.id] + counts.left_out[Match.title] >= 1000 + 101
    assert counts.documents > 1800


def test_either_an_id_or_a_title_excludes_a_document_of_bc5cdr(corpora: Path) -> None:
    exclude = Excluded.read(bc5cdr(corpora))
    biored = [doc for path in sorted((corpora / "biored").glob("*.gz")) for doc in read_documents(path)]
    by_id = {doc.id for doc in biored if exclude.match(doc) is Match.id}
    by_title = {doc.id for doc in biored if Excluded(titles=exclude.titles).match(doc)}
    assert len(by_id | by_title) == 101
    assert by_title == by_id


@pytest.mark.parametrize(
    ("table", "by_pair", "expected"),
    [
        ("ctd/marker_mechanism_by_pmid.tsv.gz", False, (1967, 1946)),
        ("ctd/marker_mechanism_by_pmid.tsv.gz", True, (4186, 1508)),
        ("chemdisgene/ctd_derived/train_relationships.tsv.gz", False, (1601, 1585)),
        ("chemdisgene/ctd_derived/train_relationships.tsv.gz", True, (3311, 1274)),
    ],
)
def test_how_right_distant_labels_are_on_bc5cdr(
    corpora: Path, table: str, by_pair: bool, expected: tuple[int, int]
) -> None:
    """Pairs stated, and those of them that the annotators have too; by pair, from other documents alone."""
    told = Excluded.read(bc5cdr(corpora)).ids if by_pair else ()
    assert right_of_stated(corpora, table, "chem_disease:marker/mechanism", told, by_pair=by_pair) == expected


def test_no_therapeutic_pair_is_a_relation_of_bc5cdr(corpora: Path) -> None:
    table = "chemdisgene/ctd_derived/train_relationships.tsv.gz"
    assert right_of_stated(corpora, table, "chem_disease:therapeutic", (), by_pair=False) == (471, 0)


def right_of_stated(
    corpora: Path, table: str, relation: str, exclude: Collection[str], *, by_pair: bool
) -> tuple[int, int]:
    """How many pairs of BC5CDR are stated to be in ``relation``, and how many of those are CID relations."""
    schema = load_schema("cdr")
    index = StatementIndex(schema, by_pair=by_pair)
    index.add(read_statements(corpora / table, {relation: "CID"}, exclude=exclude), table)
    labels = WeakLabels(schema, index, turned=True)
    stated = right = 0
    for document in load_corpus(corpora / "bc5cdr", schema).documents:
        relations = set(labels(document).relations)
        stated += len(relations)
        right += len(relations & set(document.relations))
    return stated, right


def test_curators_find_three_times_the_relations_that_ctd_has_of_an_abstract(corpora: Path) -> None:
    schema, kind = load_schema("chemdisgene"), "chem_disease:marker/mechanism"
    derived = load_corpus(corpora / "chemdisgene" / "ctd_derived", schema, splits=["test"])
    curated = load_corpus(corpora / "chemdisgene" / "curated", schema)
    texts = [derived, curated]
    both = set.intersection(*({document.id for document in corpus.documents} for corpus in texts))
    ctd, curators = (
        {(document.id, r) for document in corpus.select(sorted(both)) for r in document.relations if r.type == kind}
        for corpus in texts
    )
    assert (len(both), len(ctd), len(curators), len(ctd & curators)) == (271, 101, 276, 92)
