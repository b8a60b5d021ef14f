"""``bran corpus``: what its commands print, write and end with."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.mesh import MeshTree


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["corpus", *map(str, arguments)])


@pytest.fixture
def cdr(fixtures: Path) -> Path:
    return fixtures / "corpus" / "cdr.pubtator"


@pytest.fixture
def broken(cdr: Path, tmp_path: Path) -> Path:
    """The fixture with one document whose mention is not what the text has."""
    path = tmp_path / "broken.pubtator"
    path.write_text(cdr.read_text().replace("\tSeizures\t", "\tSeizure\t"))
    return path


def test_stats_as_a_table(cdr: Path) -> None:
    result = run("stats", cdr)
    assert result.exit_code == 0
    rows = {" ".join(line.split()[:-1]): line.split()[-1] for line in result.output.splitlines() if line.strip()}
    assert rows["documents"] == "4"
    assert rows["candidates, negative, filtered"] == "2"


def test_stats_as_json_with_a_tree_of_ones_own(cdr: Path, tmp_path: Path) -> None:
    table = tmp_path / "mesh.tsv"
    table.write_text("D1\tC01\n")
    result = run("stats", cdr, "--json", "--mesh", table)
    counted = json.loads(result.stdout)
    assert len(counted["corpus"]) == 12
    assert counted["splits"]["total"]["filtered_negatives"] == 3


def test_stats_of_what_is_no_corpus(tmp_path: Path) -> None:
    result = run("stats", tmp_path / "absent")
    assert result.exit_code == 4
    assert "absent: cannot be opened" in result.output
    assert run("stats", tmp_path, "--schema", "nope").exit_code == 3


def test_splits_are_written_one_file_each(cdr: Path, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "splits"
    result = run("split", cdr, "--kind", "kfold", "--folds", "2", "--seed", "5", "--validation", "0.5", "-o", folder)
    assert result.exit_code == 0, result.output
    first, second = (json.loads(path.read_text()) for path in sorted(folder.iterdir()))
    assert first["config"] == {"kind": "kfold", "folds": 2, "seed": 5, "validation": 0.5}
    assert sorted(first["test"] + second["test"]) == ["90000001", "90000002", "90000003", "90000004"]
    assert "fold-1: 1 train, 1 validation, 2 test" in result.output


def test_an_option_of_another_kind_of_split_is_refused(cdr: Path, tmp_path: Path) -> None:
    result = run("split", cdr, "--kind", "temporal", "--folds", "2", "-o", tmp_path)
    assert result.exit_code == 3
    assert "unknown key 'folds'" in result.output


def test_convert_gives_back_the_same_bytes(cdr: Path, tmp_path: Path) -> None:
    output = tmp_path / "same.txt.gz"
    result = run("convert", cdr, "-o", output)
    assert (result.exit_code, result.stdout) == (0, "")
    assert gzip.decompress(output.read_bytes()) == cdr.read_bytes()


def test_convert_changes_separator_and_prefix(cdr: Path, tmp_path: Path) -> None:
    output = tmp_path / "other.txt"
    options = ["--schema", "cdr", "--separator", ";", "--prefix", "MESH", "--unlinked", "-"]
    assert run("convert", cdr, "-o", output, *options).exit_code == 0
    text = output.read_text()
    assert "\tMESH:D051437;MESH:D017093\tkidney failure|liver failure\n" in text
    assert "\tcompound T-7\tChemical\t-\n" in text
    assert "\tCID\tMESH:D000638\tMESH:D056486\n" in text


def test_convert_between_the_habits_of_corpora(fixtures: Path, tmp_path: Path) -> None:
    output = tmp_path / "genes.txt"
    result = run("convert", fixtures / "corpus" / "chemdisgene.pubtator", "-o", output, "--from", "chemdisgene")
    assert result.exit_code == 0
    assert "\t5925;5934\n" in output.read_text()  # as it was read
    source = fixtures / "corpus" / "ncbi-disease.pubtator"
    assert run("convert", source, "-o", output, "--from", "ncbi-disease", "--to", "biored").exit_code == 0
    assert "\tD001259,OMIM:116200\n" in output.read_text()
    assert run("convert", source, "-o", output, "--to", "word").exit_code == 3


def test_convert_leaves_a_broken_document_out_and_tells(broken: Path, tmp_path: Path) -> None:
    output = tmp_path / "rest.txt"
    result = run("convert", broken, "-o", output)
    assert result.exit_code == 6
    assert output.read_text().count("|t|") == 3
    assert f"skipped: {broken}:21 (document 90000003): mention 0-8 'Seizure': expected 'Seizures'" in result.stderr
    assert "documents skipped: 1" in result.stderr


def test_convert_strictly_writes_nothing(broken: Path, tmp_path: Path) -> None:
    output = tmp_path / "rest.txt"
    result = run("convert", broken, "-o", output, "--strict")
    assert result.exit_code == 4
    assert list(tmp_path.iterdir()) == [broken]


def test_mesh_compiles_the_diseases_of_a_table(tmp_path: Path) -> None:
    table, output = tmp_path / "descriptors.tsv", tmp_path / "tree.tsv.gz"
    table.write_text("D1\tInfections\tSepses\tC01|D20.5\nD2\tAspirin\t\tD02.4\nD3\tDepression\t\tF03.1\n")
    assert run("mesh", table, "-o", output).exit_code == 0
    assert MeshTree.read(output).tree_numbers == {"MESH:D1": ("C01",), "MESH:D3": ("F03.1",)}


ROUND = ["pubtator", "xml", "json", "jsonl.gz", "spacy"]


@pytest.mark.parametrize("suffix", ROUND)
def test_convert_to_any_format_and_back(cdr: Path, tmp_path: Path, suffix: str) -> None:
    there, back = tmp_path / f"there.{suffix}", tmp_path / "back.txt"
    assert run("convert", cdr, "-o", there, "--schema", "cdr").exit_code == 0
    result = run("convert", there, "-o", back, "--schema", "cdr")
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    rows = back.read_text().replace("MESH:", "")  # BioC writes ids with their prefix, and keeps it
    assert sorted(rows.splitlines()) == sorted(cdr.read_text().splitlines())


def test_convert_takes_formats_and_keys_by_name_and_standard_input(tmp_path: Path) -> None:
    output = tmp_path / "out.dat"
    command = ["corpus", "convert", "-", "-o", str(output), "--field", "id=number", "--output-format", "pubtator"]
    result = CliRunner().invoke(app, command, input='{"number": 5, "title": "Gait."}\n')
    assert (result.exit_code, result.stderr) == (0, f"{output}: 1 document\n")
    assert output.read_text() == "5|t|Gait.\n\n"
    result = CliRunner().invoke(app, [*command, "--input-format", "text"], input="One\nline.\n\nTwo.\n")
    assert output.read_text() == "stdin-1|t|One line.\n\nstdin-2|t|Two.\n\n"


REFUSED = {
    "a suffix": (["-o", "out.docx"], "out.docx: the suffix tells the format; expected one of .txt"),
    "a format": (["-o", "out.txt", "--output-format", "word"], "output format 'word'; expected one of pubtator"),
    "an input format": (["-o", "out.txt", "--input-format", "word"], "input format 'word'; expected one of pubtator"),
    "a field": (["-o", "out.txt", "--field", "pmid=x"], "field 'pmid=x': expected FIELD=KEY, such as id=PMID, with"),
    "habits of PubTator": (["-o", "out.jsonl", "--separator", ";"], "--to, --separator, --prefix and --unlinked are"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_convert_refuses_what_it_does_not_know(cdr: Path, tmp_path: Path, case: str) -> None:
    options, message = REFUSED[case]
    options = [options[0], tmp_path / options[1], *options[2:]]
    result = run("convert", cdr, *options)
    assert (result.exit_code, result.stdout) == (3, "")
    assert message in result.stderr
    assert not list(tmp_path.iterdir())


def test_convert_leaves_out_what_the_new_format_cannot_hold(tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.txt"
    source.write_text('{"id": "1|2", "text": "x"}\n{"id": "3", "text": "y"}\n')
    result = run("convert", source, "-o", output)
    assert result.exit_code == 6
    assert output.read_text() == "3|t|y\n\n"
    assert "(document 1|2): expected an id without '|' and tab" in result.stderr
    assert run("convert", source, "-o", output, "--strict").exit_code == 4


@pytest.mark.parametrize(("format", "content"), [("brat", ""), ("label-studio", "tasks.json")])
def test_convert_for_curators_and_back(cdr: Path, tmp_path: Path, format: str, content: str) -> None:
    there, back = tmp_path / "review", tmp_path / "back.txt"
    assert run("convert", cdr, "-o", there, "--output-format", format, "--schema", "cdr").exit_code == 0
    result = run("convert", there / content, "-o", back, "--schema", "cdr")
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert back.read_bytes() == cdr.read_bytes()
    again = run("convert", cdr, "-o", there, "--output-format", format, "--schema", "cdr")
    assert again.exit_code == 4
    assert "is there already; expected the name of a new folder" in again.stderr
