from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bioc
import pytest
from bioc import biocjson, biocxml

from bran.corpus.document import Document, Mention, Passage, Relation
from bran.corpus.readers.bioc import is_bioc_json, is_bioc_xml, read_bioc_json, read_bioc_xml
from bran.corpus.readers.errors import ErrorLog
from bran.corpus.readers.pubtator import read_pubtator
from bran.corpus.schema import Schema, load_schema
from bran.errors import DataError, DuplicateDocumentError, FormatError, OffsetError, UnknownTypeError
from tests.streams import stream_of

CDR = load_schema("cdr")


def annotation(words: str | None, *locations: tuple[int, int], id: str = "0", **infons: Any) -> dict[str, Any]:
    places = [{"offset": offset, "length": length} for offset, length in locations]
    return {"id": id, "infons": {"type": "Disease", **infons}, "text": words, "locations": places}


def passage(text: str, *annotations: dict[str, Any], offset: int | None = 0, **infons: Any) -> dict[str, Any]:
    return {
        "infons": {"type": "title", **infons},
        "offset": offset,
        "text": text,
        "sentences": [],
        "annotations": list(annotations),
        "relations": [],
    }


def record(*passages: dict[str, Any], id: str = "1", relations: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"id": id, "infons": {}, "passages": list(passages), "annotations": [], "relations": relations or []}


def as_json(*records: dict[str, Any]) -> bytes:
    collection = {"source": "", "date": "", "key": "", "infons": {}, "documents": list(records)}
    return json.dumps(collection, ensure_ascii=False).encode()


def as_xml(*records: dict[str, Any]) -> bytes:
    """The same in XML, by way of the library."""
    collection = bioc.BioCCollection()
    collection.source = collection.date = collection.key = ""
    for each in records:
        collection.add_document(biocjson.fromJSON(each, "BioCDocument"))
    text: str = biocxml.dumps(collection)
    return text.replace("<collection>", "<!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection>", 1).encode()


Read = Callable[..., list[Document]]


def read_json(*records: dict[str, Any], schema: Schema | None = CDR, log: ErrorLog | None = None) -> list[Document]:
    return list(read_bioc_json(io.BytesIO(as_json(*records)), schema=schema, on_error=log))


def read_xml(*records: dict[str, Any], schema: Schema | None = CDR, log: ErrorLog | None = None) -> list[Document]:
    return list(read_bioc_xml(io.BytesIO(as_xml(*records)), schema=schema, on_error=log))


@pytest.fixture(params=[read_xml, read_json], ids=["xml", "json"])
def read(request: pytest.FixtureRequest) -> Read:
    """Reads records by way of XML or JSON."""
    found: Read = request.param
    return found


def spans(doc: Document) -> list[str]:
    return [doc.surface(mention) for mention in doc.mentions]


TITLE = passage("Velorin and rash.", annotation("rash", (12, 4), MESH="D1"))


def test_passages_mentions_concepts_and_relations(read: Read) -> None:
    abstract = passage(
        "Naïve: velorin – rash.",
        annotation("velorin", (25, 7), id="1", type="Chemical", MESH="C1"),
        annotation("rash", (35, 4), id="2", MESH="-1"),
        offset=18,
        type="abstract",
    )
    relation = {"id": "R0", "infons": {"relation": "CID", "Chemical": "C1", "Disease": "D1"}, "nodes": []}
    assert read(record(TITLE, abstract, relations=[relation])) == [
        Document(
            "1",
            (Passage("title", "Velorin and rash."), Passage("abstract", "Naïve: velorin – rash.")),
            (
                Mention(12, 16, "Disease", ("MESH:D1",)),
                Mention(25, 32, "Chemical", ("MESH:C1",)),
                Mention(35, 39, "Disease"),
            ),
            (Relation("CID", "MESH:C1", "MESH:D1"),),
        )
    ]


def test_gaps_between_passages_are_made_one_space(read: Read) -> None:
    (doc,) = read(record(TITLE, passage("More rash.", annotation("rash", (105, 4)), offset=100, type="abstract")))
    assert doc.text == "Velorin and rash. More rash."
    assert [(mention.start, mention.end) for mention in doc.mentions] == [(12, 16), (23, 27)]
    assert spans(doc) == ["rash", "rash"]


TEXT = "α–β: rash 𝄞, rash; pain"
MOVED = {
    "bytes": len("α–β: rash 𝄞, rash; ".encode()),
    "UTF-16 units": len("α–β: rash 𝄞, rash; ".encode("utf-16-le")) // 2,
    "nothing that is known": 1,
}


@pytest.mark.parametrize("counted", MOVED)
def test_a_mention_beside_its_offset_is_found_where_only_one_place_is_meant(read: Read, counted: str) -> None:
    (doc,) = read(record(passage(TEXT, annotation("pain", (40 + MOVED[counted], 4)), offset=40)))
    assert spans(doc) == ["pain"]
    assert doc.meta["moved"] == 1


def test_offsets_in_bytes_tell_equal_words_apart(read: Read) -> None:
    offset = len("α–β: rash 𝄞, ".encode())
    (doc,) = read(record(passage(TEXT, annotation("rash", (offset, 4)))))
    assert [mention.start for mention in doc.mentions] == [13]


def test_offsets_from_the_beginning_of_the_passage(read: Read) -> None:
    second = passage("No rash, then rash.", annotation("rash", (14, 4)), offset=18, type="abstract")
    (doc,) = read(record(TITLE, second))
    assert [mention.start for mention in doc.mentions] == [12, 32]


@pytest.mark.parametrize("wrong", [annotation("rash", (0, 4)), annotation("gout", (5, 4)), annotation("rash")])
def test_a_mention_that_may_be_anywhere_or_nowhere_is_dropped(read: Read, wrong: dict[str, Any]) -> None:
    log = ErrorLog()
    (doc,) = read(record(passage(TEXT, wrong)), log=log)
    assert doc.mentions == ()
    assert log.dropped == {"a mention whose words do not stand at its offset; expected them there": 1}
    assert [place.document for place in log.places.values()] == ["1"]
    with pytest.raises(OffsetError, match=r"\(document 1\): a mention whose words"):
        read(record(passage(TEXT, wrong)))


def test_a_mention_of_several_stretches_becomes_their_hull(read: Read) -> None:
    words = passage("renal or hepatic failure", annotation("renal failure", (0, 5), (17, 7)))
    (doc,) = read(record(words))
    assert spans(doc) == ["renal or hepatic failure"]
    assert doc.meta["discontinuous"] == 1


def test_individual_mentions_are_the_parts_of_a_composite_one(read: Read) -> None:
    whole = annotation("renal or hepatic failure", (0, 24), MESH="D1|D2", CompositeRole="CompositeMention")
    first = annotation("renal failure", (0, 5), (17, 7), id="1", MESH="D1", CompositeRole="IndividualMention")
    second = annotation("hepatic failure", (9, 15), id="2", MESH="D2", CompositeRole="IndividualMention")
    alone = annotation("rash", (26, 4), id="3", MESH="D3", CompositeRole="IndividualMention")
    (doc,) = read(record(passage("renal or hepatic failure, rash", first, whole, second, alone)))
    assert doc.mentions == (
        Mention(0, 24, "Disease", ("MESH:D1", "MESH:D2"), parts=("renal failure", "hepatic failure")),
        Mention(26, 30, "Disease", ("MESH:D3",)),
    )


def test_sentences_stand_for_the_text_of_a_passage(read: Read) -> None:
    split: dict[str, Any] = passage("", offset=18, type="abstract")
    split["text"] = None
    split["sentences"] = [
        passage("No pain.", annotation("pain", (21, 4)), offset=18),
        passage("But rash.", annotation("rash", (33, 4)), offset=29),
    ]
    (doc,) = read(record(TITLE, split))
    assert doc.text == "Velorin and rash. No pain.   But rash."
    assert spans(doc) == ["rash", "pain", "rash"]


def test_annotations_of_the_document(read: Read) -> None:
    whole = record(passage("One rash."), passage("Two pain.", offset=10, type="abstract"))
    whole["annotations"] = [annotation("rash. Two", (4, 9)), annotation("pain", (14, 4))]
    assert spans(read(whole)[0]) == ["rash. Two", "pain"]
    whole["passages"][1]["offset"] = 50
    whole["annotations"] = [annotation("pain", (54, 4))]
    assert spans(read(whole)[0]) == ["pain"]


@pytest.mark.parametrize(
    ("infons", "concepts"),
    [
        ({"identifier": "MESH:D1"}, ("MESH:D1",)),
        ({"identifier": "D1|D2;D3,-1"}, ("MESH:D1", "MESH:D2", "MESH:D3")),
        ({"identifier": "-", "MESH": "D1"}, ("MESH:D1",)),
        ({"OMIM": "100", "MeSH": "D1"}, ("OMIM:100", "MESH:D1")),
        ({"type": "Gene", "identifier": "7157", "NCBI Homologene": "460"}, ("7157",)),
        ({"type": "Gene", "NCBI_Gene": "7157;7158"}, ("NCBIGene:7157", "NCBIGene:7158")),
        ({"type": "DNAMutation", "identifier": "c|SUB|A|12|G"}, ("c|SUB|A|12|G",)),
        ({"identifier": "-"}, ()),
        ({}, ()),
    ],
)
def test_concept_ids_in_the_keys_of_several_corpora(
    read: Read, infons: dict[str, Any], concepts: tuple[str, ...]
) -> None:
    schema = None if infons.get("type") else CDR
    (doc,) = read(record(passage("rash", annotation("rash", (0, 4), **infons))), schema=schema)
    assert doc.mentions[0].concepts == concepts


BOTH = passage(
    "velorin, rash",
    annotation("velorin", (0, 7), id="a", type="Chemical", identifier="MESH:C1"),
    annotation("rash", (9, 4), id="b", identifier="MESH:D1"),
)
NODES = [{"refid": "b", "role": "Arg2"}, {"refid": "a", "role": "Arg1"}]
RELATIONS: dict[str, dict[str, Any]] = {
    "BC5CDR": {"infons": {"relation": "CID", "Chemical": "C1", "Disease": "D1"}},
    "BioRED": {"infons": {"type": "CID", "entity1": "C1", "entity2": "D1", "novel": "No"}},
    "PubTator XML": {"infons": {"type": "CID", "role1": "Chemical|MESH:C1", "role2": "Disease|MESH:D1"}},
    "nodes": {"infons": {"type": "CID"}, "nodes": NODES},
}


@pytest.mark.parametrize("schema", [CDR, None], ids=["cdr", "no schema"])
@pytest.mark.parametrize("corpus", RELATIONS)
def test_relations_as_several_corpora_write_them(read: Read, corpus: str, schema: Schema | None) -> None:
    relation = {"id": "R", "nodes": [], **RELATIONS[corpus]}
    (doc,) = read(record(BOTH, relations=[relation]), schema=schema)
    assert doc.relations == (Relation("CID", "MESH:C1", "MESH:D1"),)
    assert doc.relations[0].extra == (("No",) if corpus == "BioRED" else ())


def test_relations_between_mentions(read: Read) -> None:
    genes = passage(
        "velorin binds ABX1",
        annotation("velorin", (0, 7), id="T1", type="CHEMICAL"),
        annotation("ABX1", (14, 4), id="T2", type="GENE-Y"),
    )
    nodes = [{"refid": "T1", "role": "Arg1"}, {"refid": "T2", "role": "Arg2"}]
    relation = {"id": "R", "infons": {"type": "CPR:3"}, "nodes": nodes}
    (doc,) = read(record(genes, relations=[relation]), schema=load_schema("chemprot"))
    assert [(mention.id, mention.type) for mention in doc.mentions] == [("T1", "Chemical"), ("T2", "Gene")]
    assert doc.relations == (Relation("CPR:3", "T1", "T2"),)


BAD_RELATIONS: list[tuple[dict[str, Any], type[DataError]]] = [
    ({"infons": {"type": "Association", "entity1": "C1", "entity2": "D1"}, "nodes": []}, UnknownTypeError),
    ({"infons": {"entity1": "C1", "entity2": "D1"}, "nodes": []}, FormatError),
    ({"infons": {"type": "CID", "entity1": "C1"}, "nodes": []}, FormatError),
    ({"infons": {"type": "CID"}, "nodes": [{"refid": "a", "role": ""}, {"refid": "x", "role": ""}]}, FormatError),
    ({"infons": {"type": "CID", "entity1": "C1", "entity2": "D1", "evidence": "[[1]]"}, "nodes": []}, FormatError),
]


@pytest.mark.parametrize(("relation", "error"), BAD_RELATIONS)
def test_a_relation_that_cannot_be_read_is_dropped(
    read: Read, relation: dict[str, Any], error: type[DataError]
) -> None:
    log = ErrorLog()
    whole = record(BOTH, relations=[{"id": "R", **relation}])
    (doc,) = read(whole, log=log)
    assert doc.relations == ()
    assert len(doc.mentions) == 2
    assert sum(log.dropped.values()) == 1
    with pytest.raises(error):
        read(whole)


def test_mentions_of_unknown_or_no_type_are_dropped(read: Read) -> None:
    log = ErrorLog()
    (doc,) = read(
        record(passage("a b", annotation("a", (0, 1), type="Species"), annotation("b", (2, 1), type=""))), log=log
    )
    assert doc.mentions == ()
    assert sum(log.dropped.values()) == 2


def test_kinds_and_what_passages_say_of_the_document(read: Read) -> None:
    title = passage("T", type="front", section_type="TITLE", year="2018", journal="J;1", **{"article-id_doi": "10.1/a"})
    others = [
        passage("A", offset=2, type="Abstract"),
        passage("P", offset=4, type="paragraph", section_type="INTRO"),
        passage("Q", offset=6, type=""),
    ]
    (doc,) = read(record(title, *others))
    assert [part.kind for part in doc.passages] == ["title", "abstract", "paragraph", "passage"]
    assert doc.meta == {"year": 2018, "journal": "J;1", "doi": "10.1/a"}


def test_line_ends_become_spaces_and_mentions_stay(read: Read) -> None:
    (doc,) = read(record(passage("a\nrash\tof\nskin", annotation("rash\tof\nskin", (2, 12)))))
    assert spans(doc) == ["rash of skin"]


def test_an_id_that_stands_twice_is_told(read: Read) -> None:
    log = ErrorLog()
    assert [doc.id for doc in read(record(TITLE), record(TITLE), record(TITLE, id="2"), log=log)] == ["1", "2"]
    assert isinstance(log.skipped[0], DuplicateDocumentError)


def test_an_abstract_of_5_million_characters(read: Read) -> None:
    (long, after) = read(record(passage("word " * 1_000_000)), record(TITLE, id="2"))
    assert len(long.text) == 5_000_000
    assert after.id == "2"


PUBTATOR3 = {
    "_id": "1|None",
    "id": "1",
    "infons": {},
    "passages": [
        {
            "infons": {"journal": "J", "year": "2018", "type": "title", "section_type": "TITLE"},
            "offset": 0,
            "text": "velorin, rash",
            "sentences": [],
            "annotations": [
                {
                    "id": "2",
                    "infons": {"identifier": "MESH:C1", "type": "Chemical", "valid": True, "normalized": ["C1"]},
                    "text": "velorin",
                    "locations": [{"offset": 0, "length": 7}],
                },
                {
                    "id": "3",
                    "infons": {"identifier": None, "type": "Disease", "name": None},
                    "text": "rash",
                    "locations": [{"offset": 9, "length": 4}],
                },
            ],
            "relations": [],
        }
    ],
    "annotations": [],
    "relations": [
        {
            "id": "R1",
            "infons": {
                "score": "0.99",
                "role1": {"identifier": "MESH:C1", "type": "Chemical", "name": "velorin"},
                "role2": {"identifier": "MESH:D1", "type": "Disease", "name": "rash"},
                "type": "Association",
            },
            "nodes": [{"refid": "0", "role": "0,1"}],
        }
    ],
    "pmid": 1,
    "pmcid": None,
    "date": "2018-01-01T00:00:00Z",
    "relations_display": [{"name": "associate|@CHEMICAL_velorin|@DISEASE_rash"}],
}


def test_what_pubtator_3_answers() -> None:
    (doc,) = read_bioc_json(io.BytesIO(json.dumps({"PubTator3": [PUBTATOR3]}).encode()))
    assert doc.mentions == (Mention(0, 7, "Chemical", ("MESH:C1",)), Mention(9, 13, "Disease"))
    assert doc.relations == (Relation("Association", "MESH:C1", "MESH:D1"),)
    assert doc.relations[0].score == 0.99
    assert doc.meta == {"year": 2018, "journal": "J"}


def shapes() -> Iterator[tuple[str, bytes]]:
    first, second = record(TITLE), record(TITLE, id="2")
    collection = json.loads(as_json(first, second))
    yield "collection", as_json(first, second)
    yield "collection, indented", json.dumps(collection, indent=2).encode()
    yield "collection with a byte order mark", b"\xef\xbb\xbf" + as_json(first, second)
    yield "answer of PubTator 3", json.dumps({"PubTator3": [first, second]}).encode()
    yield "answers of PubTator 3", b"\n".join(json.dumps({"PubTator3": [each]}).encode() for each in (first, second))
    yield "list of documents", json.dumps([first, second], indent=1).encode()
    yield "list of collections", json.dumps([json.loads(as_json(first)), json.loads(as_json(second))]).encode()
    yield "JSON lines", b"\n\n".join(json.dumps(each).encode() for each in (first, second)) + b"\n"
    yield "documents, indented", b"\n".join(json.dumps(each, indent=2).encode() for each in (first, second))


@pytest.mark.parametrize("shape", dict(shapes()))
def test_every_shape_of_json(shape: str, tmp_path: Path) -> None:
    data = dict(shapes())[shape]
    path = tmp_path / "file.json"
    path.write_bytes(gzip.compress(data))
    expected = read_json(record(TITLE), record(TITLE, id="2"))
    assert list(read_bioc_json(path, schema=CDR)) == expected
    assert is_bioc_json(data.removeprefix(b"\xef\xbb\xbf"))


def test_a_broken_line_is_left_out_alone() -> None:
    lines = [json.dumps(record(TITLE, id=str(number))).encode() for number in range(4)]
    lines[0] = lines[0][:-1] + b"]}"
    lines[2] = lines[2][:-9]
    log = ErrorLog()
    docs = read_bioc_json(io.BytesIO(b"\n".join(lines)), schema=CDR, on_error=log)
    assert [doc.id for doc in docs] == ["1", "3"]
    assert [error.place.line for error in log.skipped] == [1, 3]


def test_a_collection_cut_in_half_gives_what_came_before() -> None:
    whole = json.dumps(json.loads(as_json(*(record(TITLE, id=str(number)) for number in range(9)))), indent=1).encode()
    log = ErrorLog()
    docs = list(read_bioc_json(io.BytesIO(whole[: len(whole) // 2]), schema=CDR, on_error=log))
    assert [doc.id for doc in docs] == ["0", "1", "2", "3"]
    (error,) = log.skipped
    assert "expected JSON" in error.message
    assert error.place.line is not None
    assert error.place.line > 100


def test_an_xml_file_cut_in_half_gives_what_came_before() -> None:
    whole = as_xml(*(record(TITLE, id=str(number)) for number in range(9)))
    log = ErrorLog()
    docs = list(read_bioc_xml(io.BytesIO(whole[: len(whole) // 2]), schema=CDR, on_error=log))
    assert [doc.id for doc in docs] == ["0", "1", "2", "3"]
    assert len(log.skipped) == 1


@pytest.mark.parametrize(
    "odd",
    [
        {"id": None, "passages": []},
        {"id": " ", "passages": []},
        {"passages": []},
        {"id": "1", "passages": {"a": 1}},
        {"id": "1", "passages": ["x"]},
        {"id": "1", "passages": [{"offset": "zero"}]},
        {"id": "1", "passages": [{"offset": 0, "text": "\ud800"}]},
        {"id": "1", "passages": [{"annotations": [{"locations": [{"offset": 0}]}]}]},
        {"id": "1", "passages": [{"infons": [1]}]},
        {"id": "1"},
        [],
        "text",
        7,
    ],
)
def test_what_is_no_document_is_told_and_left_out(odd: Any) -> None:
    log = ErrorLog()
    data = json.dumps({"documents": [odd, record(TITLE, id="2")]}).encode()
    assert [doc.id for doc in read_bioc_json(io.BytesIO(data), schema=CDR, on_error=log)] == ["2"]
    assert [(type(error), error.place.line) for error in log.skipped] == [(FormatError, 1)]


@pytest.mark.parametrize("nested", [b"[" * 100_000, b'{"a":' * 100_000, b'{"documents": [' + b"[" * 100_000])
def test_json_that_is_nested_too_deeply_is_told(nested: bytes) -> None:
    log = ErrorLog()
    assert list(read_bioc_json(io.BytesIO(nested), on_error=log)) == []
    assert "nested too deeply" in log.skipped[0].message


def test_json_is_read_one_document_at_a_time() -> None:
    taken = 0

    def pieces() -> Iterator[bytes]:
        nonlocal taken
        yield b'{"documents": ['
        for taken in range(20_000):
            yield json.dumps(record(TITLE, id=str(taken))).encode() + b","
        yield b"]}"

    docs = read_bioc_json(stream_of(pieces()), schema=CDR)
    assert next(docs).id == "0"
    assert taken < 1_000
    assert sum(1 for _ in docs) == 19_999


@pytest.mark.parametrize(
    ("head", "taken"),
    [
        (as_xml(record(TITLE)), True),
        (b"<?xml version='1.0' encoding='UTF-8'?><!DOCTYPE collection SYSTEM 'BioC.dtd'>\n<collection>", True),
        (b"<PubmedArticleSet>", False),
        (as_json(record(TITLE)), False),
    ],
)
def test_xml_is_told_by_its_root(head: bytes, taken: bool) -> None:
    assert is_bioc_xml(head) == taken


@pytest.mark.parametrize(
    "head", [b"", b"[", b'{"id": "1", "title": "T"}', b'{"id": "1", "passages": [{"kind": "title"}]}', b"1|t|T", b"<a>"]
)
def test_other_json_is_not_taken(head: bytes) -> None:
    assert not is_bioc_json(head)


@pytest.mark.corpus
@pytest.mark.parametrize("split", ["Training", "Development"])
def test_bc5cdr_is_the_same_in_bioc_and_pubtator(corpora: Path, split: str) -> None:
    def without_empty_parts(doc: Document) -> Document:
        # A few rows of the PubTator file have an empty seventh column.
        mentions = (replace(mention, parts=tuple(filter(None, mention.parts))) for mention in doc.mentions)
        return doc.with_mentions(tuple(mentions))

    folder = corpora / "bc5cdr"
    ours = list(read_bioc_xml(folder / f"CDR_{split}Set.BioC.xml.gz", schema=CDR))
    theirs = list(read_pubtator(folder / f"CDR_{split}Set.PubTator.txt.gz", schema=CDR))
    assert ours == [without_empty_parts(doc) for doc in theirs]
    assert len(ours) == 500
    assert not any({"moved", "discontinuous"} & set(doc.meta) for doc in ours)
