"""Students of whole runs: what they learn, from whom, what is written of it, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bran.config import config_hash
from bran.corpus.document import Document
from bran.corpus.load import Corpus, content_hash
from bran.corpus.schema import load_schema
from bran.encoding.distillation import DistillationConfig
from bran.encoding.examples import Example
from bran.errors import ConfigError
from bran.export.reading import read_table
from bran.extraction.model_hash import model_hash
from bran.extraction.trained_model import TrainedModel, read_description
from bran.training.loop import Trainer
from bran.workflows.distil import TEACHERS, DistilledData, Teachers, student_config
from bran.workflows.run_config import RunConfig
from bran.workflows.summary import Summary
from bran.workflows.trained_run import TrainedRun
from tests.builders import document
from tests.runs import Ears, abstracts, fitter, run_config, training_run

STUDENT = run_config("name=student", "training.seed=7", refit=True, distillation={"gold_share": 0.25})


def unlabelled(count: int = 4) -> list[Document]:
    """Abstracts of which nothing is known, with one pair each."""
    return [
        document(
            str(2000 + number),
            f"{{Velorin|Chemical|MESH:C1}} again, in {number + 2} women and their children.",
            "It induced {tremor|Disease|MESH:D1} at once.",
        )
        for number in range(count)
    ]


def distil(
    folder: Path,
    teachers: Sequence[Path],
    config: RunConfig = STUDENT,
    *,
    further: Sequence[Document] = (),
    only: Sequence[str] = (),
    ears: Ears | None = None,
    documents: Sequence[Document] | None = None,
) -> Summary:
    made = fitter(config)
    data = partial(
        DistilledData,
        teachers=Teachers([TrainedRun.read(run) for run in teachers], made.schema, made.device),
        unlabelled=further,
        folder=folder,
        only=only,
    )
    run = training_run(folder, config, documents, ears=ears, data=data)
    return run.run(source=Path("invented.txt"), only=only)


@pytest.fixture(scope="module")
def finished(seeds: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The students of two seeds, with unlabelled documents. Only to be read."""
    folder = tmp_path_factory.mktemp("student")
    distil(folder, seeds, further=unlabelled())
    return folder


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Example], list[Example]]]:
    """The examples of each fit, and those of its first epoch beside them."""
    found: list[tuple[list[Example], list[Example]]] = []
    initialise = Trainer.__init__

    def spy(self: Trainer, model: object, config: object, examples: list[Example], **rest: Any) -> None:
        found.append((list(examples), list(rest["further"](0))))
        initialise(self, model, config, examples, **rest)

    monkeypatch.setattr(Trainer, "__init__", spy)
    return found


@pytest.fixture
def changed(seeds: list[Path], tmp_path: Path) -> Callable[..., Path]:
    """A copy of the second seed with other splits."""

    def change(change: Callable[[dict[str, Any]], Any]) -> Path:
        folder = shutil.copytree(seeds[1], tmp_path / "changed")
        record = read(folder / "splits.json")
        change(record["splits"])
        (folder / "splits.json").write_text(json.dumps(record))
        return folder

    return change


def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def told(folder: Path) -> dict[tuple[str, str], float]:
    return {(d.id, r.tail): r.score for d in read_table(folder / TEACHERS) for r in d.relations}


def says(folder: Path, documents: Sequence[Document]) -> dict[tuple[str, str], float]:
    """What the model in ``folder`` says alone."""
    found = fitter(STUDENT).predictions(TrainedModel.load(folder), documents)
    return {(id_, r.tail): r.score for id_, relations in found.relations.items() for r in relations}


def labels(examples: Sequence[Example]) -> dict[tuple[str, str], float]:
    return {
        (example.document.id, pair.tail.id): float(row[0])
        for example in examples
        for pair, row in zip(example.pairs, example.labels, strict=True)
    }


def test_the_folder_is_that_of_a_run_with_what_the_teachers_said(finished: Path) -> None:
    assert {path.name for path in finished.iterdir() if path.is_dir()} == {"fold-1", "fold-2", "refit"}
    for split in ("fold-1", "fold-2", "refit"):
        assert TrainedModel.load(finished / split / "model").description.name == "student"
        assert (finished / split / TEACHERS).exists()
    assert list(read(finished / "summary.json")["fold"]["raw"]["splits"]) == ["fold-1", "fold-2"]


def test_teachers_are_heard_of_training_and_unlabelled_documents_alone(finished: Path, seeds: list[Path]) -> None:
    further = {document.id for document in unlabelled()}
    for name, split in TrainedRun.read(seeds[0]).splits.items():
        assert {id_ for id_, _ in told(finished / name)} == {*split.train, *further}
    assert {id_ for id_, _ in told(finished / "refit")} == {document.id for document in abstracts()} | further


def test_they_say_the_mean_of_their_scores(finished: Path, seeds: list[Path]) -> None:
    for split in ("fold-1", "refit"):
        one, two = (says(seed / split / "model", unlabelled()) for seed in seeds)
        found = told(finished / split)
        for key in one:
            assert found[key] == pytest.approx((one[key] + two[key]) / 2, abs=1e-5)


def test_the_corpus_of_a_refit_is_scored_by_models_that_did_not_see_the_document(
    finished: Path, seeds: list[Path]
) -> None:
    found = told(finished / "refit")
    runs = [TrainedRun.read(seed) for seed in seeds]
    for abstract in abstracts()[::3]:
        judges = [run.model(n) for run in runs for n, split in run.splits.items() if abstract.id not in split.train]
        assert len(judges) in (2, 4)  # tested on in one fold, and perhaps validated on in the other
        for key in [key for key in found if key[0] == abstract.id]:
            mean = np.mean([says(judge, [abstract])[key] for judge in judges])
            assert found[key] == pytest.approx(mean, abs=1e-5)


def test_a_student_learns_gold_labels_drawn_towards_its_teachers(
    tmp_path: Path, seeds: list[Path], learned: list[tuple[list[Example], list[Example]]]
) -> None:
    distil(tmp_path, seeds, further=unlabelled(), only=["fold-1"])
    ((annotated, further),) = learned
    said = told(tmp_path / "fold-1")
    for (id_, tail), label in labels(annotated).items():
        assert label == pytest.approx(0.25 * (tail == "MESH:D1") + 0.75 * said[id_, tail], abs=1e-5)
    hypernyms = [w for e in annotated for pair, w in zip(e.pairs, e.weights, strict=True) if pair.tail.id == "MESH:D8"]
    assert set(hypernyms) == {0.0}
    assert labels(further) == pytest.approx({key: score for key, score in said.items() if key[0] >= "2000"}, abs=1e-6)
    assert {float(weight) for example in further for weight in example.weights} == {1.0}


def test_unlabelled_documents_come_in_turn_and_with_a_weight(
    tmp_path: Path, seeds: list[Path], learned: list[tuple[list[Example], list[Example]]]
) -> None:
    config = run_config(distillation={"per_epoch": 0.5, "unlabelled_weight": 0.2})
    distil(tmp_path, seeds, config, further=unlabelled(), only=["fold-1"])
    ((_, further),) = learned
    assert len(further) == 2
    assert {float(weight) for example in further for weight in example.weights} == {np.float32(0.2)}


def test_gold_alone_makes_what_training_makes(tmp_path: Path, seeds: list[Path]) -> None:
    """With nothing of the teachers in the labels, a student is the model that is trained without them."""
    plain = run_config("training.seed=0", refit=True)
    config = plain.model_copy(update={"distillation": DistillationConfig(gold_share=1)})
    distil(tmp_path, seeds, config, only=["fold-1"])
    one, two = (TrainedModel.load(folder / "fold-1" / "model").network.state_dict() for folder in (tmp_path, seeds[0]))
    for name, tensor in one.items():
        assert np.array_equal(tensor.numpy(), two[name].numpy()), name


def test_the_card_names_the_teachers(finished: Path, seeds: list[Path]) -> None:
    for split in ("fold-1", "refit"):
        record = read_description(finished / split / "model").training["distillation"]
        assert [teacher["config"] for teacher in record["teachers"]] == [
            config_hash(run_config(f"training.seed={seed}", refit=True)) for seed in (0, 1)
        ]
        assert [teacher["model"] for teacher in record["teachers"]] == [
            model_hash(seed / split / "model") for seed in seeds
        ]
        assert {teacher["corpus"] for teacher in record["teachers"]} == {Corpus(tuple(abstracts())).hash}
        assert (record["gold_share"], record["unlabelled documents"]) == (0.25, 4)
    card = (finished / "refit" / "model" / "README.md").read_text(encoding="utf-8")
    assert "## Teachers" in card
    for seed in (0, 1):
        assert config_hash(run_config(f"training.seed={seed}", refit=True)) in card


def test_teachers_and_unlabelled_documents_are_part_of_what_a_run_is(finished: Path, seeds: list[Path]) -> None:
    record = read(finished / "run.json")
    assert (record["config"], record["unlabelled"]) == (config_hash(STUDENT), content_hash(unlabelled()))
    before = {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()}
    with pytest.raises(ConfigError, match=r"holds results of teachers \w+, this run has \w+; expected another"):
        distil(finished, seeds[:1], further=unlabelled())
    with pytest.raises(ConfigError, match=r"holds results of unlabelled \w+, this run has \w+; expected another"):
        distil(finished, seeds, further=unlabelled(3))
    assert {path: path.stat().st_mtime_ns for path in finished.rglob("*") if path.is_file()} == before


def test_a_student_that_was_killed_goes_on_and_asks_no_teacher_again(
    finished: Path, seeds: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(name: str, epoch: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        distil(tmp_path, seeds, further=unlabelled(), only=["fold-2"], ears=Ears(on_epoch=stop))
    monkeypatch.setattr(Teachers, "predict", None)
    distil(tmp_path, seeds, further=unlabelled(), only=["fold-2"])
    one, two = (TrainedModel.load(folder / "fold-2" / "model").network.state_dict() for folder in (tmp_path, finished))
    for name, tensor in one.items():
        assert np.array_equal(tensor.numpy(), two[name].numpy()), name


def test_a_teacher_may_have_another_vocabulary_and_size(tmp_path: Path, seeds: list[Path]) -> None:
    config = run_config("model.encoder.dim=12", "encoding.subwords.vocabulary=70", distillation={})
    distil(tmp_path, seeds, config, only=["fold-1"])
    assert TrainedModel.load(tmp_path / "fold-1" / "model").description.model.encoder.dim == 12


def test_defaults_of_distillation_are_part_of_the_config() -> None:
    plain = run_config()
    student = student_config(plain)
    assert student.distillation == DistillationConfig()
    assert config_hash(student) != config_hash(plain)
    assert student_config(student) is student
    assert "distillation" not in plain.model_dump()


def test_training_alone_has_no_teachers(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"distillation is given, and no teachers; expected bran distil"):
        training_run(tmp_path, STUDENT).run(source=Path("invented.txt"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda splits: splits["fold-1"].update(train=splits["fold-1"]["test"], test=splits["fold-1"]["train"]),
            r"changed: the teacher of fold-1 was trained on document '\d+', which its student is tested on; expected a",
        ),
        (
            lambda splits: splits["fold-2"]["test"].pop(),
            r"changed: the teacher of fold-2 was not tested on document '\d+', which its student is tested on",
        ),
        (lambda splits: splits.pop("fold-2"), r"changed: has no split 'fold-2'; it has fold-1$"),
    ],
)
def test_a_teacher_that_may_have_seen_the_test_part_is_refused(
    tmp_path: Path, seeds: list[Path], changed: Callable[..., Path], change: Any, message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        distil(tmp_path / "student", [seeds[0], changed(change)])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "student").exists()


def test_a_teacher_that_is_not_there(tmp_path: Path, seeds: list[Path]) -> None:
    copy = shutil.copytree(seeds[1], tmp_path / "copy")
    shutil.rmtree(copy / "refit")
    with pytest.raises(ConfigError, match=r"copy/refit/model: there is no model; expected refit: true in its config"):
        distil(tmp_path / "student", [seeds[0], copy])
    distil(tmp_path / "student", [seeds[0], copy], only=["fold-1"])
    assert (tmp_path / "student" / "fold-1" / "scores.json").exists()


def test_a_teacher_for_other_relations(tmp_path: Path, seeds: list[Path]) -> None:
    runs = [TrainedRun.read(seeds[0])]
    teachers = Teachers(runs, load_schema("biored"), fitter(STUDENT).device)
    with pytest.raises(ConfigError, match="was trained for another schema; expected that of the student"):
        teachers.check(runs[0].split("fold-1"))
