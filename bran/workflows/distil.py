"""What ``bran distil`` does: one student per split learns what several teachers say, of gold and unlabelled documents.

Teachers are the models that runs of `bran train` have of the same split, so none has seen the split's test part. The
folder is that of a run (:mod:`bran.workflows.train`), and beside its files has

``<split>/teachers.parquet``   every candidate of the training and unlabelled documents with the teachers' mean score
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from bran.corpus.document import Document
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus, content_hash
from bran.corpus.schema import Schema
from bran.corpus.splits import Split
from bran.encoding.distillation import DistillationConfig, Scores
from bran.encoding.labels import Labeller
from bran.errors import ConfigError
from bran.export.reading import read_table
from bran.extraction.model_hash import model_hash
from bran.extraction.trained_model import TrainedModel, read_description
from bran.nn.devices import Processes
from bran.training.loop import Draw
from bran.training.share import Share, share_size
from bran.workflows.committee import Committee, Member
from bran.workflows.run_config import RunConfig
from bran.workflows.run_files import REFIT, write_scores
from bran.workflows.trained_run import TrainedRun, runs_hash
from bran.workflows.training_data import TrainingData

TEACHERS = "teachers.parquet"
_NAME = "teachers"


@dataclass(frozen=True)
class Teachers:
    """Runs whose models say what a student learns.

    Attributes:
        runs: at least one; other seeds, configs, vocabularies, sizes: only their scores are asked for.
        schema: that of the student.
        device: where they run.
    """

    runs: Sequence[TrainedRun]
    schema: Schema
    device: torch.device

    @property
    def hash(self) -> str:
        """Names the teachers."""
        return runs_hash(self.runs)

    def check(self, split: Split) -> None:
        """Make sure that every teacher of ``split`` is there, is for the same relations, and was tested where it is.

        Raises:
            ConfigError: when one is not.
            ModelError: when one cannot be read.
        """
        for run in self.runs:
            if read_description(run.model(split.name)).relation_schema != self.schema:
                raise ConfigError(f"{run.folder}: was trained for another schema; expected that of the student")
            if split.test:
                _check_tested(run, split)

    def record(self, split: str) -> list[dict[str, Any]]:
        """What a student's card says of the teachers of ``split``."""
        return [{**run.record, "model": model_hash(run.model(split))} for run in self.runs]

    def predict(self, split: str, annotated: Iterable[Document], unlabelled: Iterable[Document]) -> Iterator[Document]:
        """Documents with every candidate and the teachers' mean score of it, the annotated ones first.

        An annotated document is scored by models that were not trained on it, where there are any. Of a refit these
        are the models of the folds.

        Args:
            split: whose teachers, or ``refit``.
            annotated: training documents of the student.
            unlabelled: documents that no teacher was trained on.
        """
        teachers = [self._member(run, split) for run in self.runs]
        folds = [self._member(run, name) for run in self.runs for name in _folds(run)] if split == REFIT else []
        yield from Committee([*teachers, *folds], name=_NAME).predict(annotated)
        yield from Committee(teachers, name=_NAME).predict(unlabelled)

    def _member(self, run: TrainedRun, split: str) -> Member:
        return Member.load(run, split, device=self.device)


def _check_tested(run: TrainedRun, split: Split) -> None:
    found = run.split(split.name)
    seen = {*found.train, *found.validation}
    for id_ in split.test:
        if id_ not in found.test:
            what = f"{'was trained on' if id_ in seen else 'was not tested on'} document {id_!r}"
            message = f"{run.folder}: the teacher of {split.name} {what}, which its student is tested on"
            raise ConfigError(f"{message}; expected a run with the splits of the student")


def _folds(run: TrainedRun) -> list[str]:
    """The splits of the first kind that are done: their models have not seen their test part."""
    kinds = [name.rsplit("-", 1)[0] for name in run.splits]
    return [name for name, kind in zip(run.splits, kinds, strict=True) if kind == kinds[0] and run.is_scored(name)]


def student_config(config: RunConfig) -> RunConfig:
    """``config`` with the defaults of ``distillation`` where it says nothing of it."""
    return config if config.distillation else config.model_copy(update={"distillation": DistillationConfig()})


class DistilledData(TrainingData):
    """Makes training examples of which teachers say how far relations hold.

    Args:
        config: of the student's run; without ``distillation``, its defaults hold.
        schema: what it names.
        hypernyms: the filter that the config may ask for.
        device: where teachers run.
        teachers: whose scores are learned.
        unlabelled: documents beside the corpus, none of them in it.
        folder: of the student's run; scores are kept there.
        only: names of splits; by default all are wanted.
        processes: this process among those of a data-parallel run.
    """

    def __init__(
        self,
        config: RunConfig,
        schema: Schema,
        hypernyms: HypernymFilter,
        *,
        device: torch.device,
        teachers: Teachers,
        unlabelled: Sequence[Document],
        folder: Path,
        only: Sequence[str] = (),
        processes: Processes | None = None,
    ) -> None:
        super().__init__(config, schema, hypernyms, device=device)
        self.teachers, self.unlabelled, self.folder, self.only = teachers, unlabelled, folder, only
        self.processes = processes or Processes()
        self.distillation = config.distillation or DistillationConfig()

    def check(self, corpus: Corpus) -> None:
        """Make sure that every wanted split has its teachers, and that none of them has seen its test part.

        Raises:
            ConfigError: when that is not so.
            DuplicateDocumentError: when a document of ``corpus`` is among the weak ones.
        """
        super().check(corpus)
        splits = [split for kind in self.config.splits for split in kind.build(corpus)]
        if self.config.refit and not self.only:
            splits.append(Split(REFIT, tuple(document.id for document in corpus.documents), (), ()))
        for split in splits:
            if not self.only or split.name in self.only:
                self.teachers.check(split)

    def identity(self, splits: Sequence[str]) -> dict[str, str]:
        """Hashes of what decides the examples of ``splits``, beside the config and the documents of the corpus."""
        unlabelled = {"unlabelled": content_hash(self.unlabelled)} if self.unlabelled else {}
        return {**super().identity(splits), _NAME: self.teachers.hash, **unlabelled}

    def record(self, split: str) -> dict[str, Any]:
        """What the student's card says of its teachers."""
        distillation = {_NAME: self.teachers.record(split), "unlabelled documents": len(self.unlabelled)}
        return {**super().record(split), "distillation": {**self.distillation.model_dump(), **distillation}}

    def epoch_size(self, documents: int) -> int:
        """Documents of an epoch, of which ``documents`` are those of a split."""
        return super().epoch_size(documents) + share_size(len(self.unlabelled), self.distillation.per_epoch)

    def further(self, model: TrainedModel, split: Split) -> Draw:
        """The weak documents of each epoch, and the unlabelled ones as the teachers label them."""
        weak = super().further(model, split)
        if not self.unlabelled:
            return weak
        labels = self.distillation.unlabelled(self.schema, self._told(split, self.unlabelled))
        examples = self._encode(model, self.unlabelled, labels)
        share = Share(examples, self.distillation.per_epoch, seed=self.config.training.seed)
        return lambda epoch: [*weak(epoch), *share(epoch)]

    def _targets(self, split: Split, documents: Sequence[Document], labels: Labeller) -> Labeller:
        """``labels``, drawn towards what the teachers say."""
        self._ask(split, documents)
        return self.distillation.annotated(self.schema, self._told(split, documents), labels)

    def _check_teachers(self) -> None:
        """There are some."""

    def _ask(self, split: Split, annotated: Sequence[Document]) -> None:
        """Have the first process write down, once, what the teachers of ``split`` say."""
        path = self.folder / split.name / TEACHERS
        if self.processes.rank == 0 and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_scores(self.teachers.predict(split.name, annotated, self.unlabelled), path, self.schema)
        self.processes.wait()

    def _told(self, split: Split, documents: Sequence[Document]) -> Scores:
        """What the teachers of ``split`` have said of ``documents``."""
        wanted = {document.id for document in documents}
        said = read_table(self.folder / split.name / TEACHERS)
        return {document.id: document.relations for document in said if document.id in wanted}
