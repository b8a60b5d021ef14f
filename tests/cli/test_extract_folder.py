"""``bran extract -o FOLDER``: what the command says and how it ends."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from rich.live import Live
from rich.text import Text
from typer.testing import CliRunner, Result

from bran.cli import extract_display
from bran.cli import extract_folder as module
from bran.cli.extract_display import JsonDisplay, LiveDisplay, PlainDisplay, progress_line
from bran.cli.extract_folder import is_folder
from bran.cli.main import app
from bran.export.run_folder import RunFolder
from bran.workflows.batch.progress import Progress
from tests.batches import document_ids, numbered, write_inputs, write_model
from tests.runs import write_corpus


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    return write_inputs(tmp_path / "inputs")


@pytest.fixture(autouse=True)
def however_long_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine would print how far it is before the end."""
    monkeypatch.setattr(extract_display, "PlainDisplay", lambda: PlainDisplay(seconds=3600))


def extract(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["extract", *map(str, arguments)])


def begin(inputs: Path, output: Path, model: Path, *more: str) -> Result:
    return extract(inputs, "-o", output, "--model", model, "--threshold", "0", "--workers", "1", *more)


def test_a_folder_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "run.2024").mkdir()
    assert is_folder(tmp_path / "run.2024")
    assert is_folder(tmp_path / "run")
    assert not is_folder(tmp_path / "found.tsv.gz")
    result = extract(__file__, "-o", tmp_path / "found.docx")
    assert (result.exit_code, result.stdout) == (3, "")
    assert "the suffix tells the format; expected one of .tsv" in result.stderr


def test_a_run_its_end_and_its_report(inputs: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    result = begin(inputs, output, model)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("15 documents, 45 relations; 15 documents now, in ")
    assert len(document_ids(output)) == 15
    assert json.loads((output / "schema.json").read_text())["tables"].keys() == {"relations", "documents"}
    reported = extract("--report", output)
    assert (reported.exit_code, reported.output) == (0, "")
    again = begin(inputs, output, model)
    assert again.exit_code == 0
    assert again.stderr.startswith("15 documents, 45 relations; 0 documents now, in ")


def test_what_is_left_out_is_reported(inputs: Path, model: Path, tmp_path: Path) -> None:
    output, broken = tmp_path / "run", inputs / "part2.txt"
    broken.write_text("7|t|Title.\n7\tnothing\n", encoding="utf-8")
    write_corpus(inputs / "part4.txt", numbered(1000, 2))  # these were in the first file
    result = begin(inputs, output, model)
    assert result.exit_code == 6
    line, hint = result.stderr.splitlines()
    assert line.startswith("10 documents, 30 relations, 1 left out, 2 superseded; 12 documents now, in ")
    assert hint == f"left out: 1; `bran extract --report {output}` lists what and why"
    reported = extract("--report", output)
    assert (reported.exit_code, reported.stderr) == (6, "")
    assert reported.stdout == (
        f"skipped: {broken}:2 (document 7): row '7\\tnothing' with 2 columns: "
        "expected a mention (6 or 7) or a relation (4, 5)\n"
    )
    assert begin(inputs, output, model, "--quiet").stderr == hint + "\n"


def test_changes_are_named(inputs: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    begin(inputs, output, model)
    (inputs / "part3.txt").unlink()
    result = begin(inputs, output, model)
    withdrawn, line = result.stderr.splitlines()
    assert withdrawn == f"withdrawn, its rows are gone: {inputs / 'part3.txt'}"
    assert ", 1 file withdrawn; " in line


def test_progress_as_json(inputs: Path, model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bran.workflows.batch.planning._GROUP", 1 << 200)  # no path of these ends a group by chance
    result = begin(inputs, tmp_path / "run", model, "--json-progress")
    assert result.exit_code == 0
    last = json.loads(result.stderr.splitlines()[-1])
    assert list(last) == [
        "documents",
        "relations",
        "errors",
        "documents_per_second",
        "eta_seconds",
        "shards_done",
        "shards",
    ]
    assert (last["documents"], last["relations"], last["shards_done"], last["shards"]) == (15, 45, 1, 1)


def test_names_of_thresholds(inputs: Path, model: Path, tmp_path: Path) -> None:
    result = extract(inputs, "-o", tmp_path / "run", "--model", model, "--threshold", "best-f1")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("error: threshold 'best-f1': expected a number from 0 to 1")
    assert extract(inputs, "-o", tmp_path / "run", "--model", model, "--workers", "1").exit_code == 0
    assert RunFolder(tmp_path / "run").description.settings["threshold"] == 0.5


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["inputs", "-o", "."], 3, "holds other things than a run; expected a new or empty folder, or one of this run"),
        (["absent", "-o", "run"], 4, "absent: cannot be opened (No such file or directory)"),
        (["inputs", "-o", "run", "--model", "inputs"], 5, "not a model folder"),
        (["inputs", "--engine", "ray"], 3, "--engine ray with no --output; expected a folder: --output without suffix"),
        (["inputs", "--no-texts", "-o", "found.tsv"], 3, "--no-texts with found.tsv; expected a folder: --output"),
        (["inputs", "--chunk", "7", "-o", "found.tsv"], 3, "--chunk 7 with found.tsv; expected a folder: --output"),
        (["inputs", "--max-seconds", "0.5"], 3, "--max-seconds 0.5 with no --output; expected a folder: --output"),
        (["inputs", "--json-progress"], 3, "--json-progress with no --output; expected a folder: --output"),
        (["inputs", "-o", "run", "--ray-address", "auto"], 3, "--ray-address auto with --engine local; expected"),
        (["--report", "inputs"], 4, "has no run.json; expected the folder of a `bran extract` run"),
        ([], 2, "expected at least one"),
    ],
)
def test_what_does_not_hold(
    inputs: Path,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = extract(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in " ".join(result.stderr.replace("│", " ").split())


def test_ray_is_opened_with_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from bran.workflows.batch import ray_engine
    from bran.workflows.batch.settings import BatchSettings

    asked: list[object] = []
    monkeypatch.setattr(ray_engine, "ray_engine", lambda settings, **how: asked.append((settings, how)))
    settings = BatchSettings(model=Path("model"))
    module.EngineOptions(module.EngineName.ray, 3, "auto").open(settings)
    assert asked == [(settings, {"address": "auto", "workers": 3})]


# Displays

PROGRESS = Progress(1200, 3400, 5, 81.26, 3725.4, 3, 40)


def test_plain_lines_come_from_time_to_time(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay(seconds=3600)
    display.progress(PROGRESS)
    display.note("withdrawn: part3.txt")
    PlainDisplay(seconds=0).progress(PROGRESS)
    assert capsys.readouterr().err.splitlines() == [
        "withdrawn: part3.txt",
        "3/40 shards, 1200 documents, 3400 relations, 5 left out, 81 documents/s, about 1:02:05 left",
    ]


def test_time_that_nothing_tells_is_not_told() -> None:
    line = progress_line(Progress(0, 0, 0, 0.0, None, 0, 40))
    assert line == "0/40 shards, 0 documents, 0 relations, 0 left out, 0 documents/s"


def test_json_lines(capsys: pytest.CaptureFixture[str]) -> None:
    display = JsonDisplay(seconds=0)
    display.progress(PROGRESS)
    display.note("withdrawn: pårt3.txt")
    first, second = capsys.readouterr().err.splitlines()
    assert json.loads(first)["documents_per_second"] == 81.26
    assert second == '{"note": "withdrawn: pårt3.txt"}'


def test_a_terminal_shows_notes_above_one_line() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    with Live(Text(), console=console, auto_refresh=False) as live:
        display = LiveDisplay(live)
        display.note("withdrawn: [bold]part3.txt[/bold]")
        display.progress(PROGRESS)
        live.refresh()
    shown = stream.getvalue()
    assert shown.index("withdrawn: [bold]part3.txt[/bold]") < shown.index("3/40 shards, 1200 documents")
