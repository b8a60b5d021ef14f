"""A trained model as a teacher."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bran.corpus.schema import load_schema
from bran.errors import ModelError
from bran.extraction.predictor import Predictor
from bran.workflows.teaching import check_teacher, teacher_folder, teacher_labels, teachers_hash
from tests.builders import several_types_schema, tiny_model
from tests.runs import abstracts

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def teacher(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("teacher") / "fold-1" / "model"
    tiny_model().save(folder)
    return folder


def test_its_scores_are_the_labels(teacher: Path) -> None:
    schema, documents = load_schema("cdr"), abstracts()[:3]
    labels = teacher_labels(teacher, schema, documents, device=CPU, precision="fp32")
    for scored in Predictor.load(teacher, precision="fp32").predict(documents, threshold=0.0):
        pairs = schema.candidates(scored)
        found = labels(scored, pairs)
        scores = {(relation.head, relation.tail): relation.score for relation in scored.relations}
        expected = [scores[pair.head.id, pair.tail.id] for pair in pairs]
        assert found.values[:, 0].tolist() == pytest.approx(expected)
        assert 0 < min(expected) < max(expected) < 1
        assert found.weights.tolist() == [1.0] * len(pairs)


def test_of_other_documents_it_says_nothing(teacher: Path) -> None:
    schema, (asked, other) = load_schema("cdr"), abstracts()[:2]
    labels = teacher_labels(teacher, schema, [asked], device=CPU, precision="fp32")
    assert not labels(other, schema.candidates(other)).weights.any()


def test_one_of_other_relations_is_refused(teacher: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has relation types CID; expected .*; the model is no teacher for it"):
        teacher_labels(teacher, several_types_schema(), [], device=CPU, precision="fp32")
    with pytest.raises(ModelError, match="not a model folder"):
        teacher_labels(tmp_path, load_schema("cdr"), [], device=CPU, precision="fp32")


def test_one_that_has_learned_what_its_student_is_tested_on_is_refused(tmp_path: Path) -> None:
    model = tiny_model()
    model.description = model.description.model_copy(update={"training": {"corpus": "c", "split": "refit"}})
    model.save(tmp_path / "m")
    check_teacher(tmp_path / "m", corpus="c", split="refit")
    check_teacher(tmp_path / "m", corpus="of other documents", split="fold-1")
    with pytest.raises(ModelError, match=r"m: was trained on split refit of this corpus; expected a teacher of split"):
        check_teacher(tmp_path / "m", corpus="c", split="fold-1")


def test_each_split_may_have_its_own(teacher: Path) -> None:
    pattern = str(teacher.parent.parent / "{split}" / "model")
    assert teacher_folder(pattern, "fold-1") == teacher
    assert teacher_folder(str(teacher), "fold-2") == teacher
    assert teachers_hash([pattern], ["fold-1"]) == teachers_hash([str(teacher)], ["fold-1", "fold-2"])
    with pytest.raises(ModelError, match=r"fold-2/model/model\.json: cannot be read"):
        teachers_hash([pattern], ["fold-1", "fold-2"])


def test_another_teacher_has_another_name(teacher: Path, tmp_path: Path) -> None:
    tiny_model(threshold=0.25).save(tmp_path / "other")
    assert teachers_hash([str(teacher)], ["a"]) != teachers_hash([str(tmp_path / "other")], ["a"])
