"""The tutorial notebook runs from beginning to end, and its cells show what its words promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def path(root: Path) -> Path:
    return root / "examples" / "tutorial.ipynb"


def read(path: Path) -> Any:
    return pytest.importorskip("nbformat", reason="needs nbformat (the extra `dev`)").read(path, as_version=4)


def test_it_is_kept_without_outputs(path: Path) -> None:
    code = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert code
    assert not [cell for cell in code if cell.outputs or cell.execution_count]


@pytest.mark.slow
def test_it_runs(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("ipykernel", reason="needs ipykernel (the extra `dev`)")
    nbclient = pytest.importorskip("nbclient", reason="needs nbclient (the extra `dev`)")

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))
    notebook = read(path)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not [output for output in shown if output.output_type == "error"]
    html = [output.data["text/html"] for output in shown if "text/html" in output.get("data", {})]
    assert "bran-document" in html[0]
    assert "catalepsy" in html[0]
    assert any("bran-table" in part for part in html)
    assert html[-1].count("<tr") == 9
