"""What a report takes for gold, what it says its scores are of, and where its relations come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from bran.corpus.document import Document, Passage, Relation
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.mesh import BUNDLED_VERSION, MeshTree
from bran.corpus.readers import Strict
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, FormatError
from bran.evaluation.gold import FILTERED, RAW, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.signature import Signature
from bran.export.run_folder import DESCRIPTION
from bran.workflows.report import ReportBuilder, gold_of, input_names, read_gold
from bran.workflows.report_sources import EarlierRun
from tests.reports import read_page
from tests.runs import abstracts, write_corpus

CDR = load_schema("cdr")


def test_relations_make_documents_gold_and_so_do_mentions_beside_them() -> None:
    annotated, empty = abstracts(2)
    empty = empty.with_relations(())
    text = Document("9", (Passage("title", "Nothing is marked here."),))
    gold = gold_of([annotated, empty, text], CDR)
    assert gold is not None
    assert set(gold.documents) == {annotated.id, empty.id}
    found = empty.with_relations((Relation("CID", "MESH:C1", "MESH:D2", score=0.5),))
    assert [judged.status for judged in gold.judge(found)] == ["wrong"]
    assert gold_of([empty, text], CDR) is None


def test_scores_are_signed_as_those_of_the_evaluation() -> None:
    gold = gold_of(abstracts(5), CDR)
    assert gold is not None
    shown = [document.id for document in abstracts(3)]
    standard = GoldStandard(abstracts(3), CDR, HypernymFilter(MeshTree.bundled()), mesh=BUNDLED_VERSION)
    predictions = Predictions("some", {}, threshold=0.5)
    assert list(gold.signatures(set(shown), 0.5)) == [
        Signature.of(standard, predictions, protocol, resamples=0, resampling_seed=0) for protocol in (RAW, FILTERED)
    ]


def test_a_note_says_that_there_is_more(tmp_path: Path) -> None:
    builder = ReportBuilder("Some", limit=2)
    builder.add_documents(abstracts(3))
    assert builder.write(tmp_path / "report.html").documents == 2
    head, _ = read_page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert head["notes"] == ["The input has more documents: the first 2 are shown and counted (--limit)."]


def test_documents_are_no_earlier_run(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "gold.txt", abstracts(2))
    assert EarlierRun.at([corpus, tmp_path / "absent.txt", tmp_path]) is None
    table = tmp_path / "found.parquet"
    assert EarlierRun.at([table]) == EarlierRun(table, None, [("table", "found.parquet")])
    with pytest.raises(ConfigError, match="expected it alone, or documents only"):
        EarlierRun.at([corpus, table])


def test_a_run_that_is_damaged(tmp_path: Path) -> None:
    (tmp_path / DESCRIPTION).write_text("{}", encoding="utf-8")
    with pytest.raises(FormatError, match="expected what bran wrote"):
        EarlierRun.at([tmp_path])


def test_gold_of_a_file_is_called_after_it(tmp_path: Path) -> None:
    gold = read_gold(write_corpus(tmp_path / "gold.txt", abstracts(2)), CDR, on_error=Strict())
    assert (gold.name, list(gold.documents)) == ("gold.txt", ["1000", "1001"])


@pytest.mark.parametrize(
    ("names", "called"),
    [(["a/b.txt"], "b.txt"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d", "e"], "a, b, c and 2 more")],
)
def test_inputs_are_named_shortly(names: list[str], called: str) -> None:
    assert input_names(list(map(Path, names))) == called
