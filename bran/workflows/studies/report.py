"""The report of a study: tables and figures as Markdown, CSV, LaTeX and one page of HTML, from what a store holds."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from bran.evaluation.counts import SPANS
from bran.evaluation.scores import METRICS, MICRO
from bran.files import atomic_write
from bran.view.page import code, facts, figure, page
from bran.view.plots.curves import Interval, curves, forest
from bran.view.plots.files import svg
from bran.view.tables import Table
from bran.wording import counted
from bran.workflows.studies.analysis import KindScores, RowScores, analyse
from bran.workflows.studies.results import StudyResults

SCORES, RUNS = "scores.csv", "runs.csv"
_MISSING = "–"
_TYPE = "type:"


class StudyReport:
    """Everything that a paper takes from a study.

    Args:
        study: what a store holds of it.
        resamples: corpora drawn for each interval and p-value.
        seed: of the drawing.
    """

    def __init__(self, study: StudyResults, *, resamples: int = 10_000, seed: int = 0) -> None:
        self.study, self.record = study, study.record
        self.resamples, self.seed = resamples, seed

    @cached_property
    def kinds(self) -> list[KindScores]:
        """Scores of each kind of split; the first one is the main one."""
        return analyse(self.study, resamples=self.resamples, seed=self.seed)

    @property
    def main(self) -> Table | None:
        """The table that a terminal shows: the first kind of split, under the protocol that chooses thresholds."""
        return self._score_table(self.kinds[0], self.record.protocol) if self.kinds else None

    @cached_property
    def tables(self) -> list[Table]:
        """The scores of each kind and protocol, those by type, what the rows are, and every run."""
        scores = [
            self._score_table(kind, protocol)
            for kind in self.kinds
            for protocol in sorted(kind.rows[0].protocols, key=lambda protocol: protocol != self.record.protocol)
        ]
        by_type = [self._type_table(kind) for kind in self.kinds if self._types(kind.rows[0])]
        return [*scores, *by_type, self._row_table(), self._run_table()]

    @cached_property
    def figures(self) -> dict[str, tuple[str, str]]:
        """Title and SVG of each figure, by its name."""
        if not self.kinds:
            return {}
        rows, protocol = self.kinds[0].rows, self.record.protocol
        found = [(row.name, row.difference(protocol)) for row in rows]
        intervals = [Interval(name, d.value, d.low, d.high) for name, d in found if d]
        validated = all("score" in epoch.metrics for row in rows for run in row.runs.values() for epoch in run.epochs)
        drawn = {
            "learning": (
                "Learning curves, mean over runs",
                svg(
                    curves(
                        {row.name: row.learning_curve for row in rows},
                        x="epoch",
                        y="validation F1 (%)" if validated else "loss of pairs",
                    )
                ),
            ),
            "precision-recall": (
                f"Precision and recall on test parts, mean over runs, {protocol}",
                svg(curves({row.name: row.precision_recall for row in rows}, x="recall (%)", y="precision (%)")),
            ),
        }
        if intervals:
            label = f"difference to {self.record.base_name}, {protocol} F1 (95 % interval)"
            drawn = {"differences": ("Differences to the base", svg(forest(intervals, label=label))), **drawn}
        return drawn

    @property
    def means(self) -> dict[str, dict[str, float]]:
        """Means and deviations of each row as flat metrics, in percent."""
        flat: dict[str, dict[str, float]] = {}
        for kind in self.kinds:
            for row in kind.rows:
                metrics = flat.setdefault(row.name, {})
                for protocol in row.protocols:
                    for metric in METRICS:
                        name = f"{kind.kind}_{protocol}_{metric}"
                        metrics[f"{name}_mean"] = row.mean(protocol, metric=metric)
                        metrics[f"{name}_deviation"] = row.deviation(protocol, metric=metric)
        return flat

    @property
    def failures(self) -> list[str]:
        """One line for each failed run."""
        return [f"{name}: {error}" for name, error in self.study.failed]

    @property
    def commands(self) -> list[str]:
        """What repeats each row; a single run is named ``variant/seed/fold`` in the same place."""
        return [self.record.command(row) for row in self.record.rows]

    def to_markdown(self) -> str:
        """All of it; figures are linked."""
        lines = [f"# Study {self.record.name}", "", *(f"- {name}: {value}" for name, value in self._facts), ""]
        drawings = [f"## {title}\n\n![{title}](figures/{name}.svg)\n" for name, (title, _) in self.figures.items()]
        failed = ["## Failed runs\n", *(f"- {line}" for line in self.failures), ""] if self.failures else []
        commands = "\n".join(self.commands)
        repeat = f"## To repeat a row\n\n```sh\n{commands}\n```\n"
        return "\n".join([*lines, *(table.to_markdown() for table in self.tables), *drawings, *failed, repeat])

    def to_latex(self) -> str:
        """All tables but that of single runs."""
        return "\n".join(table.to_latex() for table in self.tables[:-1])

    def to_html(self) -> str:
        """All of it as one page that needs no other file."""
        *tables, runs = self.tables
        sections = [
            facts(self._facts),
            *(table.to_html() for table in tables),
            *(figure(title, svg) for title, svg in self.figures.values()),
            runs.to_html(),
            *([code("Failed runs", self.failures)] if self.failures else []),
            code("To repeat a row", self.commands),
        ]
        return page(f"Study {self.record.name}", sections)

    def write(self, folder: Path) -> None:
        """Write every format into ``folder``, and the figures beside them."""
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        texts = {"report.md": self.to_markdown(), "report.tex": self.to_latex(), "report.html": self.to_html()}
        texts |= {f"figures/{name}.svg": svg + "\n" for name, (_, svg) in self.figures.items()}
        for name, text in texts.items():
            with atomic_write(folder / name) as stream:
                stream.write(text)
        _write_csv(folder / SCORES, self._score_rows())
        _write_csv(folder / RUNS, self._run_rows())

    @property
    def _facts(self) -> list[tuple[str, str]]:
        record = self.record
        versions = ", ".join(f"{name} {record.environment.get(name, '?')}" for name in ("bran", "python", "torch"))
        machine = record.environment.get("gpu") or record.environment.get("processor", "?")
        return [
            ("runs", f"{len(self.study.results)} of {len(record.runs)} done, {len(self.study.failures)} failed"),
            ("corpus", f"{record.corpus} ({record.corpus_hash})"),
            ("code", record.code),
            ("made with", f"{versions}, on {machine}, {record.threads} threads a run"),
            ("intervals", f"{counted(self.resamples, 'resample')} of documents, seed {self.seed}"),
        ]

    def _score_table(self, kind: KindScores, protocol: str) -> Table:
        corrected = kind.corrected(protocol)
        rows = []
        for row in kind.rows:
            scores = [_cell(row, protocol, MICRO, metric) for metric in METRICS]
            spans = [_cell(row, protocol, span, "f1") for span in SPANS]
            difference = row.difference(protocol)
            tested = [_MISSING] * 3
            if difference:
                change = f"{difference.value:+.1f} ({difference.low:+.1f} to {difference.high:+.1f})"
                tested = [change, f"{difference.p_value:.4f}", f"{corrected[row.name]:.4f}"]
            rows.append([row.name, str(len(row.runs)), *scores, *spans, *tested])
        header = ["variant", "runs", "P", "R", "F1", "intra F1", "inter F1", "Δ F1 (95 %)", "p", "p (Holm)"]
        note = (
            "Mean ± sd over runs, in percent. Δ: to the base, with a paired bootstrap interval over documents; p: "
            "approximate randomisation, then corrected for the number of variants."
        )
        return Table(f"Test scores, {kind.kind}, {protocol}", header, rows, [note])

    def _type_table(self, kind: KindScores) -> Table:
        types = self._types(kind.rows[0])
        protocol = self.record.protocol
        rows = [[row.name, *(_cell(row, protocol, name, "f1") for name in types)] for row in kind.rows]
        header = ["variant", *(name.removeprefix(_TYPE) for name in types)]
        return Table(f"F1 by relation type, {kind.kind}, {protocol}", header, rows)

    @staticmethod
    def _types(row: RowScores) -> list[str]:
        """The slices of single types; none where there is only one type, which is all."""
        names = [name for name in row.slices if name.startswith(_TYPE)]
        return names if len(names) > 1 else []

    def _row_table(self) -> Table:
        rows = []
        for row, differences in self.record.rows.items():
            keys = [run.key for run in self.record.runs if run.row == row]
            done = [self.study.results[key] for key in keys if key in self.study.results]
            changes = "; ".join(f"{key}={json.dumps(value)}" for key, value in differences.items()) or _MISSING
            size = sorted({run.parameters for run in done})
            parameters = " to ".join(f"{count:,}" for count in dict.fromkeys((*size[:1], *size[-1:]))) or _MISSING
            seconds = f"{statistics.fmean(run.seconds for run in done):.1f}" if done else _MISSING
            rows.append([row, changes, parameters, seconds, f"{len(done)}/{len(keys)}"])
        header = ["variant", "differs in", "parameters", "training time (s)", "runs done"]
        note = "Training time: of training steps, mean over runs."
        return Table("Variants", header, rows, [note], texts=["differs in"])

    def _run_table(self) -> Table:
        header, *rows = self._run_rows()
        shown = [number for number, title in enumerate(header) if title not in ("command", "corpus", "config", "code")]
        cells = [[row[number] for number in shown] for row in rows]
        return Table("Runs", [header[number] for number in shown], cells)

    def _run_rows(self) -> list[list[str]]:
        """A header, and one row per finished run."""
        protocols = list(next(iter(self.study.results.values())).counts) if self.study.results else []
        titles = [f"{protocol} {metric}" for protocol in protocols for metric in METRICS]
        rows = [["run", *titles, "threshold", "epochs", "seconds", "key", "config", "corpus", "code", "command"]]
        for run in self.record.runs:
            result = self.study.results.get(run.key)
            if result is None:
                continue
            scores = [f"{100 * result.scores(p)[MICRO][metric]:.2f}" for p in protocols for metric in METRICS]
            facts = [f"{result.threshold:.4f}", str(len(result.epochs)), f"{result.seconds:.1f}"]
            hashes = [result.key, result.config, result.corpus, result.code]
            rows.append([run.name, *scores, *facts, *hashes, self.record.command(run.name)])
        return rows

    def _score_rows(self) -> list[list[str]]:
        """A header, and one row per kind, variant, protocol, slice and metric; in percent."""
        header = ["splits", "variant", "protocol", "slice", "metric", "runs", "mean", "sd", "sd over seeds"]
        rows = [[*header, "difference", "low", "high", "p", "p Holm"]]
        for kind in self.kinds:
            for row in kind.rows:
                for protocol in row.protocols:
                    corrected = kind.corrected(protocol).get(row.name)
                    for name in row.slices:
                        for metric in METRICS:
                            holm = corrected if (name, metric) == (MICRO, "f1") else None
                            rows.append(_score_row(kind.kind, row, protocol, name, metric, holm))
        return rows


def _score_row(kind: str, row: RowScores, protocol: str, name: str, metric: str, holm: float | None) -> list[str]:
    place = (protocol, name, metric)
    scores = (row.mean(*place), row.deviation(*place), row.deviation_of_seeds(*place))
    found = row.difference(*place)
    tested = (found.value, found.low, found.high, found.p_value, holm) if found else (None,) * 5
    numbers = ["" if number is None else f"{number:.6g}" for number in (*scores, *tested)]
    return [kind, row.name, protocol, name, metric, str(len(row.runs)), *numbers]


def _cell(row: RowScores, protocol: str, slice_name: str, metric: str) -> str:
    """``mean ± deviation``; the mean alone of a single run."""
    mean = f"{row.mean(protocol, slice_name, metric):.1f}"
    return f"{mean} ± {row.deviation(protocol, slice_name, metric):.1f}" if len(row.runs) > 1 else mean


def _write_csv(path: Path, rows: Sequence[Sequence[str]]) -> None:
    with atomic_write(path) as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
