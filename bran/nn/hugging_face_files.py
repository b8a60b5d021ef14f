"""The folder of a Hugging Face encoder: config, tokenizer and weights. Nothing in it is executed, and no pickle read.

A name that is no folder is looked for in the hub's cache on this machine; the network is used when a config allows it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from bran.encoding.pretrained_subwords import SHIFT, PretrainedSubwords
from bran.errors import ConfigError, NetworkError
from bran.nn.hugging_face import HuggingFaceConfig, HuggingFaceEmbeddings, HuggingFaceEncoder
from bran.nn.hugging_face_library import Architecture, library
from bran.nn.model import Bran
from bran.wording import counted, one_line

_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What is fetched from the hub: no code, and no weights in other formats."""
_DIGITS = 12


def find_folder(config: HuggingFaceConfig) -> Path:
    """The folder that ``config.name`` names, or the one in the hub's cache.

    Raises:
        ConfigError: when there is none, and it may not be fetched.
        NetworkError: when it cannot be fetched.
    """
    library()
    folder = Path(config.name).expanduser()
    if folder.is_dir():
        return folder
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    where = f"model.encoder.name = {config.name}"
    try:
        found = snapshot_download(
            config.name, revision=config.revision, local_files_only=not config.download, allow_patterns=list(_FILES)
        )
    except HFValidationError:
        raise ConfigError(f"{where}: no such folder; expected one, or the name of an encoder on the hub") from None
    except (OSError, ValueError, HfHubHTTPError) as error:
        if config.download:
            reason = one_line(error, most=200)
            raise NetworkError(f"{where}: cannot be fetched from the hub ({reason})") from None
        raise ConfigError(
            f"{where}: no such folder, and not in the hub's cache; expected a folder, or a name on the hub with "
            "model.encoder.download = true, which fetches it"
        ) from None
    return Path(found)


def completed(config: HuggingFaceConfig) -> HuggingFaceConfig:
    """``config`` with the architecture that its folder has; weights are not read.

    Raises:
        ConfigError: when there is no such folder, or no encoder and tokenizer of a known type in it.
        NetworkError: when it cannot be fetched.
    """
    folder = find_folder(config)
    tokenizer = _read(folder, "AutoTokenizer", "tokenizer")
    hidden = tokenizer.mask_token_id if tokenizer.mask_token_id is not None else tokenizer.unk_token_id
    if hidden is None:
        raise ConfigError(f"{folder}: its tokenizer has neither a mask nor an unknown token; expected one of them")
    before, after = _subwords(folder, tokenizer).special
    written = json.loads(_read(folder, "AutoConfig", "encoder").to_json_string(use_diff=False))
    settings = {name: value for name, value in written.items() if not name.startswith("_")}
    architecture = Architecture(config=settings, before=before, after=after, hidden=hidden)
    return config.model_copy(update={"architecture": architecture})


def read_subwords(config: HuggingFaceConfig) -> PretrainedSubwords:
    """The tokenizer in the folder of ``config``.

    Raises:
        ConfigError: when there is no folder, or none in it that ``tokenizers`` runs.
    """
    folder = find_folder(config)
    return _subwords(folder, _read(folder, "AutoTokenizer", "tokenizer"))


@torch.no_grad()
def take_weights(config: HuggingFaceConfig, network: Bran) -> None:
    """Set embeddings and encoder of ``network`` to what the folder of ``config`` holds.

    Args:
        config: with its architecture.
        network: built by it, for the vocabulary of the folder's tokenizer.

    Raises:
        ConfigError: when the folder has no safetensors, weights of another architecture, or a tokenizer with more
            subwords than the encoder.
    """
    embeddings, encoder = network.embeddings, network.encoder
    if not (isinstance(embeddings, HuggingFaceEmbeddings) and isinstance(encoder, HuggingFaceEncoder)):
        raise TypeError("the network was built by another config")
    folder, known = find_folder(config), config.known
    model = _read_weights(folder)
    table = model.get_input_embeddings().weight
    own = len(embeddings.subwords.weight) - SHIFT
    if own > len(table):
        raise ConfigError(
            f"{folder}: its tokenizer has {own} subwords, its encoder {len(table)}; expected its own tokenizer"
        )
    embeddings.take(table, hidden=known.hidden)
    encoder.before.copy_(table[list(known.before)])
    encoder.after.copy_(table[list(known.after)])
    weights = model.state_dict()
    encoder.model.load_state_dict({name: weights[name] for name in encoder.model.state_dict()})


def folder_hash(config: HuggingFaceConfig) -> str:
    """Twelve hexadecimal digits of the SHA-256 of what the folder of ``config`` holds of an encoder.

    Raises:
        ConfigError: when there is no such folder.
    """
    folder, total = find_folder(config), hashlib.sha256()
    for path in sorted({path for pattern in _FILES for path in folder.glob(pattern)}):
        total.update(path.name.encode())
        with path.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()[:_DIGITS]


def _read(folder: Path, loader: str, what: str) -> Any:
    """What transformers reads from ``folder`` with the class called ``loader``; no code of the folder runs."""
    try:
        return getattr(library(), loader).from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except (ImportError, KeyError, OSError, TypeError, ValueError) as error:
        reason = one_line(error, most=200)
        raise ConfigError(f"{folder}: no {what} that transformers knows ({reason})") from None


def _subwords(folder: Path, tokenizer: Any) -> PretrainedSubwords:
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ConfigError(f"{folder}: a {type(tokenizer).__name__} tells no offsets; expected a tokenizer.json")
    return PretrainedSubwords(backend)


def _read_weights(folder: Path) -> Any:
    """The pretrained model, all of whose weights were there but for those of a pooler."""
    if not any(folder.glob("*.safetensors")):
        raise ConfigError(f"{folder}: holds no *.safetensors; expected such weights, pickled ones are not read")
    try:
        model, found = library().AutoModel.from_pretrained(
            str(folder),
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (KeyError, OSError, RuntimeError, SafetensorError, ValueError) as error:
        reason = one_line(error, most=200)
        raise ConfigError(f"{folder}: weights cannot be read ({reason}); expected those of its config.json") from None
    missing = sorted(name for name in found["missing_keys"] if not name.startswith("pooler"))
    if missing:
        lacking = counted(len(missing), "weight")
        raise ConfigError(f"{folder}: lacks {lacking} of its config.json, {missing[0]} the first")
    return model
