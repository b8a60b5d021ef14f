from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import bran
from bran.corpus.mesh import MeshTree
from bran.encoding.vectors import SubwordVectors, VectorConfig
from bran.errors import ConfigError
from bran.workflows.studies import fingerprint
from bran.workflows.studies.fingerprint import CODE, code_hash, mesh_hash, named_hashes
from tests.language_models import pretrained
from tests.runs import run_config


def copied_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The hash of the package under ``tmp_path``."""
    code_hash.cache_clear()
    monkeypatch.setattr(fingerprint.bran, "__file__", str(tmp_path / "bran" / "__init__.py"))
    found = code_hash()
    monkeypatch.undo()
    code_hash.cache_clear()
    return found


def test_code_that_decides_a_result_has_a_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(bran.__file__).parent
    for name in (*CODE, "cli"):
        shutil.copytree(root / name, tmp_path / "bran" / name, ignore=shutil.ignore_patterns("__pycache__"))
    same = copied_hash(tmp_path, monkeypatch)
    (tmp_path / "bran" / "cli" / "main.py").write_text("")
    (tmp_path / "bran" / "nn" / "notes.txt").write_text("no code")
    assert copied_hash(tmp_path, monkeypatch) == same
    for name in CODE:
        before = copied_hash(tmp_path, monkeypatch)
        path = tmp_path / "bran" / name / "__init__.py"
        path.write_text(path.read_text() + "\nx = 1\n")
        assert copied_hash(tmp_path, monkeypatch) != before


def test_vectors_have_the_hash_of_their_content(tmp_path: Path) -> None:
    texts = ["velorin induced tremor in two men", "velorin and pain in three men"]
    assert set(named_hashes(run_config())) == {"schema"}
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        config = VectorConfig(dim=4, seed=seed, subwords={"vocabulary": 64, "min_frequency": 1})
        SubwordVectors.learn(texts if folder != "c" else texts[:1], config).save(tmp_path / folder)
    hashes = [named_hashes(run_config(vectors=str(tmp_path / folder)))["vectors"] for folder in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]
    with pytest.raises(ConfigError, match="vectors 'absent': no such folder"):
        named_hashes(run_config(vectors="absent"))


def test_a_knowledge_base_has_the_hash_of_its_content(tmp_path: Path) -> None:
    config = run_config("model.scorer.structure=4", "model.scorer.knowledge=[causes]", knowledge=str(tmp_path))
    (tmp_path / "knowledge.safetensors").write_bytes(b"one")
    first = named_hashes(config)
    (tmp_path / "knowledge.safetensors").write_bytes(b"two")
    second = named_hashes(config)
    assert first.keys() == second.keys() == {"schema", "knowledge"}
    assert first["knowledge"] != second["knowledge"]
    missing = run_config("model.scorer.structure=4", "model.scorer.knowledge=[causes]", knowledge="nowhere")
    with pytest.raises(ConfigError, match=r"knowledge 'nowhere': no such folder; expected what `bran knowledge build`"):
        named_hashes(missing)


def test_a_start_has_the_hash_of_its_content(tmp_path: Path) -> None:
    for folder, seed in (("a", 0), ("b", 0), ("c", 1)):
        pretrained(tmp_path / folder, f"training.seed={seed}")
    hashes = [named_hashes(run_config(init=str(tmp_path / folder / "model")))["init"] for folder in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]
    with pytest.raises(ConfigError, match="init 'absent': no such folder; expected what `bran pretrain` writes"):
        named_hashes(run_config(init="absent"))


def test_weak_documents_have_the_hash_of_their_content(tmp_path: Path) -> None:
    path = tmp_path / "weak.txt"
    config = run_config(weak={"documents": str(path)})
    with pytest.raises(
        ConfigError, match=r"weak\.documents '.*weak\.txt': no such file; expected what `bran corpus weak`"
    ):
        named_hashes(config)
    found = [named_hashes(config)["weak"] for text in ("a", "b", "a") if path.write_text(text)]
    assert found[0] == found[2] != found[1]
    assert "weak" not in named_hashes(run_config())


def test_a_schema_has_the_hash_of_its_content(tmp_path: Path) -> None:
    path = tmp_path / "schema.yaml"
    hashes = []
    for symmetric in ("false", "true"):
        path.write_text(
            "name: mine\nentity_types: {A: {}}\n"
            f"relation_types: {{binds: {{pairs: [[A, A]], symmetric: {symmetric}}}}}\n"
        )
        hashes.append(named_hashes(run_config(schema=str(path)))["schema"])
    assert hashes[0] != hashes[1]


def test_trees_have_the_hash_of_their_content() -> None:
    one = {"MESH:D1": ("C01",), "MESH:D2": ("C02", "C03")}
    assert mesh_hash(MeshTree(one)) == mesh_hash(MeshTree(dict(reversed(one.items()))))
    assert mesh_hash(MeshTree(one)) != mesh_hash(MeshTree({"MESH:D1": ("C01",)}))
