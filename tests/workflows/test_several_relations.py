"""Corpora of several relation types, from their published folders to scores: the same commands as for one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.load import load_corpus
from bran.corpus.schema import load_schema
from bran.corpus.writers import PubTatorWriter
from bran.workflows.tracking import NullTracker
from bran.workflows.train import TrainingRun
from tests.builders import document
from tests.runs import KFOLD, TEMPORAL, Ears, fitter, run_config

_SUBJECTS = ("gait", "sleep", "skin", "vision", "hearing", "speech", "memory", "balance", "touch", "taste")


def train(corpus: Path, folder: Path, *changes: str, **settings: Any) -> None:
    """Train on what ``corpus`` holds as published, in a few epochs that learn something."""
    learning = "training.epochs=6", "training.optimiser.learning_rate=0.03"
    config = run_config(*learning, *changes, hypernym_filter=False, protocol="raw", **settings)
    loaded = load_corpus(corpus, load_schema(config.relation_schema), splits=config.parts)
    run = TrainingRun(config, loaded, folder, fitter=fitter(config), tracker=NullTracker(), display=Ears())
    run.run(source=corpus)


def evaluate(*arguments: object) -> dict[str, Any]:
    """The scores of ``bran evaluate`` by slice."""
    result = CliRunner().invoke(app, ["evaluate", "--json", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    slices: dict[str, Any] = json.loads(result.stdout)["protocols"]["raw"]["slices"]
    return slices


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def write_chemprot(folder: Path, first: int, subjects: tuple[str, ...]) -> None:
    """A part of ChemProt: in each abstract two relations within a sentence, and one from one sentence to another."""
    tables: dict[str, list[str]] = {"abstracts": [], "entities": [], "relations": []}
    for id_, subject in enumerate(subjects, start=first):
        title, abstract = f"Velorin and {subject} in mice.", "Velorin blocks ABX1. Brinol raises MOK5 and ABX1."
        text = f"{title} {abstract}"
        tables["abstracts"].append(f"{id_}\t{title}\t{abstract}")
        places = [
            *(("CHEMICAL", text.index(name, len(title)), name) for name in ("Velorin", "Brinol")),
            *(("GENE-Y", place, text[place : place + 4]) for place in (text.index("ABX1"), text.index("MOK5"))),
            ("GENE-N", text.rindex("ABX1"), "ABX1"),
        ]
        for number, (type_, start, name) in enumerate(places, start=1):
            tables["entities"].append(f"{id_}\tT{number}\t{type_}\t{start}\t{start + len(name)}\t{name}")
        for group, head, tail in (("CPR:4", 1, 3), ("CPR:3", 2, 4), ("CPR:9", 1, 4)):
            tables["relations"].append(f"{id_}\t{group}\tY \tANY\tArg1:T{head}\tArg2:T{tail}")
    folder.mkdir(parents=True)
    for name, rows in tables.items():
        (folder / f"chemprot_{name}.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def chemprot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus ``chemprot``, and ``run``: what was trained on it with every kind of split."""
    folder = tmp_path_factory.mktemp("chemprot")
    write_chemprot(folder / "chemprot" / "training", 1000, _SUBJECTS[:6])
    write_chemprot(folder / "chemprot" / "development", 1006, _SUBJECTS[6:])
    splits = [{"kind": "given", "validation": 0.34}, KFOLD, TEMPORAL]
    settings = {"schema": "chemprot", "splits": splits}
    train(folder / "chemprot", folder / "run", "encoding.mention_pairs=sentence", **settings)
    return folder


def test_mentions_of_chemprot_are_related_within_sentences_under_every_kind_of_split(chemprot: Path) -> None:
    assert {path.name for path in (chemprot / "run").iterdir() if path.is_dir()} == {
        *("given", "fold-1", "fold-2", "cut-1")
    }
    for split in ("given", "fold-1", "fold-2", "cut-1"):
        protocols = read(chemprot / "run" / split / "scores.json")["protocols"]
        assert list(protocols) == ["raw"]
        slices = protocols["raw"]["slices"]
        tested = len(read(chemprot / "run" / "splits.json")["splits"][split]["test"])
        # No pair across sentences is scored, so that their gold relations are missed, and are counted as such.
        assert (slices["inter"]["tp"], slices["inter"]["fp"], slices["inter"]["fn"]) == (0, 0, tested)
        assert slices["type:CPR:9"]["fn"] == tested
        assert slices["micro"]["tp"] + slices["micro"]["fn"] == 3 * tested
        assert slices["micro"]["tp"] > 0
        assert {"macro", "type:CPR:3", "type:CPR:4", "type:CPR:5", "type:CPR:6"} <= slices.keys()


def test_the_scores_of_a_run_are_those_of_its_model(chemprot: Path) -> None:
    options = ["--schema", "chemprot", "--split", "development"]
    evaluated = evaluate(chemprot / "run" / "given" / "model", chemprot / "chemprot", *options)
    assert evaluated == read(chemprot / "run" / "given" / "scores.json")["protocols"]["raw"]["slices"]


def test_every_type_has_a_row_in_the_summary(chemprot: Path) -> None:
    summary = (chemprot / "run" / "summary.md").read_text(encoding="utf-8")
    rows = [line for line in summary.splitlines() if "| type:CPR:4 |" in line]
    assert [row.split(" | ")[0] for row in rows] == ["| given x 1", "| fold x 2", "| cut x 1", *["| type:CPR:4"] * 4]
    assert "filtered" not in summary
    means = {kind: group["raw"]["f1_by_slice"] for kind, group in read(chemprot / "run" / "summary.json").items()}
    folds = [read(chemprot / "run" / f"fold-{fold}" / "scores.json")["protocols"]["raw"]["slices"] for fold in (1, 2)]
    for name in ("macro", "type:CPR:4"):
        assert means["fold"][name][0] == pytest.approx(50 * sum(fold[name]["f1"] for fold in folds), abs=1e-3)


def test_symmetric_types_of_biored_that_exclude_each_other(tmp_path: Path) -> None:
    schema = load_schema("biored")
    kinds = "GeneOrGeneProduct", "ChemicalEntity"
    documents = [
        document(
            str(number),
            f"{{Velorin|{kinds[1]}|MESH:C1}} and {subject}.",
            f"{{Velorin|{kinds[1]}|MESH:C1}} binds {{ABX1|{kinds[0]}|NCBIGene:1}}. {{MOK5|{kinds[0]}|NCBIGene:2}} "
            f"follows {{ABX1|{kinds[0]}|NCBIGene:1}}; {{brinol|{kinds[1]}|MESH:C2}} was absent.",
            relations=[("Bind", "NCBIGene:1", "MESH:C1"), ("Association", "NCBIGene:2", "NCBIGene:1")],
        )
        for number, subject in enumerate(_SUBJECTS, start=1000)
    ]
    for name, part in {"Train": documents[:6], "Dev": documents[6:]}.items():
        with (tmp_path / f"{name}.PubTator").open("w", encoding="utf-8") as stream:
            PubTatorWriter(schema=schema).write(part, stream)
    splits = [{"kind": "given", "validation": 0.34}]
    train(tmp_path, tmp_path / "run", "model.scorer.structure=8", schema="biored", splits=splits)
    slices = read(tmp_path / "run" / "given" / "scores.json")["protocols"]["raw"]["slices"]
    assert slices["micro"]["tp"] + slices["micro"]["fn"] == 8
    assert slices["type:Bind"]["tp"] > 0
    predicted = slices["micro"]["tp"] + slices["micro"]["fp"]
    assert predicted <= 4 * len(schema.candidates(documents[0]))  # one type of a pair at most
    model = tmp_path / "run" / "given" / "model"
    assert evaluate(model, tmp_path, "--schema", "biored", "--split", "development") == slices
