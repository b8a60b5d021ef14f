"""Annotated corpora in, a recogniser out: what it is trained on, what it remembers, and that a killed run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from bran.config import parse_config
from bran.corpus.document import Document
from bran.encoding.tagging import FindNames, Names, Style
from bran.errors import ConfigError, ModelError
from bran.nn.model_folder import DESCRIPTION
from bran.tagging.network_recogniser import NetworkRecogniser, RecogniserModel
from bran.workflows.fitting import Listener, Machine
from bran.workflows.recognition import RecognitionConfig, RecognitionRun
from bran.workflows.tracking import NullTracker
from tests.recognisers import bare, find_names, no_names, notes, recognition_settings, unlinked, write_vectors
from tests.runs import Ears

DROPOUT = ("model.dropout=0.2", "model.word_dropout=0.2", "model.lexicon_dropout=0.2")
CORPORA = {"notes": notes()[:4], "drugs": notes()[4:]}


@pytest.fixture(scope="module")
def vectors(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vectors(tmp_path_factory.mktemp("vectors"))


class Killed(BaseException):
    """Ends a run as a signal would."""


class Notebook(NullTracker):
    """Remembers what it is told, by the name of the run."""

    def __init__(self, name: str = "", told: dict[str, list[Any]] | None = None) -> None:
        self.name, self.told = name, {} if told is None else told

    @contextmanager
    def start(self, name: str, *, tags: Mapping[str, str] | None = None) -> Iterator[Notebook]:
        self.told.setdefault(name, []).append(dict(tags or {}))
        yield Notebook(name, self.told)

    def log_params(self, params: Mapping[str, Any]) -> None:
        self.told[self.name].append(params)

    def log_metrics(self, metrics: Mapping[str, float], *, step: int = 0) -> None:
        self.told[self.name].append((step, dict(metrics)))

    def log_dict(self, data: Mapping[str, Any], file: str) -> None:
        self.told[self.name].append((file, data))


class Counting(Ears):
    """Notes how many documents each fit is to read."""

    def __init__(self) -> None:
        super().__init__()
        self.documents: dict[str, int] = {}

    @contextmanager
    def fit(self, name: str, documents: int) -> Iterator[Listener]:
        self.documents[name] = documents
        with super().fit(name, documents) as listener:
            yield listener


def config_of(vectors: Path, *changes: str, **given: Any) -> RecognitionConfig:
    return parse_config(RecognitionConfig, recognition_settings(vectors, *changes, **given), source="settings")


def recognition_run(
    folder: Path,
    config: RecognitionConfig,
    *,
    corpora: Mapping[str, Sequence[Document]] = CORPORA,
    validation: Sequence[Document] = (),
    names: Names | None = None,
) -> RecognitionRun:
    return RecognitionRun(
        config,
        corpora,
        validation=validation,
        names=names or Names(find_names, {}),
        folder=folder,
        machine=Machine("cpu", checkpoint_steps=1),
    )


def weights(model: RecogniserModel) -> dict[str, Tensor]:
    return model.network.state_dict()


def assert_same(found: RecogniserModel, expected: RecogniserModel) -> None:
    for name, tensor in weights(expected).items():
        assert torch.equal(weights(found)[name], tensor), name


def test_a_run_leaves_a_recogniser_that_says_how_it_was_made(tmp_path: Path, vectors: Path) -> None:
    run = recognition_run(tmp_path, config_of(vectors))
    model = run.run(tracker=NullTracker(), display=Ears())
    loaded = RecogniserModel.load(tmp_path / "model", find_names=find_names)
    assert_same(loaded, model)
    assert not loaded.network.training
    assert loaded.description == model.description
    assert (loaded.description.types, loaded.description.styles) == (("Chemical", "Disease"), ("notes", "drugs"))
    assert (loaded.encoder.window, loaded.encoder.overlap) == (64, 16)
    training = loaded.description.training
    assert training["documents"] == {"notes": 4, "drugs": 2}
    assert {name: training[name]["epochs"] for name in ("broad", "fine")} == {"broad": 2, "fine": 2}
    assert all(training[name]["chain_loss"] > 0 for name in ("broad", "fine"))
    assert {key: training[key] for key in ("config", "corpus")} == run.identity
    assert "Finds chemicals and diseases." in (tmp_path / "model" / "README.md").read_text()
    assert not list(tmp_path.rglob("*.safetensors"))[1:]  # no checkpoint


def test_embeddings_start_from_the_vectors_and_end_in_16_bits(tmp_path: Path, vectors: Path) -> None:
    config = config_of(vectors, "model.word_dropout=0")
    run = recognition_run(tmp_path, config)
    start = run._new().network.embeddings.subwords.weight
    assert torch.corrcoef(torch.stack([start.flatten(), torch.from_numpy(run._vectors.vectors).flatten()]))[0, 1] > 0.99
    weight = run.run(tracker=NullTracker(), display=Ears()).network.embeddings.subwords.weight
    assert torch.equal(weight, weight.half().float())
    assert not torch.equal(weight, start)


def test_enough_epochs_learn_the_notes(tmp_path: Path, vectors: Path) -> None:
    config = config_of(vectors, types=["Disease", "Chemical"])
    stage = config.stages[0].model_copy(
        update={"training": config.stages[0].training.model_copy(update={"epochs": 25}), "repeat": {"notes": 1}}
    )
    config = config.model_copy(update={"stages": (stage,)})
    run = recognition_run(tmp_path, config, corpora={"notes": notes()}, validation=notes())
    ears = Ears()
    model = run.run(tracker=NullTracker(), display=ears)
    assert unlinked(list(NetworkRecogniser(model).recognise(bare(notes())))) == unlinked(notes())
    assert max(metrics["score"] for metrics in ears.metrics) == 1.0
    assert model.description.types == ("Disease", "Chemical")


def test_each_stage_reads_its_corpora_as_often_as_it_says(tmp_path: Path, vectors: Path) -> None:
    ears = Counting()
    recognition_run(tmp_path, config_of(vectors)).run(tracker=NullTracker(), display=ears)
    assert ears.documents == {"broad": 2 * (4 + 2 * 2), "fine": 2 * 4}
    assert ears.epochs == [("broad", 1), ("broad", 2), ("fine", 1), ("fine", 2)]


def test_corpora_are_read_in_their_style(tmp_path: Path, vectors: Path) -> None:
    run = recognition_run(tmp_path, config_of(vectors))
    assert run.config.styles()["drugs"] == Style(1, frozenset({"Chemical"}), {})
    examples = {example.document.id: example for example in run._examples(run.config.stages[0])}
    for id_, style, settled in (("31", 0, True), ("35", 1, False)):
        (window,) = examples[id_].windows
        assert set(window.features[:, 3].tolist()) == {style}
        assert bool((window.allowed.sum(1) == 1).all()) == settled


def test_the_same_run_gives_the_same_weights_and_another_network_others(tmp_path: Path, vectors: Path) -> None:
    def made(name: str, *changes: str) -> RecogniserModel:
        config = config_of(vectors, *DROPOUT, *changes)
        return recognition_run(tmp_path / name, config).run(tracker=NullTracker(), display=Ears())

    first, again = made("first"), made("again")
    assert_same(again, first)
    assert not torch.equal(made("wide", "model.dropout=0.1").network.emit.weight, first.network.emit.weight)


@pytest.mark.parametrize(("stage", "step"), [("broad", 1), ("broad", 4), ("fine", 1), ("fine", 2)])
def test_a_run_killed_at_any_step_ends_as_if_it_had_not_been(
    tmp_path: Path, vectors: Path, stage: str, step: int
) -> None:
    config = config_of(vectors, *DROPOUT)
    whole = recognition_run(tmp_path / "whole", config).run(tracker=NullTracker(), display=Ears())

    def kill(name: str, steps: int) -> None:
        if (name, steps) == (stage, step):
            raise Killed

    with pytest.raises(Killed):
        recognition_run(tmp_path / "killed", config).run(tracker=NullTracker(), display=Ears(on_advance=kill))
    assert not (tmp_path / "killed" / "model").exists()
    resumed = recognition_run(tmp_path / "killed", config).run(tracker=NullTracker(), display=Ears())
    assert_same(resumed, whole)


def test_another_run_does_not_go_on_from_a_killed_one(tmp_path: Path, vectors: Path) -> None:
    def kill(name: str, steps: int) -> None:
        if steps == 2:
            raise Killed

    with pytest.raises(Killed):
        recognition_run(tmp_path, config_of(vectors)).run(tracker=NullTracker(), display=Ears(on_advance=kill))
    for other in (
        recognition_run(tmp_path, config_of(vectors, "model.dropout=0.3")),
        recognition_run(tmp_path, config_of(vectors), corpora={**CORPORA, "notes": notes()[:3]}),
    ):
        with pytest.raises(ModelError, match="belongs to a run with other settings or data"):
            other.run(tracker=NullTracker(), display=Ears())


def test_documents_are_read_by_a_lexicon_that_they_have_not_taught(tmp_path: Path, vectors: Path) -> None:
    read: dict[str, set[str]] = {"everything": set(), "without": set()}

    def spy(name: str) -> FindNames:
        def find(text: str) -> Any:
            read[name].add(text)
            return no_names(text)

        return find

    names = Names(spy("everything"), dict.fromkeys(("31", "35"), spy("without")))
    run = recognition_run(tmp_path, config_of(vectors), names=names, validation=notes()[5:])
    run.run(tracker=NullTracker(), display=Ears())
    texts = {doc.id: doc.text for doc in notes()}
    assert read["without"] == {texts["31"], texts["35"]}
    assert read["everything"] == {texts[id_] for id_ in ("32", "33", "34", "36")}


def test_new_documents_are_read_by_the_lexicon_of_everything(tmp_path: Path, vectors: Path) -> None:
    names = Names(find_names, dict.fromkeys(("31", "35"), no_names))
    model = recognition_run(tmp_path, config_of(vectors), names=names).run(tracker=NullTracker(), display=Ears())
    assert model.find_names is find_names
    (example,) = model.encoder(bare(notes()[:1]))
    assert example.windows[0].features[:, 2].any()


def test_settings_and_every_epoch_are_tracked(tmp_path: Path, vectors: Path) -> None:
    book = Notebook()
    run = recognition_run(tmp_path, config_of(vectors), validation=notes()[4:])
    model = run.run(tracker=book, display=Ears())
    tags, params, logged = book.told["tiny"]
    assert tags == run.identity
    assert params["corpora"]["drugs"]["schema"] == "cdr"
    assert logged == (DESCRIPTION, model.description.model_dump(mode="json"))
    for name in ("broad", "fine"):
        epochs = [entry for entry in book.told[name] if isinstance(entry, tuple)]
        assert [step for step, _ in epochs] == [1, 2]
        assert all({"chain_loss", "score"} <= set(metrics) for _, metrics in epochs)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("stages=[{name: all, repeat: {genes: 1}}]", "stage all: 'genes' is none of notes, drugs"),
        ("corpora.drugs.annotates=[Gene]", "corpus drugs: 'Gene' is none of Chemical, Disease"),
        ("overlap=64", "overlap 64 must be smaller than window 64"),
        ("stages=[]", "stages = \\[\\]: "),
        ("corpora.drugs.color=red", "unknown key 'corpora.drugs.color'"),
    ],
)
def test_settings_that_do_not_hold(vectors: Path, change: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config_of(vectors, change)


@pytest.mark.parametrize("corpora", [{"notes": notes()}, {"notes": notes(), "drugs": []}])
def test_a_corpus_without_documents_is_named(tmp_path: Path, vectors: Path, corpora: dict[str, list[Document]]) -> None:
    with pytest.raises(ConfigError, match="corpus 'drugs': no documents; expected --corpus drugs=FILE"):
        recognition_run(tmp_path, config_of(vectors), corpora=corpora)


def test_vectors_with_too_few_dimensions(tmp_path: Path) -> None:
    config = config_of(write_vectors(tmp_path / "vectors", dim=8))
    with pytest.raises(ConfigError, match="subword vectors of 8 dimensions"):
        recognition_run(tmp_path, config).run(tracker=NullTracker(), display=Ears())
