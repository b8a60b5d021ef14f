"""``bran tagging train``: its options, what it prints, and the recogniser that it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.tagging.network_recogniser import RecogniserModel
from tests.recognisers import find_names, notes, recognition_settings, write_lexicon, write_vectors
from tests.runs import write_corpus


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a config, vectors, a lexicon, and two corpora that share a document."""
    monkeypatch.chdir(tmp_path)
    settings = recognition_settings(write_vectors(tmp_path / "vectors"))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    write_lexicon(tmp_path / "lexicon")
    write_corpus(tmp_path / "notes.txt", notes()[:4])
    write_corpus(tmp_path / "drugs.txt", notes()[3:])
    return tmp_path


CORPORA = ("--corpus", "notes=notes.txt", "--corpus", "drugs=drugs.txt")


def train(*arguments: str) -> Result:
    options = ["--lexicon", "lexicon", "-o", "run", "--threads", "1", "--no-track"]
    return CliRunner().invoke(app, ["tagging", "train", "tiny.yaml", *options, *arguments])


def training(folder: Path) -> dict:
    return json.loads((folder / "run" / "model" / "model.json").read_text(encoding="utf-8"))["training"]


def test_a_whole_run(folder: Path) -> None:
    result = train(*CORPORA)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:2] == ["notes: 4 documents", "drugs: 2 documents"]
    epochs = [line for line in lines if "  epoch " in line]
    assert [line.split("  ")[:2] for line in epochs] == [
        [name, f"epoch {epoch}"] for name in ("broad", "fine") for epoch in (1, 2)
    ]
    assert all(" chain_loss " in line and " score " not in line for line in epochs)
    assert lines[-1] == "model: run/model"
    assert RecogniserModel.load(folder / "run" / "model", find_names=find_names).description.name == "tiny"


def test_validation_documents_are_scored_and_not_learned_from(folder: Path) -> None:
    write_corpus(folder / "held.txt", notes()[2:4])
    result = train(*CORPORA, "--validation", "notes=held.txt")
    assert result.exit_code == 0, result.output
    assert training(folder)["documents"] == {"notes": 2, "drugs": 2}
    assert all(" score " in line for line in result.stdout.splitlines() if "  epoch " in line)


def test_excluded_documents_are_not_learned_from(folder: Path) -> None:
    (folder / "ids.txt").write_text("31\n36\n", encoding="utf-8")
    assert train(*CORPORA, "--exclude", "ids.txt").exit_code == 0
    assert training(folder)["documents"] == {"notes": 3, "drugs": 1}


def test_files_of_a_corpus_and_overrides_add_up(folder: Path) -> None:
    result = train("--corpus", "notes=notes.txt", *CORPORA[2:], "--corpus", "notes=drugs.txt", "--set", "name=other")
    assert result.exit_code != 0  # all of drugs is in notes now
    assert "corpus 'drugs': no documents" in result.stderr
    assert train(*CORPORA, "--set", "name=other").exit_code == 0
    data = json.loads((folder / "run" / "model" / "model.json").read_text(encoding="utf-8"))
    assert data["name"] == "other"


def test_lexicons_without_a_part_of_the_documents(folder: Path) -> None:
    write_lexicon(folder / "folds" / "0")
    (folder / "folds" / "0.txt").write_text("31\n", encoding="utf-8")
    assert train(*CORPORA, "--folds", "folds").exit_code == 0
    result = train(*CORPORA, "--folds", "absent")
    assert (result.exit_code, result.stderr) == (
        4,
        "error: absent: holds no list of documents; expected 0.txt beside a lexicon 0, ...\n",
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["--corpus", "genes=notes.txt"],
            3,
            "corpus 'genes=notes.txt': expected NAME=FILE, with a name of notes, drugs",
        ),
        (["--corpus", "notes.txt"], 3, "corpus 'notes.txt': expected NAME=FILE"),
        (["--corpus", "notes=notes.txt"], 3, "corpus 'drugs': no documents; expected --corpus drugs=FILE"),
        ([*CORPORA, "--validation", "held.txt"], 3, "corpus 'held.txt': expected NAME=FILE"),
        ([*CORPORA, "--set", "windw=9"], 3, "unknown key 'windw'"),
        ([*CORPORA, "--set", "overlap=64"], 3, "overlap 64 must be smaller than window 64"),
        ([*CORPORA, "--set", "vectors=absent"], 5, "absent"),
        ([*CORPORA, "--lexicon", "absent"], 5, "expected the folder of a lexicon"),
        ([*CORPORA, "--exclude", "absent.txt"], 4, "absent.txt: cannot be opened"),
        ([], 2, "--corpus"),
    ],
)
def test_wrong_options_are_one_line(folder: Path, arguments: list[str], code: int, message: str) -> None:
    result = train(*arguments)
    assert result.exit_code == code, result.output
    assert message in result.stderr
    assert not (folder / "run").exists()


def test_documents_that_cannot_be_read_are_named(folder: Path) -> None:
    with (folder / "notes.txt").open("a", encoding="utf-8") as stream:
        stream.write("\n90|t|Velorin.\n90\t0\t99\tVelorin\tChemical\tC1\n")
    result = train(*CORPORA)
    assert result.exit_code == 6
    assert "(document 90): mention 0-99" in result.stderr
    assert (folder / "run" / "model" / "model.json").exists()
