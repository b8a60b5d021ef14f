"""``bran fetch`` on the command line: what it says, its exit codes, and that it keeps the key to itself."""

from __future__ import annotations

import logging
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.workflows.fetching import transport
from bran.workflows.fetching.access import Access
from tests.eutils import Answer, StandIn, stand_in

KEY = "0123456789abcdef0123456789abcdef0123"
Bran = Callable[..., Result]


@pytest.fixture
def server() -> Iterator[StandIn]:
    with stand_in() as started:
        yield started


@pytest.fixture
def bran(server: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bran:
    """``bran fetch`` in an empty folder, against the stand-in, with no pauses."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(transport, "BACKOFF", ())
    monkeypatch.setattr(Access, "requests_per_second", 10_000)
    for name in ("NCBI_EMAIL", "NCBI_API_KEY", "BRAN_EUTILS_URL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object, env: dict[str, str] | None = None, debug: bool = False) -> Result:
        settings = {"BRAN_EUTILS_URL": server.url, "XDG_CACHE_HOME": str(tmp_path / "cache"), **(env or {})}
        command = [*(["--debug"] if debug else []), "fetch", *map(str, arguments)]
        return CliRunner().invoke(app, command, env=settings)

    return call


def test_records_of_pmids(server: StandIn, bran: Bran, tmp_path: Path) -> None:
    server.know(7, 8)
    result = bran("7", "8", "-o", "out.xml", "--email", "me@example.org")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        "asked for 2 of 2 records",
        "out.xml: 2 records, 0 of them from the cache; 1 request",
    ]
    assert len(etree.parse(tmp_path / "out.xml").getroot()) == 2
    assert server.asked[0].parameters["email"] == "me@example.org"
    assert [path.name for path in (tmp_path / "cache" / "bran").iterdir()] == [
        re.sub(r"\W+", "-", server.url.removeprefix("http://")).replace("127-0-0-1", "127.0.0.1") + ".sqlite"
    ]


def test_ids_from_a_file_and_a_query_with_settings_from_the_environment(
    server: StandIn, bran: Bran, tmp_path: Path
) -> None:
    server.searches["zorvapine"] = server.know(7, 8)
    (tmp_path / "ids.txt").write_text("9\n10\n")
    server.know(9, 10)
    env = {"NCBI_EMAIL": "me@example.org", "NCBI_API_KEY": KEY}
    result = bran("--ids", "ids.txt", "--query", "zorvapine", "--cache", "kept", "--quiet", "-o", "o.xml.gz", env=env)
    assert (result.exit_code, result.output) == (0, "")
    assert {(asked.parameters["email"], asked.parameters["api_key"]) for asked in server.asked} == {
        ("me@example.org", KEY)
    }
    assert server.asked[1].pmids == ["9", "10", "7", "8"]
    assert (tmp_path / "kept").is_dir()


def test_records_that_are_missing_are_named(server: StandIn, bran: Bran, tmp_path: Path) -> None:
    server.know(7)
    result = bran("7", "8", "-q", "-o", "out.xml")
    assert result.exit_code == 6
    assert result.stderr.splitlines() == [
        f"skipped: {server.url} (document 8): no such record; expected a PMID that PubMed has",
        "documents skipped: 1",
    ]
    assert (tmp_path / "out.xml").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["abc"], 4, "PMID 'abc': expected digits"),
        (["--ids", "ids.txt"], 4, "ids.txt:2: PMID 'x7': expected digits"),
        (["--ids", "absent.txt"], 4, "absent.txt: cannot be opened (No such file or directory)"),
        (["--query", "zorvapin"], 4, "query 'zorvapin' finds no record; expected at least one"),
        (["404"], 4, "URL has none of the 1 records asked for: 404"),
        (["7", "--base-url", "http://example.org"], 3, "base URL 'http://example.org': plain HTTP to another machine"),
        (["7", "--base-url", "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"], 3, "no e-mail address: NCBI wants one"),
        (["7", "--email", "me"], 3, "e-mail address 'me'; expected name@host"),
        (["7", "--base-url", "http://127.0.0.1:1"], 8, "http://127.0.0.1:1/efetch.fcgi: cannot be reached ("),
        (["7", "--cache", "ids.txt"], 4, "ids.txt/"),
    ],
)
def test_errors_are_one_line(
    server: StandIn, bran: Bran, tmp_path: Path, arguments: list[str], code: int, message: str
) -> None:
    (tmp_path / "ids.txt").write_text("7\nx7\n")
    result = bran(*arguments, "-q", "-o", "out.xml")
    assert result.exit_code == code, result.stderr
    assert result.stderr.startswith(f"error: {message.replace('URL has', f'{server.url} has')}"), result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out.xml").exists()


def test_nothing_to_fetch_is_wrong_usage(bran: Bran) -> None:
    result = bran("-o", "out.xml")
    assert result.exit_code == 2
    assert "expected PMIDs, --query or --ids" in result.stderr


def test_wrong_answers_are_one_line(server: StandIn, bran: Bran) -> None:
    server.script = [Answer(b"<html>\nWe are\nbusy"), Answer(b"{"), Answer(b"no", status=403)]
    lines = [bran(*what, "-q", "-o", "out.xml") for what in (["7"], ["--query", "x"], ["7"])]
    assert [(line.exit_code, line.stderr) for line in lines] == [
        (8, f"error: {server.url}/efetch.fcgi: root element 'html'; expected PubmedArticleSet; "
            "it answers '<html> We are busy'; tried 1 times\n"),
        (8, f"error: {server.url}/esearch.fcgi: expected a JSON search result; it answers '{{'; tried 1 times\n"),
        (8, f"error: {server.url}/efetch.fcgi: answers 403 Forbidden: 'no'; expected 200\n"),
    ]  # fmt: skip


def test_the_key_is_written_nowhere(
    server: StandIn, bran: Bran, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.searches["zorvapine"] = server.know(7)
    quoted = b'{"error":"API key invalid","api-key":"%s"}' % KEY.encode()
    server.script = [Answer(quoted, status=400), Answer(quoted), Answer(quoted, status=429)]
    said = ""
    for what in (["7"], ["7"], ["--query", "zorvapine"], ["--query", "zorvapine"], ["7", "8"]):
        said += bran(*what, "--api-key", KEY, "-o", "out.xml", debug=True).output
    assert "API key invalid" in said
    assert len(server.asked) > 4
    assert all(asked.parameters["api_key"] == KEY and KEY not in asked.path for asked in server.asked)
    assert KEY not in said + caplog.text
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    for path in files:
        assert KEY not in str(path)
        assert KEY.encode() not in path.read_bytes()


def test_help_tells_the_variables_and_not_what_they_hold(bran: Bran) -> None:
    result = bran("--help", env={"NCBI_API_KEY": KEY, "TERMINAL_WIDTH": "200"})
    assert "NCBI_API_KEY" in result.stdout
    assert KEY not in result.stdout


def test_a_run_that_is_killed_goes_on(server: StandIn, bran: Bran, tmp_path: Path, root: Path) -> None:
    """The third of three requests is left without an answer, and the process killed meanwhile."""
    known = server.know(*range(1, 451))
    (tmp_path / "ids.txt").write_text("\n".join(known))
    server.script = [None, None, Answer(b"x" * 60, pieces=60, pause=0.1)]
    options = ["--ids", tmp_path / "ids.txt", "-o", tmp_path / "out.xml", "--cache", tmp_path / "cache" / "bran"]
    command = [sys.executable, "-m", "bran", "fetch", *map(str, options), "--base-url", server.url]
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while len(server.asked) < 3 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    assert process.wait(timeout=10) == -signal.SIGKILL
    assert not (tmp_path / "out.xml").exists()
    server.asked.clear()
    result = bran("--ids", "ids.txt", "-o", "out.xml")
    assert result.exit_code == 0, result.stderr
    assert [asked.pmids for asked in server.asked] == [known[400:]]
    assert result.stderr.endswith("450 records, 400 of them from the cache; 1 request\n")
    assert len(etree.parse(tmp_path / "out.xml").getroot()) == 450


def test_nothing_that_asks_a_server_is_imported_before_it_is_needed() -> None:
    code = "import sys, bran.cli.main; print(*sorted(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert not {"urllib.request", "sqlite3", "lxml", "bran.workflows.fetching.transport"} & set(run.stdout.split())
