"""What ``bran ensemble`` does: averages the scores of runs of ``bran train``, and scores the mean as a run is scored.

The folder is that of a run (:mod:`bran.workflows.run_files`), without models; ``<split>/ensemble.json`` has the
threshold of each split and the hashes of the models that were averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations, groupby, product
from pathlib import Path

from bran.corpus.load import Corpus
from bran.corpus.splits import Split
from bran.errors import ConfigError
from bran.evaluation.averaging import Mean, mean_relations
from bran.evaluation.predictions import Predictions
from bran.evaluation.report import evaluate
from bran.evaluation.thresholds import Threshold
from bran.export.reading import read_table
from bran.extraction.model_hash import model_hash
from bran.workflows.committee import Committee, Member
from bran.workflows.evaluate import flat_scores
from bran.workflows.fitting import Fitter
from bran.workflows.run_files import (
    CANDIDATES,
    SCORES,
    Outcome,
    read_json,
    write_candidates,
    write_json,
    write_settings,
    write_summary,
)
from bran.workflows.summary import Summary
from bran.workflows.tracking import Run, Tracker
from bran.workflows.trained_run import MEMBERS, TrainedRun, runs_hash

ENSEMBLE = "ensemble.json"


def check_members(runs: Sequence[TrainedRun], corpus: Corpus) -> None:
    """Make sure that the mean of ``runs`` says something: one corpus, one schema, one protocol, the same test parts.

    Validation parts may differ.

    Raises:
        ConfigError: when they do not go together, two are the same, or there are fewer than two.
    """
    if len(runs) < 2:
        raise ConfigError(f"{len(runs)} run to average; expected at least two")
    for run in runs:
        if run.identity.get("corpus") != corpus.hash:
            raise ConfigError(f"{run.folder}: has corpus {run.identity.get('corpus')}; the one given is {corpus.hash}")
        _check_settings(runs[0], run)
        _check_splits(runs[0], run)
    for one, two in combinations(runs, 2):
        if one.identity == two.identity:
            what = f"has config {two.identity['config']}, as {one.folder} has"
            raise ConfigError(f"{two.folder}: {what}; expected another seed or config")


def _check_settings(first: TrainedRun, run: TrainedRun) -> None:
    for key in ("relation_schema", "protocol", "hypernym_filter"):
        found, expected = getattr(run.config, key), getattr(first.config, key)
        if found != expected:
            raise ConfigError(f"{run.folder}: has {key} {found}; expected {expected}, as {first.folder} has")


def _check_splits(first: TrainedRun, run: TrainedRun) -> None:
    if set(run.splits) != set(first.splits):
        found, expected = (", ".join(each.splits) or "none" for each in (run, first))
        raise ConfigError(f"{run.folder}: has splits {found}; expected {expected}, as {first.folder} has")
    for name, split in first.splits.items():
        if set(run.splits[name].test) != set(split.test):
            raise ConfigError(f"{run.folder}: {name} is tested on other documents than that of {first.folder}")


class EnsembleRun:
    """One run of ``bran ensemble``; started again in the same folder, it does anew what is wanted.

    Args:
        members: whose scores are averaged.
        corpus: what they were trained and tested on.
        folder: where everything goes.
        fitter: of the first member's config: scores, and chooses thresholds, as a fit does.
        tracker: where the run is logged.
        name: of the ensemble; predicted relations carry it.
        mean: of what.

    Raises:
        ConfigError: when the members do not go together (:func:`check_members`).
    """

    def __init__(
        self,
        members: Sequence[TrainedRun],
        corpus: Corpus,
        folder: Path,
        *,
        fitter: Fitter,
        tracker: Tracker,
        name: str = "ensemble",
        mean: Mean = "probabilities",
    ) -> None:
        check_members(members, corpus)
        self.members, self.corpus, self.folder = members, corpus, folder
        self.fitter, self.tracker = fitter, tracker
        self.name = name
        self.mean: Mean = mean

    def run(self, *, only: Sequence[str] = ()) -> Summary:
        """Average and score every split.

        Args:
            only: names of splits; by default all that have a test part. Others that an earlier start has done are
                left as they are, and have their place in the summary.

        Raises:
            ConfigError: when a split is not there or not done in some member, or the folder holds results of another
                ensemble or run.
        """
        first = self.members[0]
        wanted = {first.split(name).name for name in only or first.splits}
        splits = [self._common(split) for split in first.splits.values()]
        tested = [split for split in splits if split.test and (split.name in wanted or self._done(split))]
        for split, member in product(tested, self.members):
            if split.name in wanted:
                member.check_scored(split.name)
        self._write_settings(splits)
        with self.tracker.start(self.name, tags=self._identity) as run:
            outcomes = [self._split(split, run) if split.name in wanted else self._outcome(split) for split in tested]
            kinds = groupby(outcomes, key=lambda outcome: outcome.split.name.rsplit("-", 1)[0])
            summary = Summary.of([{outcome.split.name: outcome.report for outcome in group} for _, group in kinds])
            write_summary(summary, self.folder)
            run.log_text(summary.to_markdown(), "summary.md")
            run.log_metrics(summary.metrics)
        return summary

    @cached_property
    def _identity(self) -> dict[str, str]:
        """Hashes of what decides the results."""
        return {"config": runs_hash(self.members, mean=self.mean), "corpus": self.corpus.hash}

    def _common(self, split: Split) -> Split:
        """The split of the ensemble: trained on what any member was trained on."""
        parts = [member.split(split.name) for member in self.members]
        train = {id_ for part in parts for id_ in part.train}
        validation = {id_ for part in parts for id_ in part.validation} - train
        return Split(split.name, tuple(sorted(train)), tuple(sorted(validation)), split.test)

    def _write_settings(self, splits: Sequence[Split]) -> None:
        settings = {"name": self.name, "mean": self.mean, MEMBERS: [member.record for member in self.members]}
        write_settings(self.folder, self._identity, settings, corpus=self.corpus, splits=splits)

    def _done(self, split: Split) -> bool:
        """Whether the last file that is written of ``split`` is there."""
        return (self.folder / split.name / SCORES).exists()

    def _split(self, split: Split, run: Run) -> Outcome:
        """Average and score one split."""
        folder = self.folder / split.name
        folder.mkdir(exist_ok=True)
        self._write_record(split, self._threshold(split))
        self._average(split)
        outcome = self._outcome(split)
        write_json(folder / SCORES, outcome.report.to_dict())
        with run.start(split.name, tags={"split": split.name}) as child:
            child.log_metrics(flat_scores(outcome.report))
            child.log_dict(outcome.report.to_dict(), SCORES)
            child.log_file(folder / CANDIDATES)
        return outcome

    def _average(self, split: Split) -> None:
        """Write the mean of the members' candidates of the test part."""
        predictions = [member.candidates(split.name) for member in self.members]
        documents = []
        for document in self.corpus.select(split.test):
            found = [member.relations.get(document.id, ()) for member in predictions]
            mean = mean_relations(found, document=document.id, model=self.name, mean=self.mean)
            documents.append(document.with_relations(mean))
        write_candidates(documents, self.folder / split.name, self.fitter.schema)

    def _outcome(self, split: Split) -> Outcome:
        """Score the candidates that lie in the folder of ``split``, at the threshold beside them."""
        folder = self.folder / split.name
        found = Predictions.of(read_table(folder / CANDIDATES), system=self.name)
        candidates = replace(found, config=self._identity["config"])
        chosen = read_json(folder / ENSEMBLE)["threshold"]
        gold = self.fitter.gold(self.corpus.select(split.test), split=split.name)
        report = evaluate(gold, candidates.keep(chosen["value"] if chosen else 0.5, gold.schema))
        return Outcome(split, report, candidates)

    def _threshold(self, split: Split) -> Threshold | None:
        """Chosen on the validation parts as a fit chooses it; ``None`` where there is none.

        The members predict them anew: where they were validated on different documents, each one is scored by those
        that were not trained on it.
        """
        validated = {id_ for member in self.members for id_ in member.split(split.name).validation}
        if not validated:
            return None
        members = [Member.load(run, split.name, device=self.fitter.device) for run in self.members]
        committee = Committee(members, name=self.name, mean=self.mean)
        documents = self.corpus.select(sorted(validated))
        return self.fitter.threshold(documents, Predictions.of(committee.predict(documents), system=self.name))

    def _write_record(self, split: Split, threshold: Threshold | None) -> None:
        models = {str(member.folder): model_hash(member.model(split.name)) for member in self.members}
        chosen = threshold.model_dump() if threshold else None
        write_json(self.folder / split.name / ENSEMBLE, {"threshold": chosen, "models": models})
