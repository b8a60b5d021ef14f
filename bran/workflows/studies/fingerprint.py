"""Hashes of what decides a result beside the config and the corpus: the code, and files that a config names."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import bran
from bran.config import config_hash
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import load_schema
from bran.errors import ConfigError
from bran.workflows.bundled import knowledge_folder, vectors_folder
from bran.workflows.pretrained_encoders import encoder_hash
from bran.workflows.run_config import RunConfig

CODE = ("encoding", "nn", "training")
"""The packages of bran whose code decides a result."""


@cache
def code_hash() -> str:
    """Twelve hexadecimal digits that name the sources of :data:`CODE`."""
    root = Path(bran.__file__).parent
    return _files_hash(root, [path for name in CODE for path in (root / name).rglob("*.py")])


def named_hashes(config: RunConfig) -> dict[str, str]:
    """Names the content of what ``config`` only names: the schema, the vectors, model or encoder that runs start
    from, the knowledge base, and documents beside the corpus.

    Raises:
        ConfigError: when there is no such schema, or nothing to start from or to read where the config says.
    """
    hashes = {"schema": config_hash(load_schema(config.relation_schema))}
    if config.vectors is not None:
        folder = vectors_folder(config.vectors)
        hashes["vectors"] = _folder_hash(folder, f"vectors {config.vectors!r}", writer="bran vectors")
    if config.knowledge is not None:
        folder = knowledge_folder(config.knowledge)
        hashes["knowledge"] = _folder_hash(folder, f"knowledge {config.knowledge!r}", writer="bran knowledge build")
    if config.init is not None:
        hashes["init"] = _folder_hash(Path(config.init), f"init {config.init!r}", writer="bran pretrain")
    if config.weak is not None:
        hashes["weak"] = _file_hash(Path(config.weak.documents), f"weak.documents {config.weak.documents!r}")
    encoder = encoder_hash(config.model)
    if encoder is not None:
        hashes["encoder"] = encoder
    return hashes


def mesh_hash(mesh: MeshTree) -> str:
    """Names the content of the tree that the hypernym filter uses."""
    return data_hash(sorted(mesh.tree_numbers.items()))


def data_hash(data: Any) -> str:
    """Twelve hexadecimal digits that name ``data``, which is ready for JSON."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:12]


def _folder_hash(folder: Path, name: str, *, writer: str) -> str:
    if not folder.is_dir():
        raise ConfigError(f"{name}: no such folder; expected what `{writer}` writes")
    return _files_hash(folder, [path for path in folder.iterdir() if path.is_file()])


def _file_hash(path: Path, name: str) -> str:
    if not path.is_file():
        raise ConfigError(f"{name}: no such file; expected what `bran corpus weak` writes")
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _files_hash(root: Path, paths: list[Path]) -> str:
    digests = {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    return data_hash(digests)
