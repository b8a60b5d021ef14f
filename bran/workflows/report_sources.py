"""Where a report gets its relations from: an earlier extraction, or a model that is run for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bran.config import parse_config
from bran.corpus.document import Document
from bran.corpus.schema import Schema
from bran.errors import ConfigError
from bran.export.run_folder import RunFolder
from bran.view.report.table import is_table
from bran.workflows.report import Facts, Gold, ReportBuilder
from bran.workflows.tag import TaggingSettings, tag_bare


@dataclass(frozen=True)
class EarlierRun:
    """What ``bran extract`` wrote earlier: the folder of a run, or a relation table.

    Attributes:
        path: the folder or file.
        schema: of its relations; ``None``: a table does not say.
        facts: what a page says of it.
    """

    path: Path
    schema: Schema | None
    facts: Facts

    @classmethod
    def at(cls, paths: Sequence[Path]) -> EarlierRun | None:
        """What stands at ``paths``; ``None`` when these are documents.

        Raises:
            ConfigError: when there is more beside it.
            FormatError: when the description of a run is damaged.
        """
        found = next((path for path in paths if RunFolder.is_run(path) or is_table(path)), None)
        if found is None:
            return None
        if len(paths) > 1:
            raise ConfigError(f"{found}: is a run or a relation table; expected it alone, or documents only")
        return cls._of_run(found) if found.is_dir() else cls(found, None, [("table", found.name)])

    def add_to(self, builder: ReportBuilder) -> None:
        """Show its documents.

        Raises:
            FormatError: when it cannot be read.
        """
        builder.facts += self.facts
        if builder.threshold is not None:
            builder.facts += [("threshold", f"{builder.threshold:.6g}")]
        if self.path.is_dir():
            builder.add_run(self.path)
        else:
            builder.add_table(self.path)

    @classmethod
    def _of_run(cls, path: Path) -> EarlierRun:
        description = RunFolder(path).description
        schema = parse_config(Schema, description.relation_schema, source=str(path))
        model = f"{description.model}, version {description.model_version}, {description.model_hash}"
        facts = [("run", path.name), ("model", model), ("extracted with", f"bran {description.bran_version}")]
        return cls(path, schema, facts)


@dataclass(frozen=True, slots=True)
class Prediction:
    """How the relations of documents are found.

    Attributes:
        model: folder of the model.
        device: where it runs (``cpu``, ``cuda``, ``auto``).
        threshold: a number, or the name of one of the model's thresholds; ``None``: the model's own.
        tagging: how documents without mentions are tagged.
        workers: processes that tag.
    """

    model: Path
    device: str
    threshold: str | None
    tagging: TaggingSettings
    workers: int = 1

    def add_to(
        self,
        builder: ReportBuilder,
        read: Callable[[Schema], Iterable[Document]],
        gold: Callable[[list[Document], Schema], Gold | None],
    ) -> None:
        """Show the documents that ``read`` gives for the schema of the model, beside what ``gold`` says of them.

        Raises:
            ModelError: when the model cannot be used.
            ConfigError: when it has no such threshold.
        """
        from bran.extraction.model_hash import model_hash  # imports torch, as do these
        from bran.extraction.predictor import Predictor
        from bran.extraction.trained_model import resolve_threshold

        predictor = Predictor.load(self.model, device=self.device, evidence=True)
        description = predictor.model.description
        builder.threshold = resolve_threshold(description, self.threshold)
        documents = builder.limited(read(description.relation_schema))
        builder.gold = gold(documents, description.relation_schema)
        tagged = tag_bare(documents, self.tagging, workers=self.workers)
        builder.add_documents(predictor.predict(tagged, threshold=builder.threshold))
        builder.facts += [
            ("model", f"{description.name}, version {description.bran_version}, {model_hash(self.model)}"),
            ("threshold", f"{builder.threshold:.6g}"),
        ]
        builder.notes += [f"Not scored: {count} {name}." for name, count in predictor.notes.items() if count]
