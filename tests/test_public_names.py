"""``import bran``: a few names, none of which costs anything before it is used."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import bran


def test_the_package_imports_nothing_of_its_own() -> None:
    code = "import sys, bran; print([name for name in sys.modules if name.startswith('bran.') or name == 'torch'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "[]\n"


def test_public_names_are_there_and_listed() -> None:
    for name in bran.__all__:
        assert getattr(bran, name) is not None
    assert set(bran.__all__) <= set(dir(bran))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = bran.nothing  # type: ignore[attr-defined]


def test_type_checkers_are_told_the_same(root: Path) -> None:
    places: dict[str, str] = {}
    for node in ast.parse((root / "bran" / "__init__.pyi").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            places.update({str(alias.asname): str(node.module) for alias in node.names})
    assert places == bran._PLACES
