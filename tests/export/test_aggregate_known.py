from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bran.errors import BranError, ConfigError, FormatError
from bran.export.aggregate import Aggregation, aggregate
from tests.export.aggregates import aggregated, row, write_rows

HEADER = (
    *("ChemicalName", "ChemicalID", "CasRN", "DiseaseName", "DiseaseID", "DirectEvidence"),
    *("InferenceGeneSymbol", "InferenceScore", "OmimIDs", "PubMedIDs"),
)
CTD = """\
# Comparative Toxicogenomics Database
#
# Fields:
# {header}
#
"x#1\tD000001\t\ttremor\tMESH:D000011\tmarker/mechanism\t\t\t\t1|2
x\tD000001\t\ttremor\tMESH:D000011\ttherapeutic\t\t\t\t2|3
x\tD000001\t\tpain\tMESH:D000012\t\tACE\t3.5\t\t4
y\tC000002\t\tgout\tOMIM:138900\ttherapeutic\t\t\t\t
""".replace("{header}", "\t".join(HEADER))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Relations of two chemicals with three diseases."""
    rows = [
        row("1", "MESH:D000001", "MESH:D000011"),
        row("1", "MESH:D000001", "MESH:D000012"),
        row("1", "MESH:C000002", "OMIM:138900"),
    ]
    return write_rows(tmp_path / "relations.jsonl", rows)


def known(table: Path, path: Path, *columns: str) -> dict[str, tuple[Any, ...]]:
    found = aggregated([table], table.parent, known=path, known_columns=columns)
    return {made["tail"]: (made["known"], made["known_types"], made["known_references"]) for made in found}


NOTHING = (False, None, None)


@pytest.mark.parametrize("suffix", [".tsv", ".tsv.gz", ".csv.gz"])
def test_ctd_as_it_is_downloaded(tmp_path: Path, table: Path, suffix: str) -> None:
    text = CTD if "tsv" in suffix else CTD.replace('"', "").replace("\t", ",")
    path = tmp_path / f"CTD_chemicals_diseases{suffix}"
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    assert known(table, path) == {
        "MESH:D000011": (True, ["marker/mechanism", "therapeutic"], 3),
        "MESH:D000012": NOTHING,  # inferred by a gene, which no curator stated
        "OMIM:138900": (True, ["therapeutic"], None),
    }


def test_triples_of_ctd(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "triples.tsv"
    path.write_text("ChemicalID\tDiseaseID\tPubMedIDs\nD000001\tD000011\t1\nD000001\tD000011\t2\nD000001\tD000011\t2\n")
    assert known(table, path)["MESH:D000011"] == (True, [], 2)


@pytest.mark.parametrize("spelling", ["D000001", "MESH:D000001", "mesh:D000001"])
def test_ids_are_compared_with_their_namespace(tmp_path: Path, table: Path, spelling: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(f"tail,head\n{'MESH:D000012'},{spelling}\n")
    assert known(table, path)["MESH:D000012"] == (True, [], None)
    assert known(table, path)["MESH:D000011"] == NOTHING


def test_bare_ids_of_the_relations(tmp_path: Path) -> None:
    bare = write_rows(tmp_path / "bare.jsonl", [row("1", "D000001", "2475"), row("1", "D000001", "99")])
    path = tmp_path / "mine.tsv"
    path.write_text("head\ttail\nMESH:D000001\tNCBIGene:2475\n")
    assert known(bare, path) == {"2475": (True, [], None), "99": NOTHING}


def test_one_pair_under_two_spellings_is_marked_twice_and_not_doubled(tmp_path: Path) -> None:
    both = write_rows(tmp_path / "t.jsonl", [row("1", "D000001", "D000011"), row("1", "MESH:D000001", "MESH:D000011")])
    path = tmp_path / "mine.tsv"
    path.write_text("head\ttail\ttype\nD000001\tD000011\ta\nMESH:D000001\tD000011\tb\n")
    found = aggregated([both], tmp_path, known=path)
    assert [(made["known"], made["known_types"]) for made in found] == [(True, ["a", "b"])] * 2


def test_four_columns_without_header(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "curated.tsv"
    path.write_text("11\tchem^disease:therapeutic\tMESH:D000001\tMESH:D000011\n")
    assert known(table, path)["MESH:D000011"] == (True, ["chem^disease:therapeutic"], 1)


def test_swapped_ends_are_noticed(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "derived.tsv"
    path.write_text("11\tchem_disease:therapeutic\tMESH:D000011\tMESH:D000001\n")
    with pytest.raises(FormatError, match=r"derived\.tsv: 3 has 1 tail .*swapped\? then --known-columns 4,3,2,1"):
        known(table, path)
    assert known(table, path, "4", "3", "2", "1")["MESH:D000011"] == (True, ["chem_disease:therapeutic"], 1)


def test_named_columns_of_parquet(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "mine.parquet"
    pq.write_table(pa.table({"drug": ["D000001"], "effect": ["D000011"], "pmid": [12]}), path)
    assert known(table, path, "drug", "effect")["MESH:D000011"] == (True, [], None)
    with pytest.raises(FormatError, match=r"columns drug, effect, pmid; expected head and tail, or ChemicalID"):
        known(table, path)
    with pytest.raises(FormatError, match=r"columns drug, effect, pmid; expected disease too"):
        known(table, path, "drug", "disease")
    with pytest.raises(ConfigError, match=r"known columns drug: expected HEAD,TAIL"):
        known(table, path, "drug")


def test_foreign_namespaces_are_noticed(tmp_path: Path, table: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text("head\ttail\nDB00001\tMESH:D000011\nDB00002\tMESH:D000012\n")
    message = r"0 of the 2 ids in head look like heads of the relations \(DB00001; the .* MESH:C000002\); expected 1 in"
    with pytest.raises(FormatError, match=message):
        known(table, path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("k.tsv", "a\tb\n1\t2\n", r"k\.tsv: columns a, b; expected head and tail"),
        ("k.tsv", "head\ttail\nD000001\n", r"k\.tsv: .*Line: 2"),
        ("k.tsv", "head\ttail\thead\n", r"column 'head' stands twice"),
        ("k.tsv", "# only\n", r"has nothing but comments"),
        ("k.tsv", "", r"is empty"),
        ("k.parquet", "PAR1", r"expected a whole Parquet file"),
        ("k.json", "{}", r"the suffix tells the format"),
    ],
)
def test_broken_known_tables(tmp_path: Path, table: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(BranError, match=message) as caught:
        known(table, tmp_path / name)
    assert "\n" not in str(caught.value)


def test_nothing_is_known_of_nothing(tmp_path: Path, table: Path) -> None:
    header, nothing = tmp_path / "header.tsv", write_rows(tmp_path / "none.jsonl", [])
    header.write_text("head\ttail\n")
    assert set(known(table, header).values()) == {NOTHING}
    header.write_text("head\ttail\nX:1\tY:2\n")
    assert known(nothing, header) == {}
    done = aggregate([table], tmp_path / "out.tsv", Aggregation(known=None))
    assert done.known is None
