"""``bran corpus weak``: what it prints, writes and ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema

TEXTS = """\
1|t|Velorin and ABX1 in gout.
1\t0\t7\tVelorin\tChemical\tMESH:C1
1\t12\t16\tABX1\tGene\t5925;5934
1\t20\t24\tgout\tDisease\tMESH:D1

2|t|Velorin without gout.
2\t0\t7\tVelorin\tChemical\tMESH:C1
2\t16\t20\tgout\tDisease\tMESH:D1

3|t|Brinol and rash.
3\t0\t6\tBrinol\tChemical\tMESH:C2
3\t11\t15\trash\tDisease\tMESH:D2
"""
ROWS = "".join(f"{id_}\tchem_disease:marker/mechanism\tMESH:D1\tMESH:C1\n" for id_ in (1, 2, 7))
KIND = ("--kind", "chem_disease:marker/mechanism=CID")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("texts.txt").write_text(TEXTS)
    Path("table.tsv").write_text(ROWS)
    Path("ids.txt").write_text("3\n")
    return tmp_path


def weak(*options: str) -> Result:
    arguments = ("corpus", "weak", "texts.txt", "--statements", "table.tsv", "-o", "weak.txt", *options)
    return CliRunner().invoke(app, list(arguments))


def test_a_corpus_and_its_counts(files: Path) -> None:
    result = weak(*KIND, "--turned", "--exclude", "ids.txt")
    assert result.exit_code == 0, result.output
    for line in (
        "texts read: 3",
        "excluded by id: 1",
        "documents with a stated pair: 2",
        "pairs stated: 2",
        "table.tsv: 2 statements with the tail before the head",
        "dropped rows: 1; first texts.txt:3 (document 1): entity type 'Gene'; expected one of Chemical, Disease",
    ):
        assert line in result.stderr
    assert "nothing was excluded" not in result.stderr
    assert [text.id for text in load_corpus("weak.txt", load_schema("cdr")).documents] == ["1", "2"]


def test_turned_columns_end_in_one_line(files: Path) -> None:
    result = weak(*KIND)
    assert result.exit_code == 4
    assert result.stderr.splitlines() == [
        "error: table.tsv: head MESH:D1 is mentioned as a Disease, as those of 2 of 2 rows are; "
        "expected heads first (--turned turns such rows)"
    ]
    assert not Path("weak.txt").exists()


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        ((*KIND, "--turned", "--from", "bc5"), 3, "corpus format 'bc5'; expected one of cdr, biored"),
        (("--kind", "induces=CID"), 4, "table.tsv: holds chem_disease:marker/mechanism; expected induces"),
        ((*KIND, "--exclude", "nowhere.txt"), 4, "nowhere.txt: cannot be opened"),
        ((*KIND, "--exclude", "texts.txt"), 4, "nothing is left of 3 texts: 3 excluded or repeated"),
        ((*KIND, "--schema", "chemprot"), 3, "schema chemprot relates mentions"),
    ],
)
def test_bad_input_ends_in_one_line(files: Path, options: tuple[str, ...], code: int, line: str) -> None:
    result = weak(*options)
    assert result.exit_code == code
    assert len(result.stderr.splitlines()) == 1
    assert line in result.stderr


def test_nothing_excluded_is_said_and_gene_ids_are_read_as_their_corpus_writes_them(files: Path) -> None:
    Path("table.tsv").write_text("1\tchem_gene:affects^binding\tMESH:C1\t5934\n")
    result = weak("--schema", "chemdisgene", "--by-pair", "--keep-unstated")
    assert result.exit_code == 0, result.output
    assert "nothing was excluded; --exclude names what models are scored on" in result.stderr
    first, *others = load_corpus("weak.txt", load_schema("chemdisgene")).documents
    assert [relation.tail for relation in first.relations] == ["NCBIGene:5934"]
    assert len(others) == 2
