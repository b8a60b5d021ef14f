"""The benchmark of corpora runs and adds up; how long anything takes is not tested."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import typer
from typer.testing import CliRunner

from benchmarks import corpus, corpus_models, observed, setting
from benchmarks.corpus_files import read_abstracts, write_corpus
from benchmarks.corpus_measures import Measure, Measures, against_bert, estimates, lines
from benchmarks.observed import Observation, observe
from benchmarks.peers import BertBase
from bran.corpus.readers import read_documents
from tests.builders import model_config


def measure(**changes: Any) -> Measure:
    values: dict[str, Any] = {"part": "annotated", "model": "ships", "workers": 2, "size": 1000, "seconds": 10.0}
    values |= {"cpu_seconds": 16.0, "first": 4.0, "busy": 1.6, "peak": 500.0, "memory": [(0.0, 100.0), (5.0, 500.0)]}
    return Measure(**(values | changes))


def test_files_hold_as_many_abstracts_each_under_its_own_id(fixtures: Path, tmp_path: Path):
    abstracts = read_abstracts([fixtures / "corpus" / "cdr.pubtator"], annotated=True)
    folder = write_corpus(abstracts, 600, tmp_path, ".pubtator")
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["00.pubtator", "01.pubtator"]
    written = [document for path in files for document in read_documents(path)]
    assert len({document.id for document in written}) == 600
    assert {document.text for document in written} == {document.text for document in abstracts}
    assert write_corpus([], 600, tmp_path, ".pubtator") == folder


def test_bare_abstracts_are_bare(fixtures: Path):
    texts = read_abstracts([fixtures / "corpus" / "cdr.pubtator"], annotated=False)
    assert texts
    assert not any(document.mentions or document.relations for document in texts)


def test_time_grows_along_a_line():
    (line,) = lines([measure(size=size, seconds=4 + size / 250, peak=400 + size / 100) for size in (1000, 2000, 10000)])
    assert (line.start, line.per_second, line.fit) == pytest.approx((4, 250, 1))
    assert line.memory == pytest.approx(500 / 410)
    (two,) = lines([measure(), measure(size=2000, seconds=11)])
    assert math.isnan(two.fit)
    assert lines([measure()]) == []


def test_bert_is_compared_by_processor_time_for_an_abstract():
    found = [measure(part="bert", workers=1, size=10, cpu_seconds=4.0), measure(), measure(size=2000, cpu_seconds=20.0)]
    assert against_bert(found) == {"annotated, ships, 2 workers": pytest.approx(0.4 / 0.01)}


def test_the_estimate_shows_its_arithmetic():
    (estimate,) = estimates([measure()]).values()
    assert estimate == ("36,000,000 abstracts x 16.00 ms of processor time / 16 cores / 0.80 of each in use = 12.5 h")


def test_of_measures_of_the_same_run_the_last_counts(tmp_path: Path):
    measures = Measures(tmp_path)
    for each in (measure(size=2000), measure(seconds=9.0), measure(seconds=8.0)):
        measures.add(each)
    assert [(each.size, each.seconds) for each in Measures(tmp_path).read()] == [(1000, 8.0), (2000, 10.0)]


def test_processes_of_a_command_are_watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """A command whose child works for half a second and holds 64 MiB."""
    child = "import time; held = b'x' * 2**26; end = time.process_time() + .5\nwhile time.process_time() < end: pass"
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\n"{sys.executable}" -c "{child}"\n', encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(observed, "_SAMPLE", 0.05)
    monkeypatch.setattr("benchmarks.observed.sys.executable", str(script))
    began = time.perf_counter()
    found = observe([], lambda: time.perf_counter() - began > 0.1)
    assert 0.1 < found.first < found.seconds
    assert 0.3 < found.cpu_seconds < 3
    assert found.peak > 64
    assert 0 < found.busy < 2


def test_the_benchmark_reports_every_part(fixtures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    ran: list[list[str]] = []

    def watched(arguments: list[str], ready: Any = None) -> Observation:
        ran.append(arguments)
        if arguments[0] == "extract":
            Path(arguments[3]).mkdir(parents=True)
            assert not ready()
        return Observation(2.0, 3.0, 1.0, 1.5, [(0.0, 50.0), (1.0, 80.0)])

    monkeypatch.setattr(corpus, "observe", watched)
    monkeypatch.setattr(setting, "ModelConfig", model_config)
    monkeypatch.setattr("benchmarks.peers.BertBase", lambda: BertBase(dim=8, layers=1, heads=2, inner=16))
    threads = torch.get_num_threads()
    app, file, out = typer.Typer(), str(fixtures / "corpus" / "cdr.pubtator"), tmp_path / "out"
    app.command()(corpus.corpus)
    options = ["-o", str(out), "--annotated", file, "--texts", file, "--sizes", "30", "--sizes", "60"]
    result = CliRunner().invoke(app, options, env={"COLUMNS": "200"})
    torch.set_num_threads(threads)
    assert result.exit_code == 0, result.output
    names = {measure.name for measure in Measures(out).read()}
    assert names == {
        "annotated, ships, 2 workers", "annotated, d64, 2 workers", "raw, ships, 2 workers", "bert, ships, 1 workers",
        "bert, d64, 1 workers", "export, .parquet, 1 workers", "export, .tsv.gz, 1 workers",
        "start, annotated, ships, 1 workers", "start, raw, ships, 1 workers",
    }  # fmt: skip
    assert {arguments[0] for arguments in ran} == {"extract", "export"}
    assert "BERT-base costs" in result.stdout
    assert (out / "corpus.png").stat().st_size
    assert "<svg" in (out / "corpus.svg").read_text(encoding="utf-8")
    (model,) = (out / "scratch" / "models").iterdir()
    assert 0 < json.loads((model / "model.json").read_text(encoding="utf-8"))["threshold"] < 1
    assert corpus_models.Model.random.folder(out / "scratch", []) == model
