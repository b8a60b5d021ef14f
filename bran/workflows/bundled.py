"""What ships with the package, by name."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

MODEL = "cdr"
"""The model that is used unless another is asked for."""


def model_folder(name: str = MODEL) -> Path:
    """The folder of a model that ships."""
    return Path(str(resources.files("bran.assets") / "models" / name))


def vectors_folder(name_or_path: str) -> Path:
    """The folder of subword vectors that ship under this name; else the name is a path."""
    shipped = Path(str(resources.files("bran.assets") / "vectors" / name_or_path))
    return shipped if shipped.is_dir() else Path(name_or_path)
