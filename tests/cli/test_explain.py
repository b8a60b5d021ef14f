from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from tests.builders import documents, tiny_model
from tests.runs import write_corpus


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    tiny_model().save(folder / "model")
    tiny_model("encoder.attention=null").save(folder / "blind")
    write_corpus(folder / "four.txt", documents())
    write_corpus(folder / "one.txt", documents()[:1])
    write_corpus(folder / "bare.txt", [documents()[0].with_mentions(documents()[0].mentions[:1]).with_relations(())])
    return folder


def explain(folder: Path, name: str, *arguments: object, model: str = "model") -> Result:
    call = ["explain", folder / name, "--model", folder / model, *arguments]
    return CliRunner().invoke(app, list(map(str, call)))


def test_a_folder_gets_a_page_arrays_and_figures(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "explained"
    result = explain(folder, "four.txt", "--document", "14", "--top", 2, "--no-gradients", "-o", output)
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    names = {path.name for path in output.iterdir()}
    drawn = {f"{name}{suffix}" for name in ("attention", "entities", "influence") for suffix in (".png", ".svg")}
    assert names == {"explanation.html", "arrays.npz", "arrays.json", *drawn}
    assert result.stderr.count(": score 0.") == 2


@pytest.mark.parametrize("name", ["seven.html", "seven.svg", "seven.png", "seven.npz"])
def test_one_file_by_its_suffix(name: str, folder: Path, tmp_path: Path) -> None:
    how = ["--relation", "velorin", "MESH:D2", "--figure", "entities", "--no-gradients", "--quiet"]
    result = explain(folder, "one.txt", *how, "-o", tmp_path / name)
    assert (result.exit_code, result.output) == (0, "")
    beside = {"seven.json"} if name == "seven.npz" else set()
    assert {path.name for path in tmp_path.iterdir()} == {name, *beside}


def test_every_relation_that_is_named_is_explained_once(folder: Path, tmp_path: Path) -> None:
    how = ["--relation", "velorin", "MESH:D2", "--relation", "velorin", "MESH:D1", "--relation", "MESH:C1", "MESH:D2"]
    result = explain(folder, "one.txt", *how, "--no-gradients", "-o", tmp_path / "page.html")
    assert result.exit_code == 0, result.stderr
    explained = [line for line in result.stderr.splitlines() if ": score 0." in line]
    assert len(explained) == 2
    assert len(set(explained)) == 2


BAD = {
    "a relation": (
        ["--relation", "velorin", "rash"],
        "one.txt",
        3,
        "tail 'rash': not in document 11; expected one of ",
    ),
    "an id": (["--document", "99"], "four.txt", 3, "document '99': not in INPUT, which has 11, 12, 13, 14"),
    "several": ([], "four.txt", 3, "INPUT has several documents (11, 12, ...); expected --document with an id"),
    "no pair": ([], "bare.txt", 4, "input (document 11): has no pair to score; expected concepts that relate: "),
    "a figure": (["--figure", "pie"], "one.txt", 3, "figure 'pie': expected one of attention, entities, influence"),
    "no file": ([], "absent.txt", 4, "absent.txt: cannot be opened"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line(case: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arguments, name, code, message = BAD[case]
    monkeypatch.chdir(folder)
    result = explain(Path(), name, "-o", tmp_path / "out.html", "--strict", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.startswith(f"error: {message}")
    assert len(result.stderr.splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_why_a_document_is_not_there_is_told(folder: Path, tmp_path: Path) -> None:
    absent = folder / "absent.txt"
    result = explain(folder, absent.name, "-o", tmp_path / "out.html")
    assert result.exit_code == 3
    assert result.stderr.splitlines() == [
        f"skipped: {absent}: cannot be opened (No such file or directory); expected a readable file",
        "documents skipped: 1",
        "error: INPUT has no document",
    ]


def test_a_suffix_and_a_model_without_attention_are_told(folder: Path, tmp_path: Path) -> None:
    result = explain(folder, "one.txt", "-o", tmp_path / "out.docx")
    assert (result.exit_code, len(result.stderr.splitlines())) == (3, 1)
    assert (
        "out.docx: the suffix tells the format; expected one of .html, .npz, .png, .svg, or a folder" in result.stderr
    )
    result = explain(folder, "one.txt", "-o", tmp_path / "out.html", model="blind")
    assert result.exit_code == 3
    assert result.stderr == (
        "error: model tiny: encoder.attention = null; expected a model with attention to explain\n"
    )
