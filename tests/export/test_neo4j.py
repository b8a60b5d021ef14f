"""The files against the header grammar of ``neo4j-admin database import`` and what it checks of the rows."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from bran.corpus.document import Relation
from bran.errors import FormatError
from bran.export.neo4j import NODES, RELATIONSHIPS, export_neo4j
from bran.export.run_tables import open_tables
from tests.builders import document
from tests.export.run_folders import Part, record, write_run

# <name>:<type>, as the operations manual has it; an array of any of these types ends in [].
_TYPES = (
    "int|long|float|double|boolean|byte|short|char|string|point|date|localtime|time|localdatetime|datetime|duration"
)
_HEADER = re.compile(rf"(?P<name>[^:]*):(?P<type>ID|LABEL|START_ID|END_ID|TYPE|IGNORE|(?:{_TYPES})(?:\[\])?)")
_VALUES = {"long": int, "double": float, "string": str}


def read(path: Path) -> tuple[list[tuple[str, str]], list[list[str]]]:
    """The header as (name, type), and the rows, as an importer without ``--multiline-fields`` reads them."""
    lines = path.read_text(encoding="utf-8").split("\n")
    header, *rows = csv.reader(lines[:-1])
    assert len(rows) + 1 == len(lines) - 1
    assert all(len(row) == len(header) for row in rows)
    found = [_HEADER.fullmatch(field) for field in header]
    assert all(found)
    return [(match["name"], match["type"]) for match in found if match], rows


def export(tmp_path: Path, *documents: object) -> tuple[int, Path]:
    write_run(tmp_path / "run", [Part("/in/a.xml", documents)])  # type: ignore[arg-type]
    with open_tables(tmp_path / "run") as tables:
        return export_neo4j(tables, tmp_path / "graph"), tmp_path / "graph"


def odd() -> object:
    found = document("9;1", '{a "b", c;\td\ne|Chemical; odd|C,1} or {gout|Disease|D1}.')
    return found.with_relations((Relation('causes, "so"', "C,1", "D1", score=0.5),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    count, folder = export(tmp_path, record("1"), record("22"), odd())
    assert count == 3
    return folder


def test_nodes_have_one_id_and_labels(folder: Path) -> None:
    header, rows = read(folder / NODES)
    assert [type_ for _, type_ in header] == ["ID", "string", "LABEL"]
    ids = [row[0] for row in rows]
    assert len(ids) == len(set(ids)) == 5
    assert [row[2].split(";") for row in rows if row[0] == "MESH:C1"] == [["Concept", "Chemical"]]
    assert next(row[1] for row in rows if row[0] == "C,1") == 'a "b", c; d e'


def test_relationships_refer_to_nodes_and_their_values_have_the_types(folder: Path) -> None:
    ids = {row[0] for row in read(folder / NODES)[1]}
    header, rows = read(folder / RELATIONSHIPS)
    assert {"START_ID", "END_ID", "TYPE"} <= {type_ for _, type_ in header}
    for row in rows:
        for (_, type_), value in zip(header, row, strict=True):
            if type_ in ("START_ID", "END_ID"):
                assert value in ids
            elif type_ == "TYPE":
                assert value
            elif value:
                for element in value.split(";") if type_.endswith("[]") else [value]:
                    _VALUES[type_.removesuffix("[]")](element)
    found = next(row for row in rows if row[1] == "MESH:D1")
    assert dict(zip([name or type_ for name, type_ in header], found, strict=True)) == {
        "START_ID": "MESH:C1",
        "END_ID": "MESH:D1",
        "TYPE": "CID",
        "documents": "2",
        "probability": "0.250000",
        "score": "0.500000",
        "publications": "1;22",
        "sentence": "Velorin in trial 1. … It induced tremor.",
    }


def test_path_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "graph").write_text("")
    with pytest.raises(FormatError, match=r"graph: cannot be made .*; expected a folder"):
        export(tmp_path, record("1"))
