"""Whatever a command is given, it answers with one clear line on stderr and an exit code; never with a traceback."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from typer.testing import CliRunner, Result

from bran.cli.main import app
from tests.builders import tiny_model
from tests.runs import KFOLD, TEMPORAL, abstracts, settings, write_config, write_corpus


def bran(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "model"
    tiny_model().save(folder)
    return folder


@pytest.fixture
def here(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: everything that the commands below name."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(model, "model")
    documents = abstracts()
    corpus = write_corpus(Path("corpus.txt"), documents).read_text(encoding="utf-8")
    write_config(Path("run.yaml"))
    write_config(Path("temporal.yaml"), splits=[TEMPORAL])
    write_corpus(Path("unrelated.txt"), [document.with_relations(()) for document in documents])
    write_corpus(Path("unpaired.txt"), [document.with_relations(()).with_mentions(()) for document in documents])
    files = {
        "empty": b"",
        "binary": b"\x7fELF\x02\x01\x01\x00\x00\x00",
        "corrupt.gz": gzip.compress(corpus.encode())[:-40],
        "malformed.txt": corpus.replace("\tDisease\tD1\n", "\tDisease\tD1\tx\ty\n", 1).encode(),
        "outside.txt": corpus.replace("1000\t0\t7\t", "1000\t0\t7000\t", 1).encode(),
        "mismatch.txt": corpus.replace("\ttremor\t", "\ttremors\t", 1).encode(),
        "plant.txt": corpus.replace("\tChemical\t", "\tPlant\t", 1).encode(),
        "twice.txt": (corpus + "\n" + corpus.split("\n\n")[3]).encode(),
        "title.txt": corpus.replace("sleep in 3", "GAIT. in 2").encode(),
        "letters.txt": corpus.replace("1003|", "PMC3|").replace("1003\t", "PMC3\t").encode(),
        "broken.yaml": b"name: [a\n",
        "list.yaml": b"- name\n",
        "unknown.yaml": json.dumps({**settings(), "trainig": {"epochs": 3}}).encode(),
    }
    for name, content in files.items():
        Path(name).write_bytes(content)
    return tmp_path


TRAIN = ["train", "run.yaml", "-o", "run", "--no-track", "--corpus"]
EXTRACT = ["extract", "corpus.txt", "-o", "found.tsv", "--model"]

CASES: dict[str, tuple[list[str], int, str]] = {
    # corpora
    "no corpus": (
        [*TRAIN, "absent"],
        4,
        "absent: cannot be opened (No such file or directory); expected a readable file",
    ),
    "a folder": ([*TRAIN, "."], 4, ".: folder holds no published corpus; expected CDR_TrainingSet.PubTator.txt"),
    "an empty file": ([*TRAIN, "empty"], 4, "empty: is empty; expected some content"),
    "a binary file": ([*TRAIN, "binary"], 4, "binary: is binary; expected text"),
    "corrupt gzip": ([*TRAIN, "corrupt.gz"], 4, "corrupt.gz:"),
    "a malformed row": ([*TRAIN, "malformed.txt"], 4, "malformed.txt:4 (document 1000): row '1000\\t38\\t44\\ttremor"),
    "an offset": ([*TRAIN, "outside.txt"], 4, "outside.txt:3 (document 1000): mention 0-7000: expected to end within"),
    "a mention": (
        [*TRAIN, "mismatch.txt"],
        4,
        "mismatch.txt:4 (document 1000): mention 38-44 'tremors': expected 'tremor'",
    ),
    "a type": ([*TRAIN, "plant.txt"], 4, "plant.txt:3 (document 1000): entity type 'Plant'; expected one of Chemical"),
    "an id twice": ([*TRAIN, "twice.txt"], 4, "twice.txt:110 (document 1003): id '1003' stands twice; expected one"),
    "a title twice": (
        [*TRAIN, "title.txt"],
        4,
        "title.txt (document 1001): title 'Velorin and GAIT. in 2 men.' is that of",
    ),
    "no relation": ([*TRAIN, "unrelated.txt"], 7, "split fold-1: none of the 4 training documents has a related pair"),
    "no pair": ([*TRAIN, "unpaired.txt"], 7, "split fold-1: none of the 4 training documents has a related pair"),
    "no PMIDs": (
        ["train", "temporal.yaml", "-o", "run", "--no-track", "--corpus", "letters.txt"],
        4,
        "input (document PMC3): id 'PMC3'; expected a PMID (a number), which a temporal split orders by",
    ),
    "gold twice": (["evaluate", "model", "twice.txt"], 4, "twice.txt:110 (document 1003): id '1003' stands twice"),
    "gold title twice": (["evaluate", "model", "title.txt"], 4, "title.txt (document 1001): title "),
    "stats of a type": (["corpus", "stats", "plant.txt"], 4, "plant.txt:3 (document 1000): entity type 'Plant'"),
    # configs
    "no config": (["train", "absent.yaml", *TRAIN[2:], "corpus.txt"], 3, "absent.yaml: cannot be read (No such file"),
    "no YAML": (["train", "broken.yaml", *TRAIN[2:], "corpus.txt"], 3, "broken.yaml:2: expected ',' or ']'"),
    "no mapping": (["train", "list.yaml", *TRAIN[2:], "corpus.txt"], 3, "list.yaml: holds a list, expected a mapping"),
    "an unknown key": (
        ["train", "unknown.yaml", *TRAIN[2:], "corpus.txt"],
        3,
        "unknown.yaml: unknown key 'trainig' (value {'epochs': 3}); did you mean 'training'?",
    ),
    "an override": (
        [*TRAIN, "corpus.txt", "--set", "training.epochs"],
        3,
        "override 'training.epochs': expected dotted",
    ),
    "a value": (
        [*TRAIN, "corpus.txt", "--set", "training.epochs=many"],
        3,
        "run.yaml: training.epochs = 'many': Input",
    ),
    "a schema": (
        [*TRAIN, "corpus.txt", "--set", "schema=mine"],
        3,
        "schema 'mine': expected a YAML file or one of biored",
    ),
    "a split": ([*TRAIN, "corpus.txt", "--only", "fold-9"], 3, "split 'fold-9'; the config has fold-1, fold-2"),
    "folds": (
        [*TRAIN, "corpus.txt", "--set", "splits=[{kind: kfold, folds: 13}]"],
        3,
        "13 folds of 12 documents; expected at least one document per fold",
    ),
    "a part": (
        [*TRAIN, "corpus.txt", "--set", "splits=[{kind: given}]"],
        4,
        "split 'training' is not in the corpus; it has none (a single file)",
    ),
    "vectors": ([*TRAIN, "corpus.txt", "--set", "vectors=absent"], 5, "absent/subwords.json: not a subword vocabulary"),
    "a device": ([*TRAIN, "corpus.txt", "--device", "abacus"], 3, "device 'abacus': not usable here"),
    "a tree": ([*TRAIN, "corpus.txt", "--mesh", "absent"], 4, "absent: cannot be opened"),
    "an output": (["train", "run.yaml", "-o", "run.yaml", "--no-track", "--corpus", "corpus.txt"], 1, "run.yaml: "),
    # models
    "no model": (
        [*EXTRACT, "absent"],
        5,
        "absent/model.json: not a model folder (No such file or directory); expected",
    ),
    "a file for a model": ([*EXTRACT, "corpus.txt"], 5, "corpus.txt/model.json: not a model folder (Not a directory)"),
    "a start": ([*TRAIN, "corpus.txt", "--init", "absent"], 5, "absent/model.json: not a model folder"),
    "a start of other settings": (
        [*TRAIN, "corpus.txt", "--init", "model"],
        5,
        "model: has encoding.window = 1280; expected 128, as the config has it",
    ),
    # extraction
    "a suffix": (["extract", "corpus.txt", "--model", "model", "-o", "found.docx"], 3, "found.docx: the suffix tells"),
    "a format": (
        ["extract", "corpus.txt", "--model", "model", "--input-format", "word"],
        3,
        "input format 'word'; expected one of pubtator",
    ),
    "a strict extraction": (
        ["extract", "mismatch.txt", "--model", "model", "--strict", "-o", "found.tsv"],
        4,
        "mismatch.txt:4 (document 1000): mention 38-44 'tremors': expected 'tremor', as in the text",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_line_that_says_where_what_and_what_was_expected(here: Path, case: str) -> None:
    arguments, code, message = CASES[case]
    before = {path: path.stat().st_mtime_ns for path in here.rglob("*") if path.is_file()}
    result = bran(*arguments)
    assert (result.exit_code, result.stdout) == (code, ""), result.stderr
    assert result.stderr.startswith(f"error: {message}"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert len(result.stderr) < 400
    assert "Traceback" not in result.stderr
    left = {path: path.stat().st_mtime_ns for path in here.rglob("*") if path.is_file()}
    assert {path.name for path in left if path not in before} <= {"run.json", "splits.json"}
    assert {path: left[path] for path in before} == before


@pytest.mark.parametrize("case", ["a mention", "an unknown key", "no model"])
def test_debug_shows_the_traceback_before_the_same_line(here: Path, case: str) -> None:
    arguments, code, message = CASES[case]
    result = bran("--debug", *arguments)
    assert result.exit_code == code
    assert result.stderr.startswith("Traceback (most recent call last):")
    assert result.stderr.splitlines()[-1].startswith(f"error: {message}")


def overwrite(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def other_version(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"format_version": 1', '"format_version": 99'))


def other_schema(folder: Path) -> None:
    path = folder / "model.json"
    path.write_text(path.read_text().replace('"CID"', '"TREATS"'))


def cut_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def other_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    save_file({f"old.{name}": tensor for name, tensor in load_file(path).items()}, path)


DAMAGE = {
    "another version": (other_version, "model.json: format version 99; this version of bran reads 1"),
    "no JSON": (overwrite("model.json", b"{"), "model.json: not a model folder (Expecting property name"),
    "an unknown key": (
        overwrite("model.json", b'{"format_version": 1, "nam": 2}'),
        "model.json: key 'name' is missing",
    ),
    "no vocabulary": (overwrite("subwords.json", b"{}"), "subwords.json: not a subword vocabulary"),
    "cut weights": (cut_weights, "weights.safetensors: cannot be read ("),
    "other weights": (other_weights, "weights.safetensors: weights do not fit model.json ("),
    "a pickle": (overwrite("weights.safetensors", b"\x80\x04\x95"), "weights.safetensors: cannot be read ("),
}


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(
    "command",
    [
        ["extract", "corpus.txt", "--model", "model"],
        ["evaluate", "model", "corpus.txt"],
        ["model", "info", "model"],
        [*TRAIN, "corpus.txt", "--init", "model"],
    ],
    ids=["extract", "evaluate", "info", "init"],
)
def test_a_damaged_model_is_told_by_every_command(here: Path, damage: str, command: list[str]) -> None:
    change, message = DAMAGE[damage]
    change(here / "model")
    result = bran(*command)
    assert (result.exit_code, result.stdout) == (5, ""), result.stderr
    assert result.stderr.startswith(f"error: model/{message}"), result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_model_of_another_schema_is_not_scored(here: Path) -> None:
    other_schema(here / "model")
    result = bran("evaluate", "model", "corpus.txt")
    assert (result.exit_code, result.stdout) == (5, "")
    assert result.stderr == "error: model: predicts TREATS; the gold documents are read with a schema of CID\n"


def test_results_of_another_run_are_not_overwritten(here: Path) -> None:
    assert bran(*TRAIN, "corpus.txt", "--only", "fold-1").exit_code == 0
    before = (here / "run" / "fold-1" / "scores.json").read_bytes()
    for change in (["corpus.txt", "--set", "training.seed=1"], ["changed.txt"]):
        write_corpus(here / "changed.txt", abstracts(11))
        result = bran(*TRAIN, *change)
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr.startswith("error: run: holds results of co")
        assert result.stderr.endswith("; expected another folder, or an empty one\n")
    assert (here / "run" / "fold-1" / "scores.json").read_bytes() == before


def test_two_splits_of_one_name(here: Path) -> None:
    write_config(here / "run.yaml", splits=[KFOLD, {**KFOLD, "seed": 9}])
    result = bran(*TRAIN, "corpus.txt")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr == "error: splits: 'fold-1' stands twice; expected each kind of split once\n"
