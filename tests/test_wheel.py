"""The wheel, built and installed outside the clone, carries all that the command needs."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Standard output of ``command``, which must succeed."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, root, cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a new environment with the wheel in it.

    Its dependencies are those of the environment that runs the tests, whose folder is put on the path;
    the ``.pth`` files in there, an editable install of the clone among them, are not read.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder / "venv"), "platbase": str(folder / "venv")})
    Path(paths["purelib"], "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    scripts = Path(paths["scripts"])
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(scripts / "python")]
    run(*pip, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    return scripts


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"bran"}
    assert {"bran/py.typed", "bran/corpus/schemas/cdr.yaml"} <= names
    assert any(name.startswith("bran/assets/") and name.endswith(".safetensors") for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert not [name for name in names if "__pycache__" in name]
    assert wheel.stat().st_size < 30e6


def test_installed_package_is_the_one_of_the_wheel(installed: Path, root: Path, tmp_path: Path) -> None:
    place = run(installed / "python", "-c", "import bran; print(bran.__file__)", cwd=tmp_path).strip()
    assert Path(place).is_relative_to(installed.parent)
    assert not Path(place).is_relative_to(root)


def test_installed_command_extracts(installed: Path, samples: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "relations.tsv"
    run(installed / "bran", "extract", *samples, "-o", output, cwd=tmp_path)
    header, *rows = output.read_text(encoding="utf-8").splitlines()
    assert header.split("\t")[:4] == ["document", "type", "head", "head_name"]
    assert {row.split("\t")[0] for row in rows} <= {f"9900000{number}" for number in range(1, 9)}
    assert any(row.split("\t")[1] == "CID" for row in rows)
