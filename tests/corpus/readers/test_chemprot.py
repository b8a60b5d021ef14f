from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from bran.corpus.document import Mention, Relation
from bran.corpus.load import load_corpus
from bran.corpus.readers import ErrorLog, read_documents
from bran.corpus.readers.chemprot import UNSCORED, read_chemprot
from bran.corpus.schema import load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, OffsetError, UnknownTypeError

CHEMPROT = load_schema("chemprot")

ABSTRACT = "11\tVelorin and ABX1.\tVelorin blocks ABX1; brinol does not.\n"
TABLES = {
    "abstracts": f"{ABSTRACT}12\tNo finding.\tNothing was seen.\n",
    "entities": (
        "11\tT1\tCHEMICAL\t0\t7\tVelorin\n"
        "11\tT2\tGENE-Y\t12\t16\tABX1\n"
        "11\tT3\tCHEMICAL\t18\t25\tVelorin\n"
        "11\tT4\tGENE-N\t33\t37\tABX1\n"
        "11\tT5\tCHEMICAL\t39\t45\tbrinol\n"
    ),
    "relations": (
        "11\tCPR:4\tY \tINHIBITOR\tArg1:T3\tArg2:T4\n"
        "11\tCPR:4\tY \tDOWNREGULATOR\tArg1:T3\tArg2:T4\n"
        "11\tCPR:10\tN \tNOT\tArg1:T5\tArg2:T4\n"
    ),
    "gold_standard": "11\tCPR:4\tArg1:T3\tArg2:T4\n",
}


def write(folder: Path, *, prefix: str = "chemprot_training_", **changes: str | None) -> Path:
    """The tables in ``folder``; ``changes`` are other contents, or ``None`` for no such table."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**TABLES, **changes}.items():
        if content is not None:
            (folder / f"{prefix}{name}.tsv").write_text(content, encoding="utf-8")
    return folder


def test_documents_have_mentions_with_ids_and_the_relations_that_are_scored(tmp_path: Path) -> None:
    first, second = read_chemprot(write(tmp_path), schema=CHEMPROT)
    assert first.id == "11"
    assert [passage.kind for passage in first.passages] == ["title", "abstract"]
    assert first.mentions[3] == Mention(33, 37, "Gene", id="T4")
    assert [first.surface(mention) for mention in first.mentions] == ["Velorin", "ABX1", "Velorin", "ABX1", "brinol"]
    assert first.relations == (Relation("CPR:4", "T3", "T4"),)
    assert first.meta == {UNSCORED: 1}
    assert (second.mentions, second.relations, second.meta) == ((), (), {})


def test_without_a_schema_every_group_is_read(tmp_path: Path) -> None:
    first, _ = read_chemprot(write(tmp_path))
    assert [(relation.type, relation.extra) for relation in first.relations] == [
        ("CPR:4", ("INHIBITOR",)),
        ("CPR:10", ("NOT",)),
    ]
    assert {mention.type for mention in first.mentions} == {"CHEMICAL", "GENE-Y", "GENE-N"}


@pytest.mark.parametrize("left_out", ["relations", "gold_standard"])
def test_either_table_of_relations_is_enough(tmp_path: Path, left_out: str) -> None:
    first, _ = read_chemprot(write(tmp_path, **{left_out: None}), schema=CHEMPROT)
    assert first.relations == (Relation("CPR:4", "T3", "T4"),)


def test_texts_alone_can_be_read(tmp_path: Path) -> None:
    first, _ = read_chemprot(write(tmp_path, relations=None, gold_standard=None), schema=CHEMPROT)
    assert (len(first.mentions), first.relations) == (5, ())


def test_the_folder_is_known_by_its_tables_gzipped_or_not(tmp_path: Path) -> None:
    write(tmp_path / "chemprot_test_gs", prefix="chemprot_test_")
    for path in (tmp_path / "chemprot_test_gs").iterdir():
        packed = path.with_name(path.name.replace(".tsv", "_gs.tsv.gz"))
        packed.write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert len(list(read_documents(tmp_path / "chemprot_test_gs", schema=CHEMPROT))) == 2
    corpus = load_corpus(tmp_path, CHEMPROT, splits=("test",))
    assert corpus.given == {"11": "test", "12": "test"}


def test_the_published_folder_has_its_splits(tmp_path: Path) -> None:
    write(tmp_path / "training")
    abstracts = TABLES["abstracts"].replace("11\t", "21\t").replace("12\t", "22\t").replace("ABX1.", "MOK5.")
    write(
        tmp_path / "chemprot_development",
        abstracts=abstracts.replace("No finding", "None at all here"),
        entities="21\tT1\tCHEMICAL\t0\t7\tVelorin\n",
        relations=None,
        gold_standard=None,
    )
    corpus = load_corpus(tmp_path, CHEMPROT)
    assert corpus.given == {"11": "training", "12": "training", "21": "development", "22": "development"}


CASES: dict[str, tuple[str, str, str, type[DataError], str]] = {
    "an unknown mention": (
        *("relations", "Arg1:T5", "Arg1:T9", FormatError),
        r"relations\.tsv:3 \(document 11\): mention 'T9' is not among the document's 5 entities",
    ),
    "an end of another form": (
        *("relations", "Arg1:T5", "T5", FormatError),
        r"relations\.tsv:3 \(document 11\): 'T5'; expected Arg1:T1",
    ),
    "ends in the other order": (
        *("gold_standard", "Arg1:T3\tArg2:T4", "Arg2:T4\tArg1:T3", FormatError),
        r"gold_standard\.tsv:1 \(document 11\): 'Arg2:T4'; expected Arg1:T1",
    ),
    "a gold relation that is none": (
        *("gold_standard", "CPR:4", "CPR:3", FormatError),
        r"gold_standard\.tsv:1 \(document 11\): relation CPR:3 Arg1:T3 Arg2:T4 is not among the relations",
    ),
    "a scored group that is not in the schema": (
        *("relations", "CPR:10\tN", "CPR:10\tY", UnknownTypeError),
        r"relations\.tsv:3 \(document 11\): relation type 'CPR:10'; expected one of CPR:3",
    ),
    "a shifted offset": (
        *("entities", "39\t45", "38\t44", OffsetError),
        r"entities\.tsv:5 \(document 11\): mention 38-44 'brinol': expected ' brino', as in the text",
    ),
    "no offset": (
        *("entities", "39\t45", "39\tx", FormatError),
        r"entities\.tsv:5 \(document 11\): offsets '39' to 'x': expected two whole numbers",
    ),
    "a mention twice": (
        *("entities", "T5", "T1", FormatError),
        r"entities\.tsv:5 \(document 11\): mention 'T1'; expected an id of its own",
    ),
    "an unknown type": (
        *("entities", "GENE-N", "PLANT", UnknownTypeError),
        r"entities\.tsv:4 \(document 11\): entity type 'PLANT'; expected one of Chemical, Gene",
    ),
    "a foreign document": (
        *("entities", "11\tT5", "13\tT5", FormatError),
        r"entities\.tsv:5 \(document 13\): no abstract has the id '13'",
    ),
    "too few columns": (
        *("abstracts", "11\tVelorin and ABX1.\t", "11\t", FormatError),
        r"abstracts\.tsv:1 \(document 11\): 2 columns; expected id, title, abstract",
    ),
    "an abstract twice": (
        *("abstracts", "12\tNo finding.\tNothing was seen.\n", ABSTRACT, DuplicateDocumentError),
        r"training:2 \(document 11\): id '11' stands twice",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_placed(tmp_path: Path, case: str) -> None:
    table, old, new, error, message = CASES[case]
    assert old in TABLES[table]
    folder = write(tmp_path / "training", **{table: TABLES[table].replace(old, new)})
    with pytest.raises(error, match=message):
        list(read_chemprot(folder, schema=CHEMPROT))


def test_a_log_goes_on_with_the_other_documents(tmp_path: Path) -> None:
    log = ErrorLog()
    folder = write(tmp_path, entities=TABLES["entities"].replace("39\t45", "38\t44"))
    assert [document.id for document in read_chemprot(folder, schema=CHEMPROT, on_error=log)] == ["12"]
    assert [error.place.document for error in log.skipped] == ["11"]


def test_a_mention_of_an_unknown_type_takes_its_relations_with_it(tmp_path: Path) -> None:
    log = ErrorLog()
    folder = write(tmp_path, entities=TABLES["entities"].replace("GENE-N", "PLANT"))
    first, _ = read_chemprot(folder, schema=CHEMPROT, on_error=log)
    assert (len(first.mentions), first.relations, first.meta) == (4, (), {})
    assert list(log.dropped) == ["entity type 'PLANT'; expected one of Chemical, Gene"]


def test_missing_and_doubled_tables(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"holds no table of abstracts or entities; expected \.{3}_abstracts\.tsv"):
        list(read_chemprot(tmp_path / "absent"))
    write(tmp_path / "two")
    write(tmp_path / "two", prefix="other_")
    with pytest.raises(
        FormatError, match=r"chemprot_training_abstracts\.tsv and other_abs.*expected one table of each"
    ):
        list(read_chemprot(tmp_path / "two"))


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    folder = write(tmp_path)
    path = folder / "chemprot_training_abstracts.tsv"
    path.write_bytes(path.read_bytes().replace(b"seen", b"s\xe9en"))
    with pytest.raises(FormatError, match=r"abstracts\.tsv:2 \(document 12\): byte 0xe9 in column \d+ is not UTF-8"):
        list(read_chemprot(folder))
