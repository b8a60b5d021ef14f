"""``bran pretrain``: what it learns from, what it prints, what it refuses, and that ``bran train`` starts from it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
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
    assert lines[-2].startswith("held out: perplexity ")
    assert lines[-2].endswith(", unit subword, rate 0.15")
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
    assert pretrain().stdout.splitlines()[1:] == ["encoder: out/model, from 12 texts"]


def test_the_steps_of_the_pipeline_are_commands_with_their_options(root: Path) -> None:
    project = yaml.safe_load((root / "pipelines" / "cdr" / "project.yml").read_text(encoding="utf-8"))
    steps = {command["name"]: command for command in project["commands"]}
    first, second = (steps[name] for name in ("pretrain", "train-pretrained"))
    assert first["outputs"] == ["runs/pretrain-bran/model"]
    for step in (first, second):
        (line,) = step["script"]
        name, *arguments = shlex.split(line)[3:]  # python -m bran
        command = get_command(app).commands[name]  # type: ignore[attr-defined]
        context = command.make_context(name, arguments)  # raises on what it does not take
        assert str(context.params["config"]) in step["deps"]
    assert str(context.params["init"]) in first["outputs"]


def test_folders_are_read_and_what_in_them_is_no_text_is_named(folder: Path) -> None:
    texts = folder / "texts"
    (texts / "more").mkdir(parents=True)
    (folder / "texts.jsonl").rename(texts / "texts.jsonl")
    write_corpus(texts / "more" / "abstracts.pubtator", abstracts(3))
    (texts / "ids.txt").write_text("1003\n1004\n", encoding="utf-8")
    (texts / "notes.tsv").write_text("a\tb\n", encoding="utf-8")
    (texts / ".hidden").write_text("x", encoding="utf-8")
    result = pretrain(text="texts")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "encoder: out/model, from 15 texts"  # a list of numbers is no text
    assert result.stderr.splitlines() == ["passed over, no documents: texts/notes.tsv"]


def test_mentions_of_tagged_texts_are_told(folder: Path) -> None:
    write_corpus(folder / "abstracts.txt", abstracts())
    tell = ["--set", "training.masking.mentions=0.5", "--set", "training.mentions={concepts: 2}"]
    result = pretrain(*tell, text="abstracts.txt")
    assert result.exit_code == 0, result.output
    assert "type_accuracy" in result.stdout
    assert result.stdout.splitlines()[-2].endswith("mentions 0.5")
    refused = pretrain(*tell, output="other")
    assert refused.exit_code == 7
    assert "none of the 12 texts has a mention; expected what `bran tag` writes" in refused.stderr


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
        (["--set", "init=absent"], "texts.jsonl", 5, "absent/model.json: not a model folder"),
        ([], "numbers.jsonl", 4, "no text is left to learn from"),
        ([], "empty", 4, "empty: none of the 0 files in the folder can be read; expected texts"),
    ],
)
def test_what_it_refuses(folder: Path, arguments: list[str], text: str, code: int, message: str) -> None:
    write_corpus(folder / "abstracts.txt", abstracts())
    (folder / "numbers.jsonl").write_text('{"title": "12 (3)"}\n{"abstract": "  "}\n', encoding="utf-8")
    (folder / "empty").mkdir()
    result = pretrain(*arguments, text=text)
    assert result.exit_code == code, result.output
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr
    assert not (folder / "out").exists()
