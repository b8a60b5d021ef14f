from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bran.corpus.document import Document, Relation
from bran.corpus.schema import load_schema
from bran.errors import ConfigError
from bran.export.graph import Edge, Node, edges, nodes
from bran.export.run_tables import open_tables
from tests.builders import document
from tests.export.run_folders import Part, record, write_run


def graph(path: Path) -> tuple[list[Node], list[Edge]]:
    with open_tables(path) as tables:
        return list(nodes(tables)), list(edges(tables))


def named(id_: str, head: str, type_: str = "Chemical") -> Document:
    found = document(id_, f"{{{head}|{type_}|X}} and {{gout|Disease|Y}}.")
    return found.with_relations((Relation("CID", "X", "Y", score=0.5),))


def test_nodes_have_the_preferred_name_and_their_types(tmp_path: Path) -> None:
    write_run(tmp_path, [Part("/in/a.xml", [record("1"), record("2")])])
    assert graph(tmp_path)[0] == [
        Node("MESH:C1", "Velorin", ("Chemical",)),
        Node("MESH:D1", "Tremor", ("Disease",)),
        Node("MESH:D2", "pain", ("Disease",)),
    ]


def test_without_a_preferred_name_the_commonest_counts_then_the_first(tmp_path: Path) -> None:
    documents = [
        named("1", "bb"),
        named("2", "aa"),
        named("3", "bb", "Gene"),
        named("4", "aa", "Gene"),
        named("5", "cc", "Gene"),
    ]
    write_run(tmp_path, [Part("/in/a.xml", documents)])
    assert graph(tmp_path)[0][0] == Node("X", "aa", ("Gene", "Chemical"))


def test_concept_without_names_is_called_by_its_id(tmp_path: Path) -> None:
    bare = Document("1", (), relations=(Relation("CID", "MESH:C7", "MESH:D7", score=0.5),))
    write_run(tmp_path, [Part("/in/a.xml", [bare])])
    found, (edge,) = graph(tmp_path)
    assert found == [Node("MESH:C7", "MESH:C7", ()), Node("MESH:D7", "MESH:D7", ())]
    assert (edge.confidence, edge.sentences) == (0.5, ())


def test_edge_is_what_all_documents_say(tmp_path: Path) -> None:
    documents = [record(str(number), version=number, score=number / 10) for number in (1, 9, 10, 2)]
    documents = [replace(found, meta={}) for found in documents]
    write_run(tmp_path, [Part("/in/b.xml", documents[:2]), Part("/in/a.xml", documents[2:])])
    first, second = graph(tmp_path)[1]
    assert (first.type, first.head, first.tail) == ("CID", "MESH:C1", "MESH:D1")
    assert first.documents == ("1", "2", "9", "10")
    assert (first.probability, first.score, first.confidence) == (1.0, 1.0, 1.0)
    assert first.sentences[0] == "Velorin in trial 10. … It induced tremor."
    assert len(first.sentences) == 4
    assert second.sentences == ("Velorin eased pain.",)
    assert (second.probability, second.confidence) == (None, 0.5)


def test_no_more_than_five_sentences(tmp_path: Path) -> None:
    write_run(tmp_path, [Part("/in/a.xml", [record(str(n), version=n) for n in range(1, 9)])])
    assert [len(edge.sentences) for edge in graph(tmp_path)[1]] == [5, 1]


def test_relations_between_single_mentions_are_no_graph(tmp_path: Path) -> None:
    run = write_run(tmp_path, [])
    schema = load_schema("chemprot").model_dump(mode="json")
    run.describe(run.description.model_copy(update={"relation_schema": schema}))
    with pytest.raises(ConfigError, match="relations hold between single mentions; expected concepts"):
        graph(tmp_path)
