from __future__ import annotations

import csv
import gzip
import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bran.export.aggregate as module
from bran.errors import BranError, ConfigError, FormatError
from bran.export.aggregate import Resources, aggregate
from bran.export.aggregate_table import SCHEMA
from bran.export.aggregate_writers import SUFFIXES
from tests.export.aggregates import aggregated, reference, row, write_rows
from tests.export.run_folders import Part, record, write_run

_MAYBE = st.none() | st.sampled_from([0.0, 1e-12, 0.25, 0.5, 0.75, 1.0])
_ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "document": st.sampled_from(["1", "2", "10", "PMC3", "ä"]),
            "type": st.sampled_from(["CID", "treats"]),
            "head": st.sampled_from(["MESH:C1", "MESH:C2"]),
            "tail": st.sampled_from(["MESH:D1", "MESH:D2"]),
            "probability": _MAYBE,
            "score": _MAYBE,
            "sentence": st.none() | st.sampled_from(["One.", "Two.", 'Tab\t "quoted" \\ ']),
            "cross_sentence": st.none() | st.booleans(),
            "year": st.none() | st.sampled_from([1999, 2001]),
        }
    ),
    max_size=12,
)


@given(rows=_ROWS, order=st.randoms(use_true_random=False), cut=st.integers(0, 12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_equals_a_plain_aggregation(
    tmp_path: Path, rows: list[dict[str, Any]], order: Any, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS", 2)  # several steps
    first = aggregated([write_rows(tmp_path / "all.jsonl", rows)], tmp_path)
    whole = (tmp_path / "aggregate.parquet").read_bytes()
    expected = reference(rows)
    assert len(first) == len(expected)
    for ours, theirs in zip(first, expected, strict=True):
        assert {name: ours[name] for name in theirs} == {
            name: pytest.approx(value, rel=1e-9, abs=1e-15) if isinstance(value, float) else value
            for name, value in theirs.items()
        }
    order.shuffle(rows)
    halves = [write_rows(tmp_path / "b.jsonl", rows[cut:]), write_rows(tmp_path / "a.jsonl", rows[:cut])]
    aggregated(halves, tmp_path)
    assert (tmp_path / "aggregate.parquet").read_bytes() == whole


def test_a_document_counts_once_by_its_strongest_row_whatever_the_order(tmp_path: Path) -> None:
    old = write_rows(tmp_path / "old.jsonl", [row("1", score=0.4, sentence="Weak.")] * 2)
    new = write_rows(tmp_path / "new.jsonl", [row("1", score=0.6, sentence="Strong."), row("2", score=0.5)])
    results = [aggregated(inputs, tmp_path) for inputs in ([old, new], [new, old], [old, new, old])]
    assert results[0] == results[1] == results[2]
    (found,) = results[0]
    assert (found["documents"], found["document_ids"], found["best_sentence"]) == (2, ["1", "2"], "Strong.")
    assert found["mean_score"] == pytest.approx(0.55)


def test_noisy_or_keeps_its_digits(tmp_path: Path) -> None:
    """Where 1 - p is 1, where the product is 0, and over many documents."""
    tables = {
        "MESH:D1": [1e-17] * 3,
        "MESH:D2": [0.5, 1.0],
        "MESH:D3": [1e-4] * 20_000,
        "MESH:D4": [0.999] * 500,
        "MESH:D5": [3e-9, 4e-9],
    }
    rows = [row(str(n), tail=tail, probability=p) for tail, ps in tables.items() for n, p in enumerate(ps)]
    found = {made["tail"]: made["noisy_or"] for made in aggregated([write_rows(tmp_path / "t.jsonl", rows)], tmp_path)}
    for tail, ps in tables.items():
        sure = 1.0 in ps
        expected = 1.0 if sure else -math.expm1(math.fsum(math.log1p(-p) for p in ps))
        assert found[tail] == pytest.approx(expected, rel=1e-12), tail


def test_runs_are_read_with_their_newest_records(tmp_path: Path) -> None:
    old, new = record("7", version=1, score=0.9), record("7", version=2, score=0.6, year=2005)
    parts = [
        Part("/in/a2.xml", [record("8", score=0.5), record("9")], deletions=[("9", None)]),
        Part("/in/a10.xml", [old, new]),
    ]
    run = write_run(tmp_path / "run", parts)
    found = {made["tail"]: made for made in aggregated([run.path], tmp_path)}
    tremor = found["MESH:D1"]
    assert (tremor["documents"], tremor["document_ids"]) == (2, ["7", "8"])
    assert tremor["max_probability"] == pytest.approx(0.36)
    assert (tremor["head_name"], tremor["head_type"], tremor["tail_type"]) == ("Velorin", "Chemical", "Disease")
    assert (tremor["tail_name"], found["MESH:D2"]["tail_name"]) == ("Tremor", "pain")  # label; surface
    assert tremor["years"] == [{"year": 2001, "documents": 1}, {"year": 2005, "documents": 1}]
    both = write_rows(tmp_path / "more.jsonl", [row("11", score=0.1)])
    assert aggregated([both, run.path, run.path], tmp_path)[0]["documents"] == 3


def test_a_concept_has_its_label_or_its_commonest_name(tmp_path: Path) -> None:
    rows = [
        row("1", head_name="b", tail_name="long name", tail_label="A label"),
        row("2", head_name="b", tail_name="short"),
        row("3", head_name="a", tail_name="short"),
        row("4", tail="MESH:D2", head_name="a"),
    ]
    found = aggregated([write_rows(tmp_path / "t.jsonl", rows)], tmp_path)
    assert [(made["head_name"], made["tail_name"]) for made in found] == [("a", "A label"), ("a", None)]


def test_bounds(tmp_path: Path) -> None:
    rows = [
        row("1", probability=0.9, score=0.2),
        row("2", probability=0.4, score=0.8),
        row("3", tail="MESH:D2", score=0.9),
    ]
    table = write_rows(tmp_path / "t.jsonl", rows)

    def ids(**settings: Any) -> list[list[str]]:
        return [made["document_ids"] for made in aggregated([table], tmp_path, **settings)]

    assert ids() == [["1", "2"], ["3"]]
    assert ids(min_documents=2) == [["1", "2"]]
    assert ids(min_probability=0.5) == [["1"]]
    assert ids(min_score=0.5) == [["2"], ["3"]]
    assert ids(min_probability=0.5, min_documents=2) == []
    assert ids(ids=1) == [["1"], ["3"]]
    assert ids(ids=0) == [[], []]


def test_gold_is_counted_alone(tmp_path: Path) -> None:
    (found,) = aggregated([write_rows(tmp_path / "t.jsonl", [row("20"), row("3"), row("100")])], tmp_path)
    assert found["document_ids"] == ["3", "20", "100"]
    empty = [name for name, value in found.items() if value is None]
    assert {"max_probability", "noisy_or", "max_score", "mean_score", "cross_sentence", "known"} <= set(empty)
    with pytest.raises(FormatError, match=r"no row has a probability; expected some, for a least probability of 0\.5"):
        aggregated([tmp_path / "t.jsonl"], tmp_path, min_probability=0.5)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_formats_hold_the_same(tmp_path: Path, suffix: str) -> None:
    rows = [row("1", score=0.5, year=1999, sentence='a\t"b", c'), row("2", score=0.25, year=2000)]
    table = write_rows(tmp_path / "t.jsonl", rows)
    aggregate([table], tmp_path / f"out{suffix}")
    (found,) = _read(tmp_path / f"out{suffix}")
    assert list(found) == SCHEMA.names
    assert found["document_ids"] in (["1", "2"], "1|2")
    assert found["years"] in ([{"year": 1999, "documents": 1}, {"year": 2000, "documents": 1}], "1999:1|2000:1")
    assert float(found["mean_score"]) == 0.375
    assert found["best_sentence"] in ('a\t"b", c', r'a\t"b", c')
    before = (tmp_path / f"out{suffix}").read_bytes()
    aggregate([table], tmp_path / f"out{suffix}", resources=Resources(threads=1))
    assert (tmp_path / f"out{suffix}").read_bytes() == before


def _read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pylist()
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in text.splitlines()]
    if ".csv" in path.name:
        return list(csv.DictReader(text.splitlines()))
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_nothing_is_an_empty_table(tmp_path: Path, suffix: str) -> None:
    done = aggregate([write_rows(tmp_path / "t.jsonl", [])], tmp_path / f"out{suffix}")
    assert (done.rows, done.documents, done.relations) == (0, 0, 0)
    assert _read(tmp_path / f"out{suffix}") == []
    if suffix == ".tsv":
        assert (tmp_path / "out.tsv").read_text() == "\t".join(SCHEMA.names) + "\n"


def test_a_run_without_parts_is_an_empty_table(tmp_path: Path) -> None:
    assert aggregated([write_run(tmp_path / "run", []).path], tmp_path) == []


def test_parquet_documents_its_columns(tmp_path: Path) -> None:
    aggregated([write_rows(tmp_path / "t.jsonl", [row("1")])], tmp_path)
    file = pq.ParquetFile(tmp_path / "aggregate.parquet")
    assert file.schema_arrow.names == SCHEMA.names
    assert all(field.metadata[b"doc"] for field in file.schema_arrow)
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.tsv", "document\ttype\thead\n1\tCID\tC\n", r"a\.tsv: columns document, type, head; expected .* tail"),
        ("a.tsv", "document\ttype\thead\ttail\tprobability\n1\tCID\tC\tD\t1.5\n", r"document 1\): probability = 1\.5"),
        ("a.tsv", "document\ttype\thead\ttail\tprobability\n1\tCID\tC\tD\thigh\n", r"a\.tsv:2: probability = 'high'"),
        ("a.csv", "document,type,head,tail,score\n1,CID,,D,1\n", r"a\.csv:2: head = None"),
        ("a.jsonl", '{"document": "1"\n', r"a\.jsonl:1: .*expected a JSON object"),
        ("a.parquet", "PAR1", r"a\.parquet: .*expected a whole Parquet file"),
        ("a.tsv", "", r"a\.tsv: is empty"),
    ],
)
def test_broken_tables_are_told_in_one_line(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    (tmp_path / "out.tsv").write_text("before")
    with pytest.raises(FormatError, match=message) as caught:
        aggregate([tmp_path / name], tmp_path / "out.tsv")
    assert "\n" not in str(caught.value)
    assert (tmp_path / "out.tsv").read_text() == "before"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "out.tsv"])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("probability", [-0.5], r"document 1\): probability = -0\.5; expected a number from 0 to 1"),
        ("probability", [math.nan], r"probability = nan; expected a number from 0 to 1"),
        ("score", [math.inf], r"score = inf; expected a finite number"),
        ("score", ["high"], r"t\.parquet: .*high.*; expected a whole table"),
        ("head", [None], r"a row without head; expected one"),
        ("tail", [""], r"a row without tail; expected one"),
    ],
)
def test_parquet_values_that_are_none(tmp_path: Path, column: str, values: list[Any], message: str) -> None:
    columns = {"document": ["1"], "type": ["CID"], "head": ["C"], "tail": ["D"], column: values}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    with pytest.raises(FormatError, match=message) as caught:
        aggregate([tmp_path / "t.parquet"], tmp_path / "out.tsv")
    assert "\n" not in str(caught.value)


def test_paths_are_no_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "it's [1] *"
    folder.mkdir()
    table = pa.table({"document": [1, 2], "type": ["CID"] * 2, "head": ["C"] * 2, "tail": ["D"] * 2})
    pq.write_table(table, folder / "t?.parquet")
    assert aggregated([folder / "t?.parquet"], folder)[0]["documents"] == 2


def test_folders_outputs_and_limits_that_do_not_hold(tmp_path: Path) -> None:
    table = write_rows(tmp_path / "t.jsonl", [row("1")])
    (tmp_path / "folder").mkdir()
    with pytest.raises(FormatError, match=r"has no run\.json"):
        aggregate([tmp_path / "folder"], tmp_path / "out.tsv")
    with pytest.raises(ConfigError, match=r"out\.xlsx: the suffix tells the format"):
        aggregate([table], tmp_path / "out.xlsx")
    with pytest.raises(FormatError, match=r"nowhere.*cannot be written"):
        aggregate([table], tmp_path / "nowhere" / "out.tsv")
    with pytest.raises(ConfigError, match=r"memory limit 'lots': .*expected such as 4GB"):
        aggregate([table], tmp_path / "out.tsv", resources=Resources(memory="lots"))
    with pytest.raises(FormatError, match="nowhere: cannot be written to"):
        aggregate([table], tmp_path / "out.tsv", resources=Resources(folder=tmp_path / "nowhere"))
    with pytest.raises(BranError, match="too little memory") as caught:
        aggregate([table], tmp_path / "out.tsv", resources=Resources(memory="1MB"))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_more_rows_than_memory(tmp_path: Path) -> None:
    """Two million rows with sentences, 500 MB of them, under a limit of 300 MB."""
    from benchmarks.aggregation import write_table

    table = write_table(tmp_path / "t.parquet", 2_000_000)
    done = aggregate([table], tmp_path / "out.parquet", resources=Resources(memory="300MB", folder=tmp_path))
    made = pq.read_table(tmp_path / "out.parquet", columns=["documents"])
    assert done.rows == 2_000_000
    assert sum(made["documents"].to_pylist()) == done.rows  # each row is a document of its own
    assert done.relations == len(made)


def test_the_documentation_lists_every_column() -> None:
    text = (Path(__file__).parents[2] / "docs" / "aggregate.md").read_text(encoding="utf-8")
    for field in SCHEMA:
        assert f"| `{field.name}` | {field.metadata[b'doc'].decode()} |" in text
