from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Passage
from bran.errors import ConfigError, FormatError
from bran.export.run_folder import DOCUMENTS, ENTRY, RELATIONS
from bran.export.run_tables import Counts, Least, Tables, open_tables
from bran.export.table import SCHEMA, SCHEMA_VERSION, ordered, rows
from bran.export.writers import open_writer
from tests.export.run_folders import NAMES, Part, record, write_run

FIRST, SECOND, TENTH = "/in/n2.xml", "/in/n9.xml", "/in/n10.xml"


def read(path: Path, **how: Any) -> tuple[list[Document], list[dict[str, Any]], Counts]:
    with open_tables(path, **how) as tables:
        return list(tables.documents()), list(tables.rows()), tables.counts()


def titles(documents: Sequence[Document]) -> dict[str, str]:
    return {document.id: document.title for document in documents}


def test_documents_come_back_with_relations_scores_and_evidence(tmp_path: Path) -> None:
    bare = Document("3", (Passage("title", "Nothing is said."),))
    written = [record("12"), bare, record("7", journal="Acta")]
    write_run(tmp_path, [Part(FIRST, written)])
    found, _, counts = read(tmp_path)
    assert found == [
        document.with_relations(tuple(ordered(document.relations))) for document in (bare, written[2], written[0])
    ]
    assert counts == Counts(documents=3, relations=4, superseded=0, deleted=0)
    assert [dict(document.meta) for document in found] == [{}, written[2].meta, written[0].meta]
    for ours, theirs in zip(found[1:], (written[2], written[0]), strict=True):
        expected = ordered(theirs.relations)
        assert [(r.score, r.probability, r.evidence, r.model) for r in ours.relations] == [
            (r.score, r.probability, r.evidence, r.model) for r in expected
        ]


def test_rows_are_those_of_the_documents_in_a_stable_order(tmp_path: Path) -> None:
    written = [record(id_) for id_ in ("PMC2", "100", "9", "007", "PMC10", "a")]
    write_run(tmp_path, [Part(TENTH, written[:3]), Part(FIRST, written[3:])])
    _, found, _ = read(tmp_path)
    by_id = {document.id: document for document in written}
    order = ["007", "9", "100", "PMC10", "PMC2", "a"]
    options: dict[str, Any] = {"model_version": "0.1.0", "model_hash": "0123456789ab", "names": NAMES.get}
    expected = [row for id_ in order for row in rows(by_id[id_], **options)]
    assert [{**row, "position": None} for row in found] == expected
    assert list(found[0]) == SCHEMA.names


PARTS = [
    Part(FIRST, [record("1", version=1), record("2", version=3), record("3"), record("4"), record("6")]),
    Part(SECOND, [record("1", version=2), record("2", version=2)], deletions=[("3", None), ("6", None), ("99", None)]),
    Part(TENTH, [record("1", version=2, score=0.75), record("3", version=1), record("5"), record("5", version=7)]),
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_newest_version_counts_then_the_latest_source_and_deletions_apply(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    write_run(tmp_path, [PARTS[index] for index in order])
    found, table, counts = read(tmp_path)
    # 1: the later of two of version 2; 2: version 3, though older; 3: after its deletion; 6: deleted.
    assert titles(found) == {
        id_: f"Velorin in trial {n}." for id_, n in [("1", 2), ("2", 3), ("3", 1), ("4", 1), ("5", 7)]
    }
    assert found[0].relations[0].score == 0.75
    assert len(table) == 10
    assert counts == Counts(documents=5, relations=10, superseded=4, deleted=2)


def test_deletion_in_a_shard_of_several_files_spares_what_comes_after_it(tmp_path: Path) -> None:
    written = [record("1"), record("2"), record("1", version=1, score=0.25)]
    write_run(tmp_path, [Part(FIRST, written, deletions=[("1", 1), ("2", None)])])
    found, _, counts = read(tmp_path)
    assert [(document.id, document.relations[0].score) for document in found] == [("1", 0.25)]
    assert (counts.deleted, counts.superseded) == (2, 0)


def test_ranges_of_one_file_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    parts = [Part(FIRST, [record("1", score=0.25)], start=900), Part(FIRST, [record("1", score=0.75)], start=1000)]
    write_run(tmp_path, parts)
    assert read(tmp_path)[0][0].relations[0].score == 0.75


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.sampled_from("123"), st.integers(1, 3), st.booleans()), max_size=12), st.integers(0, 12))
def test_duplicates_are_resolved_as_a_plain_loop_does(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, int, bool]], cut: int
) -> None:
    parts, best, deleted = [], {}, 0
    for source, part in ((FIRST, records[:cut]), (TENTH, records[cut:])):
        found = [record(id_, version=version) for id_, version, gone in part if not gone]
        parts.append(Part(source, found, [(id_, None) for id_, _, gone in part if gone]))
        for document in found:
            best.setdefault(document.id, []).append(document)
        for id_ in {id_ for id_, _, gone in part if gone}:
            deleted += len(best.pop(id_, []))
    kept = {
        id_: max(enumerate(all_), key=lambda item: (item[1].meta["version"], item[0])) for id_, all_ in best.items()
    }
    folder = tmp_path_factory.mktemp("run")
    write_run(folder, parts)
    documents, _, counts = read(folder)
    assert titles(documents) == {id_: document.title for id_, (_, document) in sorted(kept.items())}
    assert (counts.superseded, counts.deleted) == (sum(map(len, best.values())) - len(best), deleted)


@pytest.mark.parametrize("name", ["it's [1]", "a*b?", "ünï code"])
def test_folder_of_any_name(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / name, [Part(FIRST, [record("1")]), Part(SECOND, [record("1", version=2)])])
    found, _, counts = read(tmp_path / name)
    assert (titles(found), counts.superseded) == ({"1": "Velorin in trial 2."}, 1)


def test_run_without_parts_is_empty(tmp_path: Path) -> None:
    write_run(tmp_path, [])
    assert read(tmp_path) == ([], [], Counts(0, 0, 0, 0))


def test_run_folder_counts_and_gives_its_documents(tmp_path: Path) -> None:
    run = write_run(tmp_path, PARTS)
    assert run.counts() == Counts(documents=5, relations=10, superseded=4, deleted=2)
    assert [document.id for document in run.documents()] == ["1", "2", "3", "4", "5"]


def test_least_score_and_probability(tmp_path: Path) -> None:
    write_run(tmp_path, [Part(FIRST, [record("1", score=0.5), record("2", score=0.75)])])
    assert [row["score"] for row in read(tmp_path, least=Least(score=0.4))[1]] == [0.5, 0.75]
    documents, found, _ = read(tmp_path, least=Least(probability=0.3))
    assert [row["document"] for row in found] == ["2"]
    assert [len(document.relations) for document in documents] == [0, 1]


def test_least_probability_where_there_is_none(tmp_path: Path, documents: list[Document]) -> None:
    with open_writer(tmp_path / "a.tsv") as writer:
        writer.write(documents[2])
    with pytest.raises(ConfigError, match=r"a\.tsv: no relation has a probability"):
        read(tmp_path / "a.tsv", least=Least(probability=0.3))


def test_texts_that_were_not_kept(tmp_path: Path) -> None:
    write_run(tmp_path, [Part(FIRST, [record("1")])], texts=False)
    with open_tables(tmp_path) as tables:
        assert len(list(tables.rows())) == 2
        with pytest.raises(FormatError, match=r"\(document 1\): the text was not kept"):
            list(tables.documents())


@pytest.mark.parametrize("suffix", ["tsv", "tsv.gz", "csv", "csv.gz", "jsonl", "jsonl.gz", "parquet"])
def test_table_of_any_format_has_the_same_rows(tmp_path: Path, suffix: str) -> None:
    written = [record("10"), record("9", score=0.25)]
    path = tmp_path / f"table.{suffix}"
    with open_writer(path, model_version="1") as writer:
        for document in written:
            writer.write(document)
    with open_tables(path) as tables:
        found = list(tables.rows())
        assert tables.counts() == Counts(2, 4, 0, 0)
    expected = [row for document in reversed(written) for row in rows(document, model_version="1")]
    for row in expected if suffix.startswith(("tsv", "csv")) else ():
        row["evidence"] = None
    assert found == expected


def test_table_of_another_system_and_one_of_the_first_version(tmp_path: Path) -> None:
    path = tmp_path / "theirs.tsv"
    path.write_text("rank\ttail\thead\ttype\tdocument\n1\tD\tC\tCID\t7\n")
    with open_tables(path) as tables:
        (row,) = tables.rows()
    assert {name: value for name, value in row.items() if value is not None} == {
        "document": "7",
        "type": "CID",
        "head": "C",
        "tail": "D",
    }


def test_table_has_no_documents(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("document\ttype\thead\ttail\n1\tCID\tC\tD\n")
    with open_tables(tmp_path / "a.tsv") as tables, pytest.raises(FormatError, match="is a table, which has no texts"):
        list(tables.documents())


def test_broken_row_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("document\ttype\thead\ttail\tyear\n1\tCID\tC\tD\tMay\n")
    with pytest.raises(FormatError, match=r"a\.tsv:2: year = 'May': .*integer"), open_tables(tmp_path / "a.tsv"):
        pass


def test_newer_run_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, [], version=SCHEMA_VERSION + 1)
    with pytest.raises(FormatError, match=rf"run\.json: is of table version {SCHEMA_VERSION + 1}"):
        read(tmp_path)


@pytest.mark.parametrize("name", [RELATIONS, DOCUMENTS])
def test_part_of_an_older_version_says_what_to_do(tmp_path: Path, name: str) -> None:
    import pyarrow.parquet as pq

    write_run(tmp_path, [Part(FIRST, [record("1")])])
    (path,) = tmp_path.glob(f"parts/*/{name}")
    table = pq.read_table(path).drop_columns("position").replace_schema_metadata({})
    pq.write_table(table, path)
    expected = (
        rf"{name}: is of table version 1 and has no position; expected version {SCHEMA_VERSION}: run `bran extract`"
    )
    with pytest.raises(FormatError, match=expected):
        read(tmp_path)


@pytest.mark.parametrize(("name", "column"), [(RELATIONS, "head_label"), (DOCUMENTS, "relations")])
@pytest.mark.parametrize("index", [0, 1])
def test_part_of_another_version_than_the_run_is_named(tmp_path: Path, name: str, column: str, index: int) -> None:
    import pyarrow.parquet as pq

    write_run(tmp_path, [Part(FIRST, [record("1")]), Part(SECOND, [record("2")])])
    path = sorted(tmp_path.glob(f"parts/*/{name}"))[index]
    pq.write_table(pq.read_table(path).drop_columns(column).replace_schema_metadata({}), path)
    with pytest.raises(FormatError) as caught:
        read(tmp_path)
    assert str(caught.value) == (
        f"{path}: is of table version 1, the run of version {SCHEMA_VERSION}; "
        "expected parts of one run: run `bran extract` into a new folder"
    )


@pytest.mark.parametrize("name", [RELATIONS, DOCUMENTS])
@pytest.mark.parametrize("index", [0, 1])
def test_damaged_part_is_one_line(tmp_path: Path, name: str, index: int) -> None:
    write_run(tmp_path, [Part(FIRST, [record("1")]), Part(SECOND, [record("2")])])
    path = sorted(tmp_path.glob(f"parts/*/{name}"))[index]
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(FormatError, match=name) as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_damaged_entry_and_a_folder_that_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"has no run\.json"):
        read(tmp_path)
    write_run(tmp_path, [Part(FIRST, [record("1")])])
    next(tmp_path.glob(f"parts/*/{ENTRY}")).write_text("{")
    with pytest.raises(FormatError, match=r"entry\.json: damaged"):
        read(tmp_path)


def test_what_does_not_fit_in_memory_goes_to_the_temporary_folder_and_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / "temp").mkdir()
    write_run(tmp_path / "run", [Part(FIRST, [record("1")])])
    with open_tables(tmp_path / "run", temp=tmp_path / "temp", memory="64MB") as tables:
        assert isinstance(tables, Tables)
        assert [folder.parent for folder in (tmp_path / "temp").iterdir()] == [tmp_path / "temp"]
    assert not list((tmp_path / "temp").iterdir())
