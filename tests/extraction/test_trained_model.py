from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bran.corpus.document import Relation
from bran.errors import ConfigError, ModelError
from bran.evaluation.calibration import Calibration, Isotonic, Platt
from bran.evaluation.thresholds import Threshold
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import (
    FORMAT_VERSION,
    ModelDescription,
    TrainedModel,
    read_description,
    replace_description,
    resolve_threshold,
)
from tests.builders import VARIANTS, documents, several_types_documents, several_types_schema, tiny_model, tiny_trainer

FILES = {"model.json", "weights.safetensors", "subwords.json", "README.md"}


def predictions(model: TrainedModel) -> list[dict[Relation, float | None]]:
    docs = documents() if model.description.relation_schema.name == "cdr" else several_types_documents()
    predicted = Predictor(model, precision="fp32").predict(docs, threshold=0)
    return [{relation: relation.score for relation in doc.relations} for doc in predicted]


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_trained_model_predicts_the_same_after_saving_and_loading(tmp_path: Path, variant: str):
    model = tiny_model(*VARIANTS[variant])
    untrained = predictions(model)
    tiny_trainer(model=model.network).run()
    trained = predictions(model)
    assert trained != untrained
    model.save(tmp_path)
    loaded = TrainedModel.load(tmp_path)
    assert predictions(loaded) == trained
    assert loaded.description == model.description
    assert loaded.parameters == model.parameters
    assert not loaded.network.training


def test_several_types_and_windows_survive_too(tmp_path: Path):
    model = tiny_model(schema=several_types_schema(), window=20, overlap=8, threshold=0.37, name="mine")
    model.save(tmp_path)
    loaded = TrainedModel.load(tmp_path)
    assert predictions(loaded) == predictions(model)
    assert (loaded.description.threshold, loaded.description.name) == (0.37, "mine")
    assert loaded.encoder.config.window == 20


def test_the_number_of_weights():
    model = tiny_model("encoder.blocks=0", "embeddings.positions=false", "embeddings.types=false")
    subwords, perceptrons, biaffine, tagger = 200 * 8, 4 * (8 * 8 + 8), 9 * 2 * 9, 8 * 5 + 5
    assert model.parameters == subwords + perceptrons + biaffine + tagger


def test_a_folder_holds_json_and_safetensors_and_nothing_to_run(tmp_path: Path):
    tiny_model().save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    for name in ("model.json", "subwords.json"):
        json.loads((tmp_path / name).read_text(encoding="utf-8"))
    content = (tmp_path / "weights.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert header["encoder.layers.0.layer.project.weight"]["dtype"] == "F32"
    assert (tmp_path / "README.md").read_text(encoding="utf-8").startswith("# tiny\n")


def test_weights_that_fit_in_16_bits_are_stored_so_and_lose_nothing(tmp_path: Path):
    model = tiny_model()
    table = model.network.embeddings.subwords.weight
    with torch.no_grad():
        table.copy_(table.half())
    model.save(tmp_path)
    assert load_file(tmp_path / "weights.safetensors")["embeddings.subwords.weight"].dtype == torch.float16
    loaded = TrainedModel.load(tmp_path).network.state_dict()
    for name, weight in model.network.state_dict().items():
        assert loaded[name].dtype == torch.float32
        assert torch.equal(loaded[name], weight), name


def test_saving_twice_writes_the_same_bytes(tmp_path: Path):
    for name in ("one", "two"):
        tiny_model().save(tmp_path / name)
    for name in FILES:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_what_was_there_is_replaced(tmp_path: Path):
    tiny_model("encoder.blocks=2", name="before").save(tmp_path)
    tiny_model(name="after").save(tmp_path)
    loaded = TrainedModel.load(tmp_path)
    assert loaded.description.name == "after"
    assert predictions(loaded) == predictions(tiny_model())


def test_a_save_that_is_cut_short_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = tiny_model()

    def cut_short(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(model.subwords, "save", cut_short)
    with pytest.raises(KeyboardInterrupt):
        model.save(tmp_path)
    with pytest.raises(ModelError, match="not a model folder"):
        TrainedModel.load(tmp_path)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tiny_model().save(folder)
    return folder


def overwrite(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def remove(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


def cut_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def pickled_weights(folder: Path) -> None:
    torch.save({"a": torch.zeros(1)}, folder / "weights.safetensors")


def fewer_weights(folder: Path) -> None:
    path = folder / "weights.safetensors"
    save_file({name: tensor for name, tensor in load_file(path).items() if "tagger" not in name}, path)


def other_vocabulary(folder: Path) -> None:
    path = folder / "subwords.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["model"]["merges"].pop()
    last = max(data["model"]["vocab"], key=data["model"]["vocab"].get)
    del data["model"]["vocab"][last]
    path.write_text(json.dumps(data), encoding="utf-8")


def edited(change: Callable[[dict], object]) -> Callable[[Path], object]:
    """Change the content of ``model.json``."""

    def edit(folder: Path) -> None:
        path = folder / "model.json"
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data), encoding="utf-8")

    return edit


NO_FOLDER = r"model\.json: not a model folder"
NO_FIT = r"weights\.safetensors: weights do not fit model\.json"
NO_WEIGHTS = r"weights\.safetensors: cannot be read .*expected safetensors"
NO_VOCABULARY = r"subwords\.json: not a subword vocabulary"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (shutil.rmtree, NO_FOLDER),
        (remove("model.json"), NO_FOLDER),
        (overwrite("model.json", b""), NO_FOLDER),
        (overwrite("model.json", b"\xff\x00"), NO_FOLDER),
        (overwrite("model.json", b"[1]"), r"model\.json: format version None; this version of bran reads 1"),
        (edited(lambda data: data.update(format_version=2)), r"model\.json: format version 2; .* reads 1"),
        (edited(lambda data: data.pop("format_version")), r"model\.json: format version None"),
        (edited(lambda data: data.pop("relation_schema")), r"model\.json: key 'relation_schema' is missing"),
        (edited(lambda data: data["model"].update(encodr={})), r"model\.json: unknown key 'model\.encodr'.*'encoder'"),
        (edited(lambda data: data["model"]["encoder"].update(dim=9)), r"model\.json: .* multiple of the 2"),
        (edited(lambda data: data["model"]["encoder"].update(dim=16)), NO_FIT),
        (edited(lambda data: data["model"]["encoder"].update(blocks=2)), NO_FIT),
        (edited(lambda data: data["relation_schema"].update(exclusive=False)), NO_FIT),
        (edited(lambda data: data["encoding"].update(window=640)), NO_FIT),
        (remove("weights.safetensors"), NO_WEIGHTS),
        (overwrite("weights.safetensors", b""), NO_WEIGHTS),
        (cut_weights, NO_WEIGHTS),
        (pickled_weights, NO_WEIGHTS),
        (fewer_weights, NO_FIT + ".*tagger"),
        (remove("subwords.json"), NO_VOCABULARY),
        (overwrite("subwords.json", b"{}"), NO_VOCABULARY),
        (other_vocabulary, NO_FIT),
    ],
)
def test_a_folder_that_is_no_model_is_refused_in_one_line(
    tmp_path: Path, saved: Path, damage: Callable[[Path], object], message: str
):
    folder = shutil.copytree(saved, tmp_path / "model")
    damage(folder)
    with pytest.raises(ModelError, match=message) as caught:
        TrainedModel.load(folder)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)
    assert len(str(caught.value)) < 600


def test_the_description_alone_can_be_read(saved: Path):
    description = read_description(saved)
    assert isinstance(description, ModelDescription)
    assert (description.format_version, description.name) == (FORMAT_VERSION, "tiny")
    assert description == tiny_model().description


CALIBRATION = Calibration(
    default=Isotonic(scores=(0.1, 0.5), values=(0.05, 0.6)), types={"CID": Platt(slope=2, intercept=-1)}
)
THRESHOLDS = {
    "best-f1": Threshold(value=0.25, precision=0.5, recall=0.7, f1=0.6),
    "p80": Threshold(value=0.75, precision=0.8, recall=0.2, f1=0.3),
}


def test_calibration_and_thresholds_survive_saving_and_loading(tmp_path: Path):
    model = tiny_model()
    model.description = model.description.model_copy(update={"calibration": CALIBRATION, "thresholds": THRESHOLDS})
    model.save(tmp_path)
    loaded = read_description(tmp_path)
    assert (loaded.calibration, loaded.thresholds) == (CALIBRATION, THRESHOLDS)
    assert "| p80 | 0.7500 | 80.0 | 20.0 | 30.0 |" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_folder_from_before_calibrations_still_loads(tmp_path: Path, saved: Path):
    folder = shutil.copytree(saved, tmp_path / "model")
    edited(lambda data: [data.pop(key) for key in ("calibration", "thresholds")])(folder)
    description = TrainedModel.load(folder).description
    assert (description.calibration, description.thresholds) == (None, {})
    assert resolve_threshold(description, None) == description.threshold


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("calibration", {"default": {"kind": "platt", "slope": -1, "intercept": 0}}, r"calibration\.default.*slope"),
        ("calibration", {"types": {}}, r"key 'calibration\.default' is missing"),
        ("thresholds", {"p90": 0.5}, r"thresholds\.p90"),
        ("thresholds", {"p90": {"value": 0.5}}, r"key 'thresholds\.p90\.precision' is missing"),
    ],
)
def test_a_damaged_calibration_is_refused_in_one_line(
    tmp_path: Path, saved: Path, key: str, value: object, message: str
):
    folder = shutil.copytree(saved, tmp_path / "model")
    edited(lambda data: data.update({key: value}))(folder)
    with pytest.raises(ModelError, match=rf"model\.json: .*{message}") as caught:
        read_description(folder)
    assert "\n" not in str(caught.value)


def test_another_description_leaves_the_weights(tmp_path: Path, saved: Path):
    folder = shutil.copytree(saved, tmp_path / "model")
    description = read_description(folder).model_copy(update={"thresholds": THRESHOLDS})
    replace_description(folder, description)
    assert read_description(folder) == description
    assert predictions(TrainedModel.load(folder)) == predictions(TrainedModel.load(saved))
    assert {path.name for path in folder.iterdir()} == FILES
    assert "## Thresholds by name" in (folder / "README.md").read_text(encoding="utf-8")


def test_the_threshold_that_is_asked_for():
    description = tiny_model(threshold=0.3).description.model_copy(update={"thresholds": THRESHOLDS})
    assert [resolve_threshold(description, text) for text in (None, "p80", "0.9")] == [0.3, 0.75, 0.9]
    with pytest.raises(ConfigError, match=r"threshold 'p90': .* one of best-f1 \(0\.25\), p80 \(0\.75\)"):
        resolve_threshold(description, "p90")
