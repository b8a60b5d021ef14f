"""``bran vectors``: what it learns from, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.encoding.vectors import SubwordVectors
from tests.runs import abstracts, write_corpus


def vectors(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["vectors", *map(str, arguments)])


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    records = [{"pmid": document.id, "title": document.title, "abstract": document.text} for document in abstracts()]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path


def test_vectors_of_a_vocabulary(texts: Path, tmp_path: Path) -> None:
    result = vectors(texts, "-o", tmp_path / "out", "--vocabulary", 80, "--dim", 6)
    assert (result.exit_code, result.stdout) == (0, "")
    learned = SubwordVectors.load(tmp_path / "out")
    assert learned.vectors.shape == (len(learned.subwords), 6)
    assert result.stderr == f"{tmp_path / 'out'}: {len(learned.subwords)} subwords of 6 dimensions, from 12 texts\n"


def test_vectors_by_skip_gram(texts: Path, tmp_path: Path) -> None:
    made = {}
    for name, options in (("ppmi", []), ("skipgram", ["--method", "skipgram", "--set", "skip_gram.epochs=1"])):
        result = vectors(texts, "-o", tmp_path / name, "--vocabulary", 80, "--dim", 6, *options)
        assert result.exit_code == 0, result.output
        made[name] = SubwordVectors.load(tmp_path / name).vectors
    assert made["ppmi"].shape == made["skipgram"].shape
    assert not np.allclose(made["ppmi"], made["skipgram"], atol=0.01)


def test_documents_to_leave_out(texts: Path, tmp_path: Path) -> None:
    listed, annotated = tmp_path / "ids.txt", write_corpus(tmp_path / "abstracts.txt", abstracts(3))
    listed.write_text("1003\n1004\n", encoding="utf-8")
    result = vectors(texts, "-o", tmp_path / "out", "--dim", 4, "--exclude", listed, "--exclude", annotated)
    assert result.stderr.endswith("from 7 texts\n")


def test_what_is_left_out_is_told(texts: Path, tmp_path: Path) -> None:
    annotated = write_corpus(tmp_path / "abstracts.txt", abstracts(3))
    annotated.write_text(annotated.read_text().replace("\ttremor\t", "\ttremors\t", 1), encoding="utf-8")
    result = vectors(annotated, texts, "-o", tmp_path / "out", "--dim", 4)
    assert result.exit_code == 6
    first, *rest = result.stderr.splitlines()
    assert first.endswith("from 14 texts")
    assert rest[0].startswith(f"skipped: {annotated}:")
    assert "(document 1000): mention 38-44 'tremors': expected 'tremor', as in the text" in rest[0]
    assert rest[1:] == ["documents skipped: 1"]
    assert SubwordVectors.load(tmp_path / "out")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--vocabulary", "10"], 3, "vectors: subwords.vocabulary = 10: Input should be greater than or equal to 64"),
        (["--dim", "0"], 3, "vectors: dim = 0: Input should be greater than or equal to 1"),
        (["--method", "glove"], 3, "vectors: method = 'glove': Input should be 'ppmi' or 'skipgram'"),
        (["--set", "skip_gram.epoch=3"], 3, "vectors: unknown key 'skip_gram.epoch' (value 3); did you mean 'epochs'?"),
        (["absent.txt"], 6, None),
        (["--exclude", "absent.txt"], 4, "absent.txt: cannot be opened (No such file or directory)"),
        (["--exclude", "texts.jsonl"], 4, "no text is left to learn from"),
    ],
)
def test_options(
    texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, message: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    result = vectors("texts.jsonl", "-o", "out", *arguments)
    assert result.exit_code == code, result.output
    if message:
        assert result.stderr.startswith(f"error: {message}")
        assert len(result.stderr.splitlines()) == 1
        assert not (tmp_path / "out").exists()


def test_nothing_to_learn_from(texts: Path, tmp_path: Path) -> None:
    ids = tmp_path / "ids.txt"
    ids.write_text("\n".join(document.id for document in abstracts()), encoding="utf-8")
    result = vectors(texts, "-o", tmp_path / "out", "--exclude", ids)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "error: no text is left to learn from; expected documents with a title or an abstract\n"
    absent = vectors(tmp_path / "absent.txt", "-o", tmp_path / "out")
    assert absent.exit_code == 4
    assert absent.stderr.startswith(f"error: {tmp_path / 'absent.txt'}: cannot be opened")
    assert not (tmp_path / "out").exists()
