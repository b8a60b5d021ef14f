"""What ships with the package is whole, and is what its card and its config say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bran.config import config_hash, load_config
from bran.corpus.readers import read_documents
from bran.corpus.schema import load_schema
from bran.encoding.vectors import SubwordVectors
from bran.evaluation.tagging import concept_scores, total_scores
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel, read_description
from bran.nn.model_folder import parse_description
from bran.tagging.network_recogniser import RecogniserDescription
from bran.workflows.bundled import MODEL, model_folder, recogniser_folder, vectors_folder
from bran.workflows.recognition import RecognitionConfig
from bran.workflows.run_config import RunConfig
from bran.workflows.tag import TaggingSettings

SHIPPED = [path.name for path in model_folder().parent.iterdir() if path.is_dir()]


def test_the_model_that_is_used_unless_another_is_asked_for() -> None:
    assert model_folder() == model_folder(MODEL)
    assert MODEL in SHIPPED
    assert read_description(model_folder()).relation_schema == load_schema("cdr")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_whole_small_and_tells_its_scores(name: str) -> None:
    folder = model_folder(name)
    description = TrainedModel.load(folder).description
    assert sum(file.stat().st_size for file in folder.iterdir()) < 12e6
    told = {f"{name}.safetensors" for name in ("knowledge", "cues") if getattr(description.model.scorer, name)}
    files = {"model.json", "weights.safetensors", "subwords.json", "README.md"} | told
    assert {file.name for file in folder.iterdir()} == files
    card, training = description.card, description.training
    assert all([card.purpose, card.data, card.limits, card.licence, card.command])
    assert description.threshold == training["out_of_fold"]["value"]
    for protocols in training["scores"].values():
        assert set(protocols) == {"raw", "filtered"}
        for protocol, values in protocols.items():
            for split, entry in values["splits"].items():
                assert f"|split:{split}|" in entry["signature"]
                assert f"|protocol:{protocol}|" in entry["signature"]
                assert f"|config:{training['config']}|" in entry["signature"]
    assert (folder / "README.md").read_text(encoding="utf-8") == description.render_card()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_was_made_by_the_config_that_its_card_names(name: str, root: Path) -> None:
    description = read_description(model_folder(name))
    (path,) = (root / word for word in description.card.command.split() if word.endswith(".yaml"))
    assert config_hash(load_config(RunConfig, path)) == description.training["config"]
    assert yaml.safe_load(path.read_text(encoding="utf-8"))["name"] == description.name


def test_the_model_finds_relations_in_the_sample_abstracts(samples: list[Path]) -> None:
    schema = load_schema("cdr")
    documents = [document for path in samples for document in read_documents(path, schema=schema)]
    found = list(Predictor.load(model_folder()).predict(documents))
    assert [document.id for document in found] == [document.id for document in documents]
    pairs = sum(len(schema.candidates(document)) for document in documents)
    assert len(documents) / 2 <= sum(len(document.relations) for document in found) < pairs / 2


def test_the_recogniser_that_ships_has_a_card(root: Path) -> None:
    folder = recogniser_folder()
    description = parse_description(folder, RecogniserDescription, writer="bran tagging train")
    assert description.types == ("Chemical", "Disease")
    assert description.styles[0] == "bc5cdr"
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert all(words in card for words in (description.name, "BC5CDR", "CC0", "Limits", "Made by"))
    assert description.training["config"] in card
    config = load_config(RecognitionConfig, root / "pipelines/tagging/configs/recogniser.yaml")
    assert description.training["config"] == config_hash(config)


def test_raw_text_gets_the_concepts_of_the_annotated_samples(samples: list[Path]) -> None:
    annotated = [doc for path in samples for doc in read_documents(path, schema=load_schema("cdr"))]
    bare = [document.with_mentions(()).with_relations(()) for document in annotated]
    found = list(TaggingSettings()()(bare))
    scores = total_scores(concept_scores(annotated, found))
    assert scores.recall > 0.8
    assert scores.precision > 0.6
    related = [document for document in Predictor.load(model_folder()).predict(found) if document.relations]
    assert len(related) >= len(samples) / 2


def test_vectors_by_name_or_path(tmp_path: Path) -> None:
    assert vectors_folder("pubmed").is_dir()
    assert vectors_folder(str(tmp_path)) == tmp_path
    assert vectors_folder("absent") == Path("absent")


def test_shipped_vectors_are_whole() -> None:
    vectors = SubwordVectors.load(vectors_folder("pubmed"))
    assert vectors.vectors.shape[0] == len(vectors.subwords)
    assert vectors.vectors.shape[1] >= read_description(model_folder()).model.encoder.dim


def test_what_ships_holds_no_surprise() -> None:
    assets = model_folder().parent.parent
    suffixes = {path.suffix for path in assets.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    pages = {".html", ".css", ".js"}
    assert suffixes <= {".json", ".safetensors", ".md", ".gz", ".py", ".marisa", ".npz", ".bin", ".tsv"} | pages
    assert sum(path.stat().st_size for path in assets.rglob("*") if path.suffix != ".py") < 40e6
    for path in assets.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
