from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bran.workflows.studies.plan import Plan
from bran.workflows.studies.report import StudyReport
from bran.workflows.studies.results import StudyResults
from tests.studies import invented_result, invented_study

FILES = {
    "report.md",
    "report.tex",
    "report.html",
    "scores.csv",
    "runs.csv",
    "figures/differences.svg",
    "figures/learning.svg",
    "figures/precision-recall.svg",
}


@pytest.fixture(scope="module")
def report(finished: tuple[Path, Plan, StudyResults]) -> StudyReport:
    return StudyReport(finished[2], resamples=100)


@pytest.fixture(scope="module")
def written(report: StudyReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    report.write(folder)
    return folder


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_every_format_is_written(written: Path) -> None:
    assert {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()} == FILES


def test_the_main_table_is_that_of_the_protocol_that_chooses_thresholds(report: StudyReport) -> None:
    assert report.main is not None
    assert report.main.title == "Test scores, fold, filtered"
    assert [row[0] for row in report.main.rows] == ["base", "cnn-only", "max"]
    assert report.main.rows[0][-3:] == ["–", "–", "–"]
    base = report.kinds[0].rows[0]
    assert report.main.rows[0][4] == f"{base.mean('filtered'):.1f} ± {base.deviation('filtered'):.1f}"
    titles = [each.title for each in report.tables]
    assert titles == ["Test scores, fold, filtered", "Test scores, fold, raw", "Variants", "Runs"]


def test_scores_as_csv_are_those_of_the_runs(written: Path, report: StudyReport) -> None:
    rows = table(written / "scores.csv")
    found = {(row["variant"], row["protocol"], row["slice"], row["metric"]): row for row in rows}
    for row in report.kinds[0].rows:
        for protocol in ("raw", "filtered"):
            line = found[row.name, protocol, "inter", "recall"]
            assert float(line["mean"]) == pytest.approx(row.mean(protocol, "inter", "recall"), rel=1e-5)
            assert line["runs"] == "2"
    assert found["base", "raw", "micro", "f1"]["difference"] == ""
    main = found["max", "filtered", "micro", "f1"]
    assert float(main["low"]) <= float(main["difference"]) <= float(main["high"])
    assert float(main["p"]) <= float(main["p Holm"])
    assert found["max", "filtered", "micro", "recall"]["p Holm"] == ""


def test_every_run_has_its_command(written: Path, report: StudyReport) -> None:
    rows = table(written / "runs.csv")
    assert [row["run"] for row in rows] == [run.name for run in report.record.runs]
    for row in rows:
        assert row["command"].endswith(f"--only {row['run']} --device cpu --threads 1")
        result = report.study.results[row["key"]]
        assert row["filtered f1"] == f"{100 * result.metrics['filtered_micro_f1']:.2f}"
        assert (row["corpus"], row["code"]) == (report.record.corpus_hash, report.record.code)


def test_markdown_links_the_figures_and_repeats_rows(written: Path) -> None:
    text = (written / "report.md").read_text(encoding="utf-8")
    for name in ("differences", "learning", "precision-recall"):
        assert f"(figures/{name}.svg)" in text
        ElementTree.parse(written / "figures" / f"{name}.svg")
    assert "- runs: 6 of 6 done, 0 failed" in text
    assert "model.encoder.attention=null" in text
    assert "--only cnn-only " in text


def test_the_page_holds_the_figures(written: Path) -> None:
    text = (written / "report.html").read_text(encoding="utf-8")
    assert text.count("<svg") == 3
    for place in ('src="', "@import", "<script"):
        assert place not in text


def test_latex_has_all_tables_but_that_of_runs(written: Path) -> None:
    text = (written / "report.tex").read_text(encoding="utf-8")
    assert text.count(r"\begin{tabular}") == text.count(r"\end{tabular}") == 3
    assert "cnn-only" in text


def test_means_are_flat_metrics(report: StudyReport) -> None:
    assert set(report.means) == {"base", "cnn-only", "max"}
    base = report.kinds[0].rows[0]
    assert report.means["base"]["fold_raw_precision_mean"] == base.mean("raw", metric="precision")


def test_a_study_that_has_hardly_begun(tmp_path: Path) -> None:
    nothing = StudyReport(invented_study([]))
    assert nothing.main is None
    nothing.write(tmp_path / "nothing")
    one = invented_study([("worse", invented_result("worse", 0, "fold-1", 3))])
    failures = {"worse/0/fold-1": "diverged"}
    report = StudyReport(type(one)(one.record, one.results, failures), resamples=10)
    report.write(tmp_path / "one")
    text = (tmp_path / "one" / "report.md").read_text(encoding="utf-8")
    assert "- worse/0/fold-1: diverged" in text
    assert "| worse | 1 | 100.0 | 30.0 | 46.2 |" in text
    assert "differences.svg" not in text


def test_types_have_a_table_where_there_are_several() -> None:
    one = invented_result("base", 0, "fold-1", 3)
    record = one.counts["filtered"]
    both = record.model_copy(update={"types": ("A", "B"), "values": [[*v, *v] for v in record.values]})
    several = one.model_copy(update={"counts": {"filtered": both}})
    report = StudyReport(invented_study([("base", several)]), resamples=10)
    (found,) = [each for each in report.tables if each.title == "F1 by relation type, fold, filtered"]
    assert (list(found.header), list(found.rows[0])) == (["variant", "A", "B"], ["base", "46.2", "46.2"])
