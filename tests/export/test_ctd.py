from __future__ import annotations

import csv
from pathlib import Path

from bran.corpus.document import Relation
from bran.export.ctd import COLUMNS, export_ctd
from bran.export.run_tables import open_tables
from tests.builders import several_types_documents
from tests.export.run_folders import Part, record, write_run


def export(folder: Path, path: Path) -> tuple[int, list[dict[str, str]]]:
    with open_tables(folder) as tables:
        count = export_ctd(tables, path)
    lines = path.read_text(encoding="utf-8").splitlines()
    header = next(line for line in lines if line.startswith("# ChemicalName"))
    rows = csv.reader([line for line in lines if not line.startswith("#")], delimiter="\t", quoting=csv.QUOTE_NONE)
    return count, [dict(zip(header.removeprefix("# ").split("\t"), cells, strict=True)) for cells in rows]


def test_columns_are_those_of_ctd_in_its_order() -> None:
    assert COLUMNS == (
        "ChemicalName",
        "ChemicalID",
        "CasRN",
        "DiseaseName",
        "DiseaseID",
        "DirectEvidence",
        "InferenceGeneSymbol",
        "InferenceScore",
        "OmimIDs",
        "PubMedIDs",
    )


def test_one_line_for_each_pair(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [Part("/in/a.xml", [record("12"), record("3")])])
    count, rows = export(tmp_path / "run", tmp_path / "a.tsv")
    assert count == len(rows) == 2
    assert rows[0] == dict.fromkeys(COLUMNS, "") | {
        "ChemicalName": "Velorin",
        "ChemicalID": "C1",
        "DiseaseName": "Tremor",
        "DiseaseID": "MESH:D1",
        "DirectEvidence": "marker/mechanism",
        "PubMedIDs": "3|12",
    }


def test_pairs_of_other_types_have_no_place(tmp_path: Path) -> None:
    write_run(tmp_path / "run", [Part("/in/a.xml", several_types_documents())])
    _, rows = export(tmp_path / "run", tmp_path / "a.tsv")
    assert {(row["ChemicalID"], row["DiseaseID"], row["DirectEvidence"]) for row in rows} == {
        ("C1", "D1", ""),
        ("C2", "D2", ""),
    }


def test_therapy_is_told_apart(tmp_path: Path) -> None:
    relation = Relation("chem_disease:therapeutic", "MESH:C1", "MESH:D2", score=0.5)
    write_run(tmp_path / "run", [Part("/in/a.xml", [record("1").with_relations((relation,))])])
    assert export(tmp_path / "run", tmp_path / "a.tsv")[1][0]["DirectEvidence"] == "therapeutic"
