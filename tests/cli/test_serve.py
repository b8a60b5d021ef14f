"""``bran serve`` as a process: it answers, tells what it does, and ends well when it is told to."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bran.cli.main import app
from tests.serving import TEXT, tiny_pipeline


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model, a recogniser and a lexicon."""
    folder = tmp_path_factory.mktemp("models")
    tiny_pipeline(folder)
    return folder


def options(models: Path) -> list[str]:
    return ["--model", str(models / "model"), "--ner", str(models / "recogniser"), "--lexicon", str(models / "lexicon")]


@contextmanager
def serving(root: Path, models: Path, *more: str) -> Iterator[tuple[subprocess.Popen[str], str, list[str]]]:
    """The process, its address, and the lines that it has told so far."""
    command = [sys.executable, "-m", "bran", "serve", "--port", "0", *options(models), *more]
    process = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stderr
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line)
        if address := re.search(r"http://\S+", line):
            break
    else:
        raise AssertionError(lines)
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()))
    reader.start()
    try:
        yield process, address[0], lines
    finally:
        process.kill()
        process.wait(20)
        reader.join(20)
        process.stdout.close()  # type: ignore[union-attr]
        process.stderr.close()


def post(address: str) -> int:
    """The number of relations in the answer to :data:`TEXT`."""
    body = json.dumps({"documents": [{"text": TEXT}], "threshold": 0}).encode()
    request = urllib.request.Request(f"{address}/api/extract", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return len(json.load(answer)["documents"][0]["relations"])


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)])
def test_it_serves_until_it_is_told_to_end(root: Path, models: Path, number: signal.Signals) -> None:
    with serving(root, models, "--threads", "1") as (process, address, lines):
        assert post(address) == 1
        process.send_signal(number)
        assert process.wait(30) == 0
        assert process.stdout
        assert process.stdout.read() == ""
    assert len(lines) == 2, lines
    assert re.fullmatch(r"<bran.Pipeline tiny \w{12}, threshold 0.5> on http://127\.0\.0\.1:\d+ \(.*\)\n", lines[0])
    assert re.fullmatch(r"\d\d:\d\d:\d\d 127\.0\.0\.1 POST /api/extract 200 \d+ ms\n", lines[1])


@pytest.mark.slow
def test_other_addresses_are_warned_of_and_quiet_is_quiet(root: Path, models: Path) -> None:
    with serving(root, models, "--host", "0.0.0.0", "--quiet") as (process, address, lines):
        assert post(address.replace("0.0.0.0", "127.0.0.1")) == 1
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert len(lines) == 2, lines
    assert lines[0].startswith("warning: listening on 0.0.0.0, not on this machine alone")


def test_a_port_in_use_is_one_line(models: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["serve", "--port", port, *options(models)])
    assert result.exit_code == 3
    assert result.stderr.startswith(f"error: 127.0.0.1:{port}: Address already in use")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--host", "no.such.host.invalid"], 3, "error: no.such.host.invalid:8000: "),
        (["--port", "0", "--model", "nowhere"], 5, "error: nowhere"),
        (["--port", "0", "--threshold", "p99"], 3, "error: threshold 'p99'"),
        (["--port", "70000"], 2, "Usage"),
    ],
)
def test_what_does_not_hold_is_told_before_anything_is_served(arguments: list[str], code: int, line: str) -> None:
    result = CliRunner().invoke(app, ["serve", *arguments])
    assert result.exit_code == code, result.output
    assert result.stderr.startswith(line)


def test_without_the_extra_the_command_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("bran.workflows.serve.")]:
        if not name.endswith("limits"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    result = CliRunner().invoke(app, ["serve"])
    assert result.exit_code == 3
    assert "pip install 'bran-relations[serve]'" in result.stderr
