"""What the documentation says can be done: its examples run, its commands exist, every command is in it."""

from __future__ import annotations

import doctest
import re
import shlex
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from bran.cli.main import app
from bran.corpus.readers import READERS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
HOWTOS = sorted((ROOT / "docs" / "howto").glob("*.md"))
_FENCE = re.compile(
    r'^```(?P<kind>\w+)(?: title="(?P<title>[^"]+)")?[^\n]*\n(?P<body>.*?)^```$', re.MULTILINE | re.DOTALL
)
_COMMAND = re.compile(r"^(?:\$ )?(?:[\w./]*/)?bran (?P<arguments>.*)$")
_END = {"|", ">", "<", "&&", ";", "2>", "&"}


def fences(path: Path) -> Iterator[tuple[str, str | None, str]]:
    """Language, title and content of every fenced block of a page."""
    for match in _FENCE.finditer(path.read_text(encoding="utf-8")):
        yield match["kind"], match["title"], match["body"]


def commands(page: Path) -> Iterator[list[str]]:
    """The arguments of every ``bran ...`` in the shell blocks of a page."""
    for kind, _, body in fences(page):
        if kind not in ("sh", "console"):
            continue
        for line in body.replace("\\\n", " ").splitlines():
            for part in re.split(r" \| | && ", line):
                if match := _COMMAND.match(part.strip()):
                    yield list(_until_end(shlex.split(match["arguments"], comments=True)))


def _until_end(words: list[str]) -> Iterator[str]:
    for word in words:
        if word in _END:
            return
        yield word


ROOT_COMMAND: Any = typer.main.get_command(app)


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The names of every command that does something."""
    if hasattr(command, "commands"):
        for name, child in command.commands.items():
            yield from leaves(child, (*path, name))
    else:
        yield path


def check(arguments: list[str]) -> None:
    """Parse ``arguments`` as ``bran`` would, and run nothing.

    Raises:
        AssertionError: when an option or command does not exist.
        Exception: as typer raises it, when something is missing or has a wrong value.
    """
    command, rest = ROOT_COMMAND, list(arguments)
    while rest and rest[0] == "--debug":
        rest = rest[1:]
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        if rest[0] not in command.commands:
            raise AssertionError(f"no command {rest[0]!r} in: bran {shlex.join(arguments)}")
        command, rest = command.commands[rest[0]], rest[1:]
    options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
    known = {"--help", "--version"} | {name for name in options if name.startswith("-")}
    for word in rest:
        if word.startswith("-") and len(word) > 1 and not re.fullmatch(r"-[\d.]+", word):
            assert word.partition("=")[0] in known, f"no option {word!r} in: bran {shlex.join(arguments)}"
    if "..." in rest or "--help" in rest or "--version" in rest:
        return  # abridged
    command.make_context("bran", rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_the_documentation_exist(page: Path) -> None:
    for arguments in commands(page):
        try:
            check(arguments)
        except Exception as error:
            if type(error).__name__ in ("Exit", "Abort"):
                continue
            raise AssertionError(f"{page.name}: bran {shlex.join(arguments)}: {error}") from error


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    missing = [" ".join(path) for path in leaves(ROOT_COMMAND) if not re.search(rf"\bbran {' '.join(path)}\b", text)]
    assert not missing


@pytest.mark.parametrize("page", HOWTOS, ids=lambda page: page.stem)
def test_a_guide_does_what_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Titled blocks are files; then sessions and commands run in order, and give what stands there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    before, known = set(sys.modules), dict(READERS)
    for _, title, body in fences(page):
        if title:
            Path(title).write_text(body, encoding="utf-8")
    names: dict[str, Any] = {}
    ran = 0
    try:
        for kind, title, body in fences(page):
            if kind == "pycon" and not title:
                ran += _run_session(body, names, page.name)
            elif kind == "console":
                ran += _run_commands(body)
    finally:
        _forget(set(sys.modules) - before, tmp_path)
        for name in READERS.keys() - known:
            del READERS[name]
    assert ran


def _run_session(body: str, names: dict[str, Any], page: str) -> int:
    session = doctest.DocTestParser().get_doctest(body, names, page, page, 0)
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    runner.run(session, out=told.append, clear_globs=False)
    names.update(session.globs)
    assert not runner.failures, "".join(told)
    return len(session.examples)


def _run_commands(body: str) -> int:
    """Run each ``$ bran ...`` and compare what it prints; ``...`` stands for anything, spaces for any spaces."""
    parts = re.split(r"^\$ bran (.*)\n", body, flags=re.MULTILINE)[1:]
    for line, expected in zip(parts[::2], parts[1::2], strict=True):
        result = CliRunner().invoke(app, shlex.split(line))
        assert result.exit_code == 0, result.output
        pieces = [re.escape(" ".join(piece.split())) for piece in expected.split("...")]
        assert re.fullmatch(".*".join(pieces), " ".join(result.output.split())), result.output
    return len(parts) // 2


def _forget(names: set[str], folder: Path) -> None:
    """Unload the modules that a guide wrote into ``folder``."""
    for name in names:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def test_every_page_is_in_the_navigation() -> None:
    text = (
        (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:")[2].partition("\nmarkdown_extensions:")[0]
    )
    listed = re.findall(r"[\w/]+\.md", text)
    assert len(listed) == len(set(listed))
    assert set(listed) == {page.relative_to(ROOT / "docs").as_posix() for page in PAGES if page.parent != ROOT}


def test_maths_needs_no_script() -> None:
    pytest.importorskip("latex2mathml", reason="comes with the extra `docs`")
    spec = spec_from_file_location("maths", ROOT / "docs" / "hooks" / "maths.py")
    assert spec
    assert spec.loader
    hook = module_from_spec(spec)
    spec.loader.exec_module(hook)
    html = hook.on_page_content(
        r'<p>With <span class="arithmatex">\(a_i &lt; b\)</span></p><div class="arithmatex">\[x\!=y\]</div>'
    )
    assert "arithmatex" not in html
    assert html.count("<math") == 2
    assert 'display="block"' in html
    assert "&lt;" in html or "&#x0003C;" in html


def test_a_command_with_an_option_that_does_not_exist_is_found() -> None:
    with pytest.raises(AssertionError, match="no option '--no-such'"):
        check(["extract", "a.txt", "--no-such"])
    with pytest.raises(AssertionError, match="no command 'extrakt'"):
        check(["extrakt", "a.txt"])
    with pytest.raises(Exception, match="Missing parameter: corpus"):
        check(["train", "config.yaml"])
