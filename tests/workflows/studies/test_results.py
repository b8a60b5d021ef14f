from __future__ import annotations

import pytest

from bran.errors import ConfigError
from bran.workflows.studies.results import RunName, parse_record, parse_result
from tests.studies import invented_result, invented_study


def test_a_result_comes_back_from_its_json() -> None:
    one = invented_result("base", 0, "fold-1", 7)
    again = parse_result(one.model_dump_json(), "here")
    assert again == one
    assert again.counts["filtered"].counts.tp.sum() == 7
    assert again.metrics["filtered_type:CID_recall"] == pytest.approx(0.7)
    assert again.precision_recall.tolist() == [[1.0, 0.1], [7 / 12, 0.7]]


@pytest.mark.parametrize(("text", "message"), [("{", r"here: damaged \("), ('{"key": 1}', "here: key = 1")])
def test_a_damaged_file_is_named(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse_result(text, "here")
    with pytest.raises(ConfigError, match="here: "):
        parse_record(text, "here")


def test_the_command_of_a_row() -> None:
    record = invented_study([]).record.model_copy(update={"corpus": "my corpus", "mesh": "tree.tsv", "threads": 2})
    assert record.command("cnn/0/fold-1") == (
        "bran study run study.yaml --corpus 'my corpus' -o repeated --only cnn/0/fold-1 --device cpu --threads 2 "
        "--mesh tree.tsv"
    )
    assert RunName(key="k", row="cnn", seed=0, split="fold-1").name == "cnn/0/fold-1"
