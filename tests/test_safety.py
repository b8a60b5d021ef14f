"""Nothing that bran reads can make it run anything: no pickle, no eval, no unsafe YAML, no shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

MODULES = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "subprocess", "ctypes"}
BUILTINS = {"eval", "exec", "compile", "__import__", "breakpoint"}
CALLS = {
    "torch.load", "torch.save", "torch.jit.load", "torch.hub.load", "np.load", "np.save", "np.savez", "numpy.load",
    "pd.read_pickle", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "yaml.load_all", "os.system", "os.popen",
}  # fmt: skip


def offences(tree: ast.AST) -> Iterator[str]:
    """What of the above ``tree`` imports or calls, with its line."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            origin = node.module or ""
            names = [origin.partition(".")[0], *(f"{origin}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            names = [called] if (called in BUILTINS or "." in called) and not _unpickles_nothing(node) else []
        yield from (f"{node.lineno}: {name}" for name in names if name in MODULES | BUILTINS | CALLS)


def _unpickles_nothing(call: ast.Call) -> bool:
    """Whether numpy is told, in so many words, to take arrays of numbers and nothing else."""
    return any(ast.unparse(keyword) == "allow_pickle=False" for keyword in call.keywords)


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "np.load(path, allow_pickle=True)",
        "from marshal import loads",
        "def f():\n    import cloudpickle as c",
        "torch.load(path)",
        "from torch import load",
        "yaml.load(text, Loader=yaml.Loader)",
        "eval('1')",
        "x = [exec(line) for line in lines]",
        "import subprocess",
        "os.system('ls')",
    ],
)
def test_what_is_looked_for_is_found(source: str) -> None:
    assert list(offences(ast.parse(source)))


def test_what_only_looks_like_it_is_not() -> None:
    source = "import re\nre.compile('x')\nnetwork.eval()\nyaml.safe_load(text)\nmodel.load(path)\njson.load(file)"
    assert not list(offences(ast.parse(source)))


def test_the_package_runs_nothing_that_it_reads(root: Path) -> None:
    found = {
        f"{path.relative_to(root)}:{offence}"
        for path in (root / "bran").rglob("*.py")
        for offence in offences(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert not found
