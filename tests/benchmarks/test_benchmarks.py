"""The benchmarks run and add up; how long anything takes is not tested."""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import typer
from typer.testing import CliRunner

from benchmarks import profiling, setting, speed
from benchmarks.arithmetic import Peak, operations
from benchmarks.peers import BertBase, OncePerPair, one_by_one
from benchmarks.timing import Clock, Measure, in_turns, timed
from bran.encoding.batches import collate
from tests.builders import documents, encoder, model_config, network


@pytest.fixture
def corpus(fixtures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file of invented abstracts; random models are tiny, and so are BERT and the products of the peak."""
    monkeypatch.setattr(setting, "ModelConfig", model_config)
    monkeypatch.setattr("benchmarks.arithmetic.SHAPES", {"matmul": ((64, 64, 64),), "convolution": ((2, 8, 8, 8, 5),)})
    monkeypatch.setattr("benchmarks.peers.BertBase", lambda: BertBase(dim=8, layers=1, heads=2, inner=16))
    for name in ("RAYON_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.setenv(name, "")  # to be as before, afterwards
    threads = torch.get_num_threads()
    yield fixtures / "corpus" / "cdr.pubtator"
    torch.set_num_threads(threads)
    gc.unfreeze()


def run(command: object, *arguments: object) -> str:
    app = typer.Typer()
    app.command()(command)  # type: ignore[type-var]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_speed_reports_parts_peers_and_ratios(corpus: Path):
    output = run(speed.speed, "--corpus", corpus, "--precision", "bf16", "--rounds", 1, "--json")
    report = json.loads(output)
    cost, ratios = report["milliseconds"], report["ratios"]
    assert sum(cost[name] for name in (*speed.PARTS, "rest")) == pytest.approx(cost["stage"])
    assert ratios["stage: BERT-base"] == pytest.approx(cost["BERT-base"] / cost["stage"])
    assert ratios["training: once per pair"] == pytest.approx(cost["training once per pair"] / cost["training"])
    assert report["setting"]["precision"] == "bf16"
    assert report["per_document"]["padded subwords"] >= report["per_document"]["subwords"]


def test_speed_prints_tables(corpus: Path):
    output = run(speed.speed, "--corpus", corpus, "--rounds", 1, "--clock", "cpu")
    assert "stage: BERT-base" in output


def test_profiling_prints_operators_and_functions(corpus: Path):
    output = run(profiling.profiled, "--corpus", corpus, "--rows", 200)
    assert "layer_norm" in output
    assert "subwords.encode" in output


def test_operations_are_those_of_the_products_counted_by_hand():
    model = network("encoder.feed_forward={kind: none}", "encoder.dim=4", "scorer.dim=3")
    batch = collate(encoder()(documents()[:2]))
    windows, tokens = batch.token_ids.shape
    heads, tails = batch.heads.shape[1], batch.tails.shape[1]
    attention = tokens * 4 * 12 + 2 * tokens * tokens * 4
    perceptrons = (heads + tails) * (4 * 3 + 3 * 3)
    biaffine = heads * 4 * 2 * 4 + heads * 2 * 4 * tails
    assert operations(model, [batch]) == 2 * windows * (attention + perceptrons + biaffine)


def test_peak_is_the_best_rate_of_either_kind():
    seconds = {f"{kind} {index}": 1.0 for kind in ("matmul", "convolution") for index in range(4)}
    rates = Peak.rates({**seconds, "matmul 0": 0.001})
    assert rates["matmul"] == 2 * 1024**3 / 0.001
    assert rates["convolution"] == 2 * 8 * 512 * 512 * 512 * 5


def test_one_pass_per_pair_scores_as_one_pass_per_document():
    model = network()
    (example,) = encoder()(documents()[3:])
    together = model(collate([example]))
    alone = OncePerPair(model)(collate(list(one_by_one(example))))
    assert len(example.pairs) > 1
    torch.testing.assert_close(alone, together)


def test_a_bert_of_the_size_of_base_has_its_weights():
    with torch.device("meta"):
        weights = sum(parameter.numel() for parameter in BertBase().parameters())
    assert weights == pytest.approx(109e6, rel=0.01)


def test_measures_take_turns_and_the_first_round_is_not_counted():
    order: list[str] = []
    ticks = itertools.count()

    def clock() -> float:
        return float(next(ticks))

    def measure(name: str, seconds: Iterator[float]) -> Measure:
        def run(clock: Clock) -> dict[str, float]:
            order.append(name)
            return {name: next(seconds)}

        return run

    medians = in_turns([measure("a", iter([9, 1, 2, 30])), measure("b", iter([9, 4, 4, 4]))], rounds=3, clock=clock)
    assert order == ["a", "b"] * 4
    assert medians == {"a": 2, "b": 4}
    assert timed(clock, lambda: "done") == (1.0, "done")
