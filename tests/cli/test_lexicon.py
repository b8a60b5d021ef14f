"""``bran lexicon``: what it compiles, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.tagging.lexicon import Lexicon
from tests.builders import document
from tests.names import RECORDS, gold_documents
from tests.runs import write_corpus


def lexicon(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["lexicon", *map(str, arguments)])


@pytest.fixture
def mesh(tmp_path: Path) -> Path:
    """The descriptors of the mini MeSH, as a table."""
    path = tmp_path / "descriptors.tsv"
    rows = ("\t".join([r.id, r.name, "|".join(r.synonyms), "|".join(r.trees)]) for r in RECORDS if r.trees)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def test_build_and_lookup(mesh: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "gold.txt", gold_documents())
    built = lexicon("build", "--descriptors", mesh, "--aliases", f"cdr={corpus}", "-o", tmp_path / "out")
    assert built.exit_code == 0, built.output
    assert built.stdout.splitlines()[:2] == ["Chemical: 4 concepts", "Disease: 6 concepts"]
    found = lexicon("lookup", "shaking", "--lexicon", tmp_path / "out")
    assert found.stdout == "MESH:D000015\tDisease\tTremor\tlight alias\t2 firm, 0 weak uses\n"


def test_documents_that_teach_nothing(mesh: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "gold.txt", gold_documents())
    (tmp_path / "ids.txt").write_text("1\n", encoding="utf-8")
    other = write_corpus(tmp_path / "other.txt", [document("2", "Any.", "Text.")])
    listed = ["--exclude", tmp_path / "ids.txt", "--exclude", other]
    lexicon("build", "--descriptors", mesh, "--aliases", f"cdr={corpus}", *listed, "-o", tmp_path / "out")
    assert Lexicon.load(tmp_path / "out").lookup("shaking") == ()
    assert Lexicon.load(tmp_path / "out").lookup("renal tremor")


def test_automatic_annotations_count_less(mesh: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "auto.txt", gold_documents())
    lexicon("build", "--descriptors", mesh, "--automatic", f"cdr={corpus}", "-o", tmp_path / "out")
    (candidate,) = Lexicon.load(tmp_path / "out").lookup("shaking")
    assert (candidate.firm, candidate.weak) == (0, 2)


def test_the_bundled_lexicon_is_the_default() -> None:
    assert lexicon("lookup", "5-FU", "--type", "Chemical").stdout.startswith("MESH:D005472\tChemical\tFluorouracil\t")
    nothing = lexicon("lookup", "qwertz uiop")
    assert (nothing.exit_code, nothing.stdout, nothing.stderr) == (0, "", "no concept is named 'qwertz uiop'\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["build", "--descriptors", "absent.tsv", "-o", "out"], 4, "absent.tsv: cannot be opened"),
        (
            ["build", "--descriptors", "descriptors.tsv", "--aliases", "gold.txt", "-o", "out"],
            3,
            "corpus 'gold.txt': expected",
        ),
        (["lookup", "pain", "--type", "Gene"], 3, "type 'Gene'; expected one of Chemical, Disease"),
        (["lookup", "pain", "--lexicon", "absent"], 5, "absent: holds no ids.marisa"),
    ],
)
def test_errors(mesh: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str) -> None:
    monkeypatch.chdir(mesh.parent)
    result = lexicon(*arguments)
    assert result.exit_code == code, result.output
    assert result.stderr.startswith(f"error: {message}")


def test_folds_know_nothing_of_the_documents_they_list(mesh: Path, tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "gold.txt", gold_documents())
    built = lexicon("build", "--descriptors", mesh, "--aliases", f"cdr={corpus}", "-o", tmp_path / "out", "--folds", 3)
    assert built.exit_code == 0, built.output
    listed = {k: (tmp_path / "out-folds" / f"{k}.txt").read_text(encoding="utf-8").split() for k in range(3)}
    assert sorted(id_ for ids in listed.values() for id_ in ids) == ["1", "2", "3"]
    assert Lexicon.load(tmp_path / "out").lookup("renal tremor")
    for fold, ids in listed.items():
        found = Lexicon.load(tmp_path / "out-folds" / str(fold)).lookup("renal tremor")
        assert bool(found) == ("3" not in ids)  # document 3 alone says so
