"""``bran pretrain``: what it learns from, what it prints, what it refuses, and that ``bran train`` starts from it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.extraction.trained_model import read_description
from bran.nn.pretrained import PretrainedEncoder
from bran.workflows.starts import start_hash
from tests.language_models import pretrain_settings
from tests.runs import TREE, abstracts, write_config, write_corpus


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a config and texts."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pretrain.yaml").write_text(yaml.safe_dump(pretrain_settings("training.epochs=1")), encoding="utf-8")
    records = [{"pmid": document.id, "title": document.title, "abstract": document.text} for document in abstracts()]
    lines = "".join(json.dumps(record) + "\n" for record in records)
    (tmp_path / "texts.jsonl").write_text(lines, encoding="utf-8")
    return tmp_path


def pretrain(*arguments: str, text: str = "texts.jsonl", output: str = "out") -> Result:
    command = ["pretrain", "pretrain.yaml", "--text", text, "-o", output, "--no-track", "--threads", "1", *arguments]
    return CliRunner().invoke(app, command)


def test_an_encoder_that_training_starts_from(folder: Path) -> None:
    result = pretrain("--set", "next_sentence=true")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("tiny encoder  epoch 1  masked_loss ")
    assert lines[-1] == "encoder: out/model, from 12 texts"
    write_corpus(folder / "corpus.txt", abstracts())
    write_config(folder / "run.yaml", "training.epochs=1")
    TREE.write(folder / "tree.tsv")
    command = ["train", "run.yaml", "--corpus", "corpus.txt", "--mesh", "tree.tsv", "--no-track", "--only", "fold-1"]
    trained = CliRunner().invoke(app, [*command, "-o", "run", "--init", "out/model"])
    assert trained.exit_code == 0, trained.output
    assert read_description(folder / "run" / "fold-1" / "model").training["init"] == start_hash(
        folder / "out" / "model"
    )
    refused = CliRunner().invoke(app, [*command, "-o", "other", "--init", "out/model", "--set", "model.encoder.dim=16"])
    assert refused.exit_code == 5
    assert refused.stderr.startswith("error: out/model: has model.encoder.dim = 8; expected 16")
    assert len(refused.stderr.splitlines()) == 1


def test_documents_to_leave_out_and_several_files(folder: Path) -> None:
    (folder / "ids.txt").write_text("1003\n1004\n", encoding="utf-8")
    write_corpus(folder / "abstracts.txt", abstracts(3))
    result = pretrain("--exclude", "ids.txt", "--text", "abstracts.txt")
    assert result.stdout.splitlines()[-1] == "encoder: out/model, from 13 texts"
    assert PretrainedEncoder.load(folder / "out" / "model").description.training["documents"] == 13


def test_started_again_it_has_nothing_left_to_do() -> None:
    pretrain()
    assert pretrain().stdout.splitlines() == ["encoder: out/model, from 12 texts"]


def test_what_is_left_out_is_told(folder: Path) -> None:
    path = write_corpus(folder / "abstracts.txt", abstracts(3))
    path.write_text(path.read_text().replace("\ttremor\t", "\ttremors\t", 1), encoding="utf-8")
    result = pretrain(text="abstracts.txt")
    assert result.exit_code == 6
    assert result.stderr.splitlines()[-1] == "documents skipped: 1"


@pytest.mark.parametrize(
    ("arguments", "text", "code", "message"),
    [
        (["--set", "epochs=3"], "texts.jsonl", 3, "pretrain.yaml: unknown key 'epochs'"),
        (["--set", "model.encoder.dim=9"], "texts.jsonl", 3, "expected a multiple of the 2 attention heads"),
        ([], "absent.jsonl", 4, "absent.jsonl: cannot be opened"),
        (["--exclude", "abstracts.txt"], "texts.jsonl", 4, "no text is left to learn from"),
        (["--set", "vectors=absent"], "texts.jsonl", 5, "absent"),
    ],
)
def test_what_it_refuses(folder: Path, arguments: list[str], text: str, code: int, message: str) -> None:
    write_corpus(folder / "abstracts.txt", abstracts())
    result = pretrain(*arguments, text=text)
    assert result.exit_code == code, result.output
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert not (folder / "out").exists()
