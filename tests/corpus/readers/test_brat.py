from __future__ import annotations

import io
from pathlib import Path

import pytest

from bran.corpus.document import Mention, Passage, Relation
from bran.corpus.load import load_corpus
from bran.corpus.readers import ErrorLog, detect_format, read_documents
from bran.corpus.readers.brat import is_brat, read_brat
from bran.corpus.schema import load_schema
from bran.corpus.writers import open_document_writer
from bran.errors import DataError, FormatError, OffsetError, UnknownTypeError
from tests import builders

CDR = load_schema("cdr")
TEXT = "Velorin and gait.\nIt induced tremor\nand pain.\n"
ANN = """T1\tChemical 0 7\tVelorin
N1\tReference T1 MESH:C1\tvelorin
T2\tDisease 29 35\ttremor
N2\tReference T2 ID:D1\ttremor
R1\tCID Arg1:T1 Arg2:T2
A1\tNegation T2
#1\tAnnotatorNotes R1\tis that so?
"""


def files(folder: Path, ann: str = ANN, text: str = TEXT, name: str = "17") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_text(text, "utf-8", newline="")
    (folder / f"{name}.ann").write_text(ann, "utf-8", newline="")
    return folder / f"{name}.ann"


@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_a_document_of_another_hand_is_read(tmp_path: Path, whole: bool) -> None:
    path = files(tmp_path / "in")
    (doc,) = read_documents(path.parent if whole else path, schema=CDR)
    assert doc.id == "17"
    assert doc.passages == (Passage("title", "Velorin and gait."), Passage("abstract", "It induced tremor and pain."))
    assert doc.mentions == (Mention(0, 7, "Chemical", ("MESH:C1",)), Mention(29, 35, "Disease", ("MESH:D1",)))
    assert doc.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)


def test_the_format_is_told_by_content_then_by_name(tmp_path: Path) -> None:
    path = files(tmp_path)
    assert detect_format(path) == detect_format(tmp_path) == "brat"
    lines = b"T12\tX 3 4;5 6\tab", b"R1\tCID Arg1:T1", b"#1\tAnnotatorNotes T1\tx", b"*\tEquiv T1 T2"
    assert all(map(is_brat, lines))
    assert not any(map(is_brat, (b"T1 is a text", b"Text\tand more", b"17|t|title", b"", b"R1\tand then")))


def test_folders_below_are_read_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b", "a"):
        files(tmp_path / name, name=f"{name}1")
    files(tmp_path, ann="", name="c")
    assert [doc.id for doc in read_brat(tmp_path, schema=CDR)] == ["a1", "b1", "c"]


def test_one_line_is_a_text(tmp_path: Path) -> None:
    (doc,) = read_brat(files(tmp_path, "", "Velorin\tonly"), schema=CDR)
    assert doc.passages == (Passage("text", "Velorin only"),)


def test_carriage_returns_and_signs_beyond_16_bits_count_as_characters(tmp_path: Path) -> None:
    text = "\U0001f9ea Velorin\r\nand tremor\r\n"
    path = files(tmp_path, "T1\tDisease 15 21\ttremor\nT2\tChemical 2 9;11 14\tVelorin and\n", text)
    (doc,) = read_brat(path, schema=CDR)
    assert [doc.surface(mention) for mention in doc.mentions] == ["tremor", "Velorin  and"]


def test_types_in_the_letters_of_brat_are_those_of_the_schema(tmp_path: Path) -> None:
    ann = "T1\tChemical 0 7\tVelorin\nT2\tGene 12 16\tgait\nR1\tCPR_3 Arg2:T2 Arg1:T1\n"
    (doc,) = read_brat(files(tmp_path, ann), schema=load_schema("chemprot"))
    assert doc.relations == (Relation("CPR:3", "T1", "T2"),)


# What curators do in brat to what bran wrote.


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Document 12: a composite mention (T1), and brinol (T4) that is related to rash (T5)."""
    with open_document_writer(tmp_path / "out", schema=CDR, format="brat") as writer:
        writer.write(builders.documents()[1])
    return tmp_path / "out" / "12.ann"


def relations(path: Path) -> list[tuple[str, str]]:
    (doc,) = read_brat(path, schema=CDR)
    return [(relation.head, relation.tail) for relation in doc.relations]


def edit(path: Path, old: str, new: str) -> None:
    before = path.read_text()
    assert old in before
    path.write_text(before.replace(old, new))


def test_a_deleted_relation_is_gone(written: Path) -> None:
    edit(written, "R1\tCID Arg1:T4 Arg2:T5\n", "")
    assert relations(written) == []


def test_an_added_relation_is_there_for_each_concept_of_a_composite_mention(written: Path) -> None:
    written.write_text(written.read_text() + "R2\tCID Arg1:T1 Arg2:T2\n")
    assert relations(written) == [("MESH:C3", "MESH:D5"), ("MESH:C2", "MESH:D3"), ("MESH:C3", "MESH:D3")]


def test_a_relation_drawn_twice_counts_once(written: Path) -> None:
    written.write_text(written.read_text() + "R2\tCID Arg1:T4 Arg2:T2\nR3\tCID Arg1:T4 Arg2:T6\n")
    assert relations(written) == [("MESH:C3", "MESH:D5"), ("MESH:C3", "MESH:D3")]


def test_another_concept_counts_for_the_relation_too(written: Path) -> None:
    edit(written, "Reference T5 MESH:D5", "Reference T5 MESH:D77")
    assert relations(written) == [("MESH:C3", "MESH:D77")]


def test_a_relation_drawn_the_wrong_way_is_turned(written: Path) -> None:
    edit(written, "Arg1:T4 Arg2:T5", "Arg1:T5 Arg2:T4")
    assert relations(written) == [("MESH:C3", "MESH:D5")]


def test_a_mention_that_was_moved_or_added_is_where_it_is_now(written: Path) -> None:
    edit(written, "T5\tDisease 68 72\trash", "T5\tDisease 58 72\tdeveloped rash\nT9\tDisease 0 8\tSotamide")
    (doc,) = read_brat(written, schema=CDR)
    assert doc.mentions[4] == Mention(58, 72, "Disease", ("MESH:D5",))
    assert doc.mentions[5] == Mention(0, 8, "Disease")
    assert relations(written) == [("MESH:C3", "MESH:D5")]


def test_what_was_corrected_is_a_corpus_to_train_on(written: Path) -> None:
    corpus = load_corpus(written.parent, CDR)
    assert corpus.documents == (builders.documents()[1],)


def test_mentions_that_are_added_where_mentions_relate_get_ids_of_their_own(tmp_path: Path) -> None:
    schema = load_schema("chemprot")
    path = files(tmp_path, "T1\tCHEMICAL 0 7\tVelorin\nT2\tGENE-Y 12 16\tgait\nR1\tCPR:3 Arg1:T1 Arg2:T2\n")
    record = '{"mentions": {"T1": {"start": 0, "end": 7, "type": "Chemical", "id": "T2"}}}'
    path.with_suffix(".json").write_text(record)
    (doc,) = read_brat(path, schema=schema)
    assert [mention.id for mention in doc.mentions] == ["T2", "T2+"]
    assert doc.relations == (Relation("CPR:3", "T2", "T2+"),)


# Bad input: one line each, and the rest is done.

BROKEN: dict[str, tuple[str, type[DataError], str]] = {
    "offsets beyond the text": ("T1\tDisease 29 99\ttremor", OffsetError, r"17\.ann:1 .*T1 29 99 'tremor': expected"),
    "offsets of another word": ("T1\tDisease 0 6\ttremor", OffsetError, r"17\.ann:1 .*'tremor': expected 'Velori'"),
    "end before start": ("T1\tDisease 6 3\t", OffsetError, r"17\.ann:1 .*mention 6-3: expected 0 <= start < end"),
    "no offsets": ("T1\tDisease\ttremor", FormatError, r"17\.ann:1 .*'Disease'; expected TYPE START END"),
    "no words": ("T1\tDisease 29 35", FormatError, r"17\.ann:1 .*expected TYPE START END, a tab and the words"),
    "no tab": ("T1 Disease 29 35 tremor", FormatError, r"17\.ann:1 .*expected an id of its own, a tab and more"),
    "id twice": ("T1\tDisease 29 35\ttremor\nT1\tDisease 29 35\ttremor", FormatError, r"17\.ann:2 .*id of its own"),
    "one end": ("R1\tCID Arg1:T1", FormatError, r"17\.ann:1 .*expected TYPE Arg1:T1 Arg2:T2"),
    "no vocabulary": ("N1\tReference T1 D1", FormatError, r"17\.ann:1 .*expected Reference T1 VOCABULARY:ID"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_document_is_named_and_the_others_are_read(tmp_path: Path, case: str) -> None:
    ann, kind, message = BROKEN[case]
    files(tmp_path, f"{ann}\n")
    files(tmp_path, name="18")
    log = ErrorLog()
    assert [doc.id for doc in read_brat(tmp_path, schema=CDR, on_error=log)] == ["18"]
    (error,) = log.skipped
    assert isinstance(error, kind)
    with pytest.raises(kind, match=message) as raised:
        list(read_brat(tmp_path, schema=CDR))
    assert "\n" not in str(raised.value)
    assert raised.value.place.document == "17"


DROPPED: dict[str, tuple[str, type[DataError], str]] = {
    "entity type": ("T9\tOrgan 12 16\tgait", UnknownTypeError, "entity type 'Organ'; expected one of Chemical, "),
    "relation type": ("R9\tcures Arg1:T1 Arg2:T2", UnknownTypeError, "relation type 'cures'; expected one of CID"),
    "missing end": ("R9\tCID Arg1:T1 Arg2:T7", FormatError, "relation CID to 'T7'; expected a mention that is read"),
    "no concept": (
        "T9\tDisease 12 16\tgait\nR9\tCID Arg1:T1 Arg2:T9",
        FormatError,
        "relation CID to 'T9', which has no concept; expected a linked mention",
    ),
    "types that do not relate": (
        "T9\tDisease 12 16\tgait\nR9\tCID Arg1:T2 Arg2:T9",
        FormatError,
        "relation CID between Disease and Disease; expected it between Chemical and Disease",
    ),
    "reference to nothing": (
        "N9\tReference T8 MESH:D1\tx",
        FormatError,
        "reference of 'T8'; expected a mention that is there",
    ),
    "event": ("E9\tBind:T1 Theme:T2", FormatError, "a line of kind 'E'; expected mentions (T), relations (R)"),
}


@pytest.mark.parametrize("case", DROPPED)
def test_what_does_not_fit_the_schema_is_told_and_the_rest_of_the_document_stays(tmp_path: Path, case: str) -> None:
    line, kind, message = DROPPED[case]
    path, log = files(tmp_path, f"{ANN}{line}\n"), ErrorLog()
    (doc,) = read_brat(path, schema=CDR, on_error=log)
    assert doc.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)
    ((told, count),) = log.dropped.items()
    assert told.startswith(message)
    assert count == 1
    with pytest.raises(kind):
        list(read_brat(path, schema=CDR))


def test_files_that_are_missing_or_no_text_are_named(tmp_path: Path) -> None:
    path = files(tmp_path)
    (tmp_path / "17.txt").write_bytes(b"a\xff")
    with pytest.raises(FormatError, match=r"17\.txt: byte 0xff at 1 is not UTF-8"):
        list(read_brat(path))
    (tmp_path / "17.txt").unlink()
    with pytest.raises(FormatError, match=r"17\.ann: there is no 17\.txt beside it; expected the text"):
        list(read_brat(path))
    path.unlink()
    with pytest.raises(FormatError, match=r"holds no \.ann file; expected a folder of brat"):
        list(read_brat(tmp_path))
    with pytest.raises(FormatError, match=r"is a stream; expected the path of a \.ann file"):
        list(read_brat(io.BytesIO(ANN.encode())))


def test_a_damaged_record_is_named(written: Path) -> None:
    written.with_suffix(".json").write_text('{"passages": 3}')
    with pytest.raises(FormatError, match=r"12\.json: passages: .*expected what bran wrote"):
        list(read_brat(written))
