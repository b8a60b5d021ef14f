"""The files around the package agree with each other and with the package."""

from __future__ import annotations

import ast
import hashlib
import re
import sys
import tomllib
from collections import deque
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import bran
from bran import errors
from bran.cli.main import EXIT_CODES

CONDA_NAMES = {"pytorch": "torch"}
PIP_ONLY = {"scispacy"}
DISTRIBUTIONS = {"marisa_trie": "marisa-trie", "pydantic_core": "pydantic", "sklearn": "scikit-learn", "yaml": "pyyaml"}
"""Of modules that are called otherwise than what is installed."""
UNPINNED = re.compile(r"nvidia-|cuda-|triton$")
"""What CUDA builds of torch need; torch itself names the exact versions."""


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, Version]:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): Version(version) for name, version in pairs}


@pytest.fixture(scope="module")
def environment(root: Path) -> dict[str, Any]:
    return yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))


def requirements(project: dict[str, Any]) -> list[Requirement]:
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for text in [*project["dependencies"], *(text for extra in extras for text in extra)]]


def spelled(text: str) -> tuple[str, str]:
    """The name and the ranges of a requirement, the ranges as they are written."""
    name = re.match(r"[A-Za-z0-9._-]+", text)
    assert name, text
    return CONDA_NAMES.get(name[0], name[0]), text[name.end() :]


def test_conda_environment_lists_the_dependencies_of_the_package(
    project: dict[str, Any], environment: dict[str, Any]
) -> None:
    listed = [item for item in environment["dependencies"] if isinstance(item, str)]
    (pip,) = [item["pip"] for item in environment["dependencies"] if isinstance(item, dict)]
    conda = dict(spelled(item) for item in listed if item != "pip")
    assert conda.pop("python") == project["requires-python"]
    by_pip = dict(spelled(item) for item in pip if item != "-e .")
    assert by_pip.keys() == PIP_ONLY
    assert conda | by_pip == dict(spelled(item) for item in project["dependencies"])
    assert "-e ." in pip


def test_what_is_imported_is_what_is_required(root: Path, project: dict[str, Any]) -> None:
    modules: set[str] = set()
    for path in (root / "bran").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                modules.add((node.module or "").partition(".")[0])
    imported = {DISTRIBUTIONS.get(name, name) for name in modules - sys.stdlib_module_names - {"bran"}}
    required = {Requirement(text).name for text in project["dependencies"]}
    optional = {requirement.name for requirement in requirements(project)}
    assert required <= imported <= optional


def test_every_requirement_has_a_pin_within_its_range(project: dict[str, Any], pins: dict[str, Version]) -> None:
    for requirement in requirements(project):
        assert requirement.specifier.contains(pins[canonicalize_name(requirement.name)]), requirement


def test_pins_cover_what_is_installed_with_the_package(project: dict[str, Any], pins: dict[str, Version]) -> None:
    seen: set[tuple[str, frozenset[str]]] = set()
    queue = deque(requirements(project))
    while queue:
        requirement = queue.popleft()
        name = canonicalize_name(requirement.name)
        if (name, frozenset(requirement.extras)) in seen or UNPINNED.match(name):
            continue
        seen.add((name, frozenset(requirement.extras)))
        try:
            needed = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # an extra that is not installed here
        assert name in pins, f"constraints.txt has no pin of {name}"
        for text in needed:
            child = Requirement(text)
            if child.marker is None or any(child.marker.evaluate({"extra": e}) for e in requirement.extras or {""}):
                queue.append(child)


def test_torch_is_pinned_without_a_build(pins: dict[str, Version]) -> None:
    assert pins["torch"].local is None, "+cpu or +cu would hide the other builds from pip"


def test_version_and_changelog_agree(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == bran.__version__
    newest = re.search(r"^## \[?([0-9][^\]\s]*)", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest, "CHANGELOG.md has no section of a version"
    assert newest[1] == bran.__version__


def test_version_stands_in_one_place(root: Path, project: dict[str, Any]) -> None:
    assert "version" not in project
    assert project["dynamic"] == ["version"]
    holders = [path for path in (root / "bran").rglob("*.py") if "__version__ =" in path.read_text(encoding="utf-8")]
    assert holders == [root / "bran" / "__init__.py"]


def test_license_is_the_full_apache_license(root: Path, project: dict[str, Any]) -> None:
    assert project["license"] == "Apache-2.0"
    words = (root / "LICENSE").read_text(encoding="utf-8").split()
    digest = hashlib.sha256(" ".join(words).encode()).hexdigest()
    assert digest == "0ffddef9e48f8a09aed5caf2d44f7ba1c1be2d9b8e0a6f693b1635b2d5566645"


def pages(root: Path) -> list[Path]:
    return [*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "samples").glob("*.md")]


def test_links_between_the_pages_lead_somewhere(root: Path) -> None:
    broken = []
    for page in pages(root):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
            if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(root)}: {target}")
    assert not broken


def test_files_that_the_pages_name_exist(root: Path) -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages(root))
    named = set(
        re.findall(r"\b(?:pipelines|samples|docs|benchmarks|tests|bran)/[\w./-]+\.(?:yaml|yml|txt|md|py)\b", text)
    )
    assert sorted(name for name in named if not (root / name).exists()) == []


def test_readme_lists_the_plain_calls_of_the_make_targets(root: Path) -> None:
    readme = (root / "README.md").read_text(encoding="utf-8")
    for call in (
        "python3 -m venv .venv",
        ".venv/bin/pip install -c constraints.txt -e .",
        ".venv/bin/bran extract samples/*.txt",
        ".venv/bin/python -m pytest",
    ):
        assert call in readme


def test_exit_codes_are_those_of_the_exceptions_and_documented(root: Path) -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.BranError)]
    assert {kind.exit_code for kind in kinds} | {errors.EXIT_SKIPPED} < EXIT_CODES.keys()
    page = (root / "docs" / "errors.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (\d+) \|", page, re.MULTILINE)) == {str(code) for code in EXIT_CODES}
    for kind in kinds:
        assert f"`{kind.__name__}`" in page


def test_samples_are_pubtator_with_true_offsets(samples: list[Path]) -> None:
    assert 6 <= len(samples) <= 8
    for sample in samples:
        title, abstract, *rows = sample.read_text(encoding="utf-8").rstrip("\n").split("\n")
        text = title.split("|", 2)[2] + " " + abstract.split("|", 2)[2]
        for row in rows:
            _, start, end, surface, kind, *_ = row.split("\t")
            assert text[int(start) : int(end)] == surface, row
            assert kind in {"Chemical", "Disease"}


def test_project_names_no_place_outside_itself(root: Path) -> None:
    """Absolute paths of the machine that something was written on have no place in the project."""
    home = re.compile(r"/(?:home|root|Users|work|tmp)/\w")
    texts = [*pages(root), *(root / "bran").rglob("*.py"), *(root / "pipelines").rglob("*.yml")]
    assert not [str(page) for page in texts if home.search(page.read_text(encoding="utf-8"))]
