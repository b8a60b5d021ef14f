"""``bran evaluate``, ``bran compare`` and ``bran baseline`` on invented PubTator and tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app

GOLD = """\
1|t|Zorvapine and tremor.
1|a|Zorvapine caused hepatitis. Fever came later.
1\t0\t9\tZorvapine\tChemical\tD900001
1\t14\t20\ttremor\tDisease\tD014202
1\t22\t31\tZorvapine\tChemical\tD900001
1\t39\t48\thepatitis\tDisease\tD006505
1\t50\t55\tFever\tDisease\tD005334
1\tCID\tD900001\tD006505

2|t|Zorvapine and fever.
2|a|
2\t0\t9\tZorvapine\tChemical\tD900001
2\t14\t19\tfever\tDisease\tD005334
2\tCID\tD900001\tD005334
"""

TABLE = """\
document\ttype\thead\ttail\tscore
1\tCID\tMESH:D900001\tMESH:D006505\t0.9
1\tCID\tMESH:D900001\tMESH:D014202\t0.3
2\tCID\tMESH:D900001\tMESH:D005334\t0.6
"""


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def micro(result: Result) -> dict[str, float]:
    return json.loads(result.output)["protocols"]["raw"]["slices"]["micro"]


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.txt"
    path.write_text(GOLD, encoding="utf-8")
    return path


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "found.tsv"
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_a_table_against_gold(gold: Path, table: Path) -> None:
    result = run("evaluate", table, gold, "--bootstrap", "0")
    assert result.exit_code == 0
    assert "micro" in result.output
    assert "80.0" in result.output
    assert "split:gold|documents:2|relations:2|protocol:filtered|mesh:2020|" in result.output


def test_the_threshold_decides(gold: Path, table: Path) -> None:
    kept = [micro(run("evaluate", table, gold, "--json", "--threshold", value)) for value in ("0", "0.5", "0.7")]
    assert [(scores["tp"], scores["fp"], scores["fn"]) for scores in kept] == [(2, 1, 0), (2, 0, 0), (1, 0, 1)]


def test_pubtator_predictions_need_no_mentions(gold: Path, tmp_path: Path) -> None:
    found = tmp_path / "found.txt"
    found.write_text("1|t|\n1|a|\n1\tCID\tD900001\tD006505\n", encoding="utf-8")
    assert micro(run("evaluate", found, gold, "--json"))["tp"] == 1


def test_gold_against_itself_is_perfect(gold: Path) -> None:
    assert micro(run("evaluate", gold, gold, "--json"))["f1"] == 1


def test_counts_per_document_are_written(gold: Path, table: Path, tmp_path: Path) -> None:
    counts = tmp_path / "counts.tsv"
    assert run("evaluate", table, gold, "--per-document", counts).exit_code == 0
    header, *rows = counts.read_text(encoding="utf-8").splitlines()
    assert header == "protocol\tdocument\ttype\tspan\ttp\tfp\tfn"
    assert "raw\t1\tCID\tintra\t1\t1\t0" in rows
    assert len(rows) == 8


def test_the_filter_takes_its_tree_from_a_file(gold: Path, table: Path, tmp_path: Path) -> None:
    mesh = tmp_path / "mesh.tsv"
    mesh.write_text("D014202\ttremor\tC10\nD006505\thepatitis\tC10.5\n", encoding="utf-8")
    result = run("evaluate", table, gold, "--mesh", mesh, "--json")
    filtered = json.loads(result.output)["protocols"]["filtered"]
    assert filtered["mesh"] == "mesh.tsv"
    assert filtered["slices"]["micro"]["fp"] == 0
    assert micro(result)["fp"] == 1


def test_what_is_odd_is_told(gold: Path, table: Path) -> None:
    table.write_text(TABLE + "9\tCID\tMESH:D900001\tMESH:D005334\t0.6\n", encoding="utf-8")
    assert "predicted documents that are not in gold (not scored): 1" in run("evaluate", table, gold).output


def test_a_published_corpus_is_read_by_its_split(gold: Path, table: Path, tmp_path: Path) -> None:
    gold.rename(tmp_path / "CDR_DevelopmentSet.PubTator.txt")
    (tmp_path / "CDR_TrainingSet.PubTator.txt").write_text("3|t|Older.\n3|a|\n", encoding="utf-8")
    result = run("evaluate", table, tmp_path, "--split", "development", "--json")
    assert json.loads(result.output)["protocols"]["raw"]["split"] == "development"
    assert micro(result)["tp"] == 2
    assert "documents:3" in run("evaluate", table, tmp_path, "--json").output


def test_compare(gold: Path, table: Path) -> None:
    result = run("compare", table, gold, gold, "--bootstrap", "200")
    assert result.exit_code == 0
    assert "gold.txt against found.tsv" in result.output
    assert "+20.0" in result.output
    same = json.loads(run("compare", gold, gold, gold, "--json", "--bootstrap", "50").output)
    assert same["differences"]["filtered"]["micro"]["f1"] == {"difference": 0, "interval": [0, 0], "p_value": 1}


@pytest.mark.parametrize(("kind", "counts"), [("predict-all", (2, 2, 0)), ("co-occurrence", (2, 1, 0))])
def test_baselines(gold: Path, kind: str, counts: tuple[int, int, int]) -> None:
    scores = micro(run("baseline", kind, gold, "--json"))
    assert (scores["tp"], scores["fp"], scores["fn"]) == counts


def test_entity_index_is_fitted_on_another_split(gold: Path) -> None:
    result = run("baseline", "entity-index", gold, "--train", gold)
    assert result.exit_code == 0
    assert "threshold:" in result.output
    without = run("baseline", "entity-index", gold)
    assert without.exit_code == 2
    assert "--train" in without.output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TABLE + "1\tCID\tMESH:D900001\tMESH:D005334\t0.1\n", "found.tsv:5 (document 1)"),
        (TABLE.replace("CID", "treats"), "found.tsv (document 1): relation type 'treats'; expected one of CID"),
        (TABLE.replace("\t0.6", "\t"), "found.tsv (document 2): relation CID MESH:D900001 MESH:D005334 has no score"),
    ],
)
def test_bad_predictions_are_one_line(gold: Path, table: Path, text: str, message: str) -> None:
    table.write_text(text, encoding="utf-8")
    result = run("evaluate", table, gold, "--threshold", "0.2")
    assert result.exit_code == 4
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_a_document_that_stands_twice_in_gold_is_refused(gold: Path, table: Path) -> None:
    gold.write_text(GOLD + "\n" + GOLD, encoding="utf-8")
    result = run("evaluate", table, gold)
    assert result.exit_code == 4
    assert "id '1' stands twice" in result.output


def test_a_folder_without_a_model_is_refused(gold: Path, tmp_path: Path) -> None:
    result = run("evaluate", tmp_path, gold)
    assert result.exit_code == 4
    assert "is a directory" in result.output
