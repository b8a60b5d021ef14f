"""What ships with the package, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

MODEL, RECOGNISER, KNOWLEDGE = "cdr", "mentions", "ctd"
"""The relation model, the recogniser and the knowledge base that are used unless others are asked for."""


def model_folder(name: str = MODEL) -> Path:
    """The folder of a model that ships."""
    return Path(str(resources.files("bran.assets") / "models" / name))


def recogniser_folder(name: str = RECOGNISER) -> Path:
    """The folder of a recogniser that ships."""
    return Path(str(resources.files("bran.assets") / "recognisers" / name))


def knowledge_folder(name_or_path: str = KNOWLEDGE) -> Path:
    """The folder of the knowledge base that ships under this name; else the name is a path."""
    shipped = Path(str(resources.files("bran.assets") / "knowledge" / name_or_path))
    return shipped if shipped.is_dir() else Path(name_or_path)


def vectors_folder(name_or_path: str) -> Path:
    """The folder of subword vectors that ship under this name; else the name is a path."""
    shipped = Path(str(resources.files("bran.assets") / "vectors" / name_or_path))
    return shipped if shipped.is_dir() else Path(name_or_path)


def lexicon_folder() -> Path:
    """The folder of the lexicon that ships."""
    return Path(str(resources.files("bran.assets") / "lexicon"))
