from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.errors import ConfigError, DuplicateDocumentError
from bran.workflows.studies import plan as plan_module
from bran.workflows.studies.plan import plan_study
from tests.builders import tiny_model
from tests.language_models import pretrained
from tests.runs import KFOLD, TEMPORAL, TREE, abstracts, write_corpus
from tests.studies import small_corpus, small_plan, small_study


def keys(plan: Any) -> dict[str, str]:
    return {run.name: run.key for run in plan.runs}


def test_the_grid_is_every_row_with_every_seed_on_every_fold(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, seeds=[0, 5], splits=[KFOLD, TEMPORAL])
    names = {
        f"{row}/{seed}/{split}"
        for row in ("base", "cnn-only", "max")
        for seed in (0, 5)
        for split in ("fold-1", "fold-2", "cut-1")
    }
    assert {run.name for run in plan.runs} == names
    assert len({run.key for run in plan.runs}) == len(names)
    assert [run.row for run in plan.runs[:3]] == ["base", "cnn-only", "max"]


def test_keys_stay_when_the_study_grows(tmp_path: Path) -> None:
    before = keys(small_plan(tmp_path))
    more = {"two": {"model.encoder.blocks": 2}, "also-max": {"model.scorer.pooling.kind": "max"}}
    after = keys(small_plan(tmp_path, name="other", seeds=[0, 1], splits=[KFOLD, TEMPORAL], variants=more))
    assert before["base/0/fold-1"] == after["base/0/fold-1"]
    assert before["max/0/fold-2"] == after["also-max/0/fold-2"]


def test_keys_change_with_all_that_decides_a_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = small_study(tmp_path)
    before = keys(small_plan(tmp_path))
    other_corpus = keys(small_plan(tmp_path, tuple(abstracts(11))))
    other_mesh = keys(plan_study(study, small_corpus(), mesh=MeshTree({"MESH:D1": ("C01",)})))
    other_config = keys(small_plan(tmp_path, changes={"training.epochs": 3}))
    other_folds = keys(small_plan(tmp_path, splits=[{**KFOLD, "seed": 6}]))
    monkeypatch.setattr(plan_module, "code_hash", lambda: "another")
    other_code = keys(small_plan(tmp_path))
    for other in (other_corpus, other_mesh, other_config, other_folds, other_code):
        assert other.keys() == before.keys()
        assert not set(other.values()) & set(before.values())


def test_runs_are_selected_by_name(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, seeds=[1, 11])
    assert plan.select([]) == plan.runs
    assert {run.name for run in plan.select(["max/1"])} == {"max/1/fold-1", "max/1/fold-2"}
    assert [run.name for run in plan.select(["cnn-only/11/fold-2", "cnn-only/1/fold-1"])] == [
        "cnn-only/1/fold-1",
        "cnn-only/11/fold-2",
    ]
    assert len(plan.select(["base"])) == 4
    with pytest.raises(ConfigError, match=r"run 'bas': is not in the study; .* base, cnn-only, max"):
        plan.select(["bas"])


ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "more folds than documents": ({"splits": [{**KFOLD, "folds": 13}]}, "13 folds of 12 documents"),
    "no document to train on": (
        {"splits": [{**TEMPORAL, "test_size": 12}]},
        "split cut-1: no document is left to train on",
    ),
    "no document to validate on": (
        {"splits": [{**KFOLD, "validation": 0.01}]},
        "split fold-1: no document is left to validate on (0.01 of 6)",
    ),
    "a kind of split twice": ({"splits": [KFOLD, {**KFOLD, "seed": 1}]}, "splits: 'fold-1' stands twice"),
    "heads": ({"variants": {"a": {"model.encoder.attention.heads": 3}}}, "variant 'a': "),
    "vectors": ({"variants": {"a": {"vectors": "absent"}}}, "vectors 'absent': no such folder"),
    "start": ({"variants": {"a": {"init": "absent"}}}, "variant 'a': absent/model.json: not a model folder"),
}


def test_a_variant_may_start_from_an_encoder_that_fits(tmp_path: Path) -> None:
    pretrained(tmp_path / "encoder")
    init = {"init": str(tmp_path / "encoder" / "model")}
    plan = small_plan(tmp_path, variants={"pretrained": init, "again": {**init, "model.encoder.dropout": 0.2}})
    assert len({run.key for run in plan.runs}) == 6
    before = keys(plan)
    pretrained(tmp_path / "other", "training.seed=1")
    (tmp_path / "encoder").rename(tmp_path / "earlier")
    (tmp_path / "other").rename(tmp_path / "encoder")
    after = keys(small_plan(tmp_path, variants={"pretrained": init}))
    assert after["pretrained/0/fold-1"] != before["pretrained/0/fold-1"]
    assert after["base/0/fold-1"] == before["base/0/fold-1"]
    with pytest.raises(ConfigError, match=r"variant 'wide': .* has model\.encoder\.dim = 8; expected 16"):
        small_plan(tmp_path, variants={"wide": {**init, "model.encoder.dim": 16}})


def test_a_variant_may_read_weak_documents_that_are_not_scored(tmp_path: Path) -> None:
    gold, rest = abstracts()[:8], abstracts()[8:]
    path = write_corpus(tmp_path / "weak.txt", rest)
    taught = {"kind": "teacher", "model": str(tmp_path / "{split}" / "model")}
    for split in ("fold-1", "fold-2"):
        tiny_model().save(tmp_path / split / "model")
    variants = {"weak": {"weak": {"documents": str(path)}}, "taught": {"unstated": taught}}
    before = keys(small_plan(tmp_path, tuple(gold), variants=variants))
    tiny_model(threshold=0.25).save(tmp_path / "fold-2" / "model")
    after = keys(small_plan(tmp_path, tuple(gold), variants=variants))
    assert {name for name, key in after.items() if before[name] != key} == {"taught/0/fold-2"}
    write_corpus(path, rest[1:])
    changed = keys(small_plan(tmp_path, tuple(gold), variants=variants))
    assert {name for name, key in changed.items() if after[name] != key} == {"weak/0/fold-1", "weak/0/fold-2"}
    write_corpus(path, [*rest, gold[0]])
    with pytest.raises(DuplicateDocumentError, match=r"weak\.txt \(document 1000\): is document 1000 of the corpus"):
        small_plan(tmp_path, tuple(gold), variants=variants)


@pytest.mark.parametrize("case", ERRORS)
def test_what_could_not_be_run_is_named(tmp_path: Path, case: str) -> None:
    given, message = ERRORS[case]
    with pytest.raises(ConfigError) as error:
        small_plan(tmp_path, **given)
    assert message in str(error.value)


def test_a_split_without_a_test_part_is_refused(tmp_path: Path) -> None:
    study = small_study(tmp_path, splits=[{"kind": "given", "test": None}])
    documents = tuple(abstracts())
    corpus = Corpus(documents, {document.id: "training" for document in documents})
    with pytest.raises(ConfigError, match="split given: no document is left to test on"):
        plan_study(study, corpus, mesh=TREE)
