"""MLflow as users run it: a tracking server that a study is logged to, and a server of a logged model."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bran.cli.main import app
from bran.corpus.document import Document
from bran.workflows.frames import input_frame
from bran.workflows.registry import register_model
from bran.workflows.tracking import TrackingConfig
from tests.builders import tiny_model
from tests.runs import TREE, abstracts, write_corpus
from tests.studies import process_environment, write_study

pytestmark = pytest.mark.slow


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def served(root: Path, folder: Path, *command: str, health: str, **environment: str) -> Iterator[str]:
    """The URL of a server that ``command`` starts, once it answers under ``health``."""
    url = f"http://127.0.0.1:{free_port()}"
    log = folder / "server.log"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *command, "--host", "127.0.0.1", "--port", url.rpartition(":")[2]],
            cwd=folder,
            env=process_environment(root, **environment),
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
        try:
            limit = time.monotonic() + 180
            while not answers(url + health):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < limit, log.read_text()
                time.sleep(0.2)
            yield url
        finally:
            for child in [*workers(process.pid), process.pid]:
                subprocess.run(["kill", "-9", str(child)], check=False, stderr=subprocess.DEVNULL)
            process.wait()


def workers(parent: int) -> list[int]:
    """Processes of the session that ``parent`` leads."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == parent:
            found.append(int(path.parent.name))
    return found


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def bran(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def test_a_study_on_a_tracking_server(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_study(Path("study.yaml"), variants={"max": {"model.scorer.pooling.kind": "max"}})
    write_corpus(Path("corpus.txt"), abstracts())
    TREE.write("tree.tsv")
    (tmp_path / "server").mkdir()
    store = ["--backend-store-uri", "sqlite:///store.db", "--artifacts-destination", "./artifacts", "--workers", "1"]
    with served(root, tmp_path / "server", "server", *store, health="/health") as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        shared = ["--corpus", "corpus.txt", "--mesh", "tree.tsv", "-o", "out", "--threads", "1", "--bootstrap", "20"]
        ran = bran("study", "run", "study.yaml", *shared)
        assert (ran.exit_code, ran.stderr) == (0, "")
        report = bran("study", "report", "--study", "tiny", "-o", "report", "--bootstrap", "20")
        assert report.exit_code == 0, report.output
        assert not Path("mlflow.db").exists()
        for path in Path("out/report").rglob("*.*"):
            assert path.read_bytes() == (Path("report") / path.relative_to("out/report")).read_bytes()
        model = next(Path("out/runs").glob("*/fold-1/model"))
        registered = bran("model", "register", str(model), "--name", "tiny")
        assert registered.stdout == "tiny version 1: models:/tiny/1\n", registered.output


def test_a_served_model_answers_with_relations(tmp_path: Path, root: Path, document: Document, migrated: Path) -> None:
    tiny_model(threshold=0.0).save(tmp_path / "model")
    (tmp_path / "mlflow.db").write_bytes(migrated.read_bytes())
    tracking = TrackingConfig(folder=tmp_path, experiment="tests")
    register_model(str(tmp_path / "model"), "tiny", tracking=tracking)
    command = ["models", "serve", "--model-uri", "models:/tiny/1", "--env-manager", "local", "--workers", "1"]
    with served(root, tmp_path, *command, health="/ping", MLFLOW_TRACKING_URI=tracking.open().uri) as url:
        body = {"dataframe_split": input_frame([document]).to_dict(orient="split")}
        request = urllib.request.Request(
            f"{url}/invocations", json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            predictions = json.load(answer)["predictions"]
        assert sorted((row["head"], row["tail"]) for row in predictions) == [
            ("MESH:C1", "MESH:D1"),
            ("MESH:C1", "MESH:D2"),
        ]
        assert all(0 < row["score"] < 1 for row in predictions)
        assert {row["document"] for row in predictions} == {document.id}
