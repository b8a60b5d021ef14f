"""One fit: documents in, a trained model with its threshold out; and its predictions on held-out documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import torch

from bran.config import config_hash
from bran.corpus.document import Document
from bran.corpus.hypernyms import HypernymFilter
from bran.corpus.load import Corpus
from bran.corpus.mesh import MeshTree
from bran.corpus.schema import Schema, load_schema
from bran.corpus.splits import Split
from bran.encoding.knowledge import KNOWLEDGE, Knowledge
from bran.encoding.subwords import Subwords
from bran.encoding.vectors import SubwordVectors
from bran.errors import ConfigError, TrainingError
from bran.evaluation.gold import FILTERED, GoldStandard
from bran.evaluation.predictions import Predictions
from bran.evaluation.thresholds import Threshold, best_threshold, expected_threshold, score_curve
from bran.extraction.predictor import Predictor
from bran.extraction.trained_model import TrainedModel, load_knowledge
from bran.nn.devices import Processes, choose_device
from bran.nn.hugging_face import HuggingFaceConfig
from bran.nn.pretrained import is_encoder
from bran.training.checkpoint import Progress
from bran.training.loop import Checkpoints, Hooks, Metrics, Trainer
from bran.wording import counted
from bran.workflows.bundled import knowledge_folder, vectors_folder
from bran.workflows.pretrained_encoders import start_from_encoder
from bran.workflows.run_config import RunConfig
from bran.workflows.starts import check_vocabulary, describe, start_from
from bran.workflows.training_data import TrainingData


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a fit runs and how often it saves itself: nothing that decides its result."""

    device: str = "auto"
    checkpoint_steps: int = 200
    processes: Processes = field(default_factory=Processes)


@dataclass(frozen=True, slots=True)
class Listener:
    """What hears of a fit while it runs.

    Attributes:
        epoch: takes the metrics of each epoch and its number.
        advance: takes the number of documents read since the last call.
    """

    epoch: Callable[[Metrics, int], None] = lambda metrics, epoch: None
    advance: Callable[[int], None] = lambda documents: None


class Fitter:
    """Fits models of one config.

    Args:
        config: of the run.
        mesh: the tree of the hypernym filter.
        mesh_version: what signatures call it.
        machine: where to run.
        data: makes the examples that fits learn from.

    Raises:
        ConfigError: when the schema has no use for the filter that the config asks for.
    """

    def __init__(
        self,
        config: RunConfig,
        *,
        mesh: MeshTree,
        mesh_version: str,
        machine: Machine | None = None,
        data: Callable[..., TrainingData] = TrainingData,
    ) -> None:
        self.config = config
        self.mesh_version = mesh_version
        self.schema: Schema = load_schema(config.relation_schema)
        self._check_filter()
        self.hypernyms = HypernymFilter(mesh)
        self.machine = machine or Machine()
        self.device = choose_device(self.machine.device)
        self.data = data(config, self.schema, self.hypernyms, device=self.device)

    def fit(
        self,
        split: Split,
        train: Sequence[Document],
        validation: Sequence[Document],
        *,
        folder: Path,
        listener: Listener | None = None,
        init: Path | None = None,
    ) -> TrainedModel:
        """Train on ``train``; ``validation`` chooses the epoch and the threshold.

        A fit that was killed goes on from the checkpoint in ``folder``.

        Args:
            split: what is trained on; its name and the config go into the model's description.
            train: documents with gold relations.
            validation: others; may be empty: then the last epoch is kept, and the threshold stays 0.5.
            folder: where checkpoints go.
            listener: hears of epochs.
            init: folder of a model or pretrained encoder to start from, instead of random weights or what the
                config says; its vocabulary is taken over.

        Raises:
            TrainingError: when there is nothing to learn, or no threshold to choose; before anything is trained.
            ModelError: when ``init`` cannot be a start, or the checkpoint cannot be gone on from.
        """
        listener = listener or Listener()
        self._check(split, train, validation)
        model = self._new(train, init)
        labels = self.data.labels(split, train)
        cues = self.data.cues(train, labels)
        model = replace(model, cues=cues.of_all if cues else None)
        examples = self.data.examples(model, split, train, labels, cues)
        if self.config.training.features_first is not None:
            self.config.training.features_first.train(model.network, examples, seed=self.config.training.seed)
        validate = (lambda network: self._validate(model, validation)) if validation else None
        trainer = Trainer(
            model.network,
            self.config.training,
            examples,
            further=self.data.further(model, split),
            hooks=Hooks(validate, listener.epoch, listener.advance),
            checkpoints=Checkpoints(folder, self._key(split, train, validation), self.machine.checkpoint_steps),
            device=self.device,
            processes=self.machine.processes,
        )
        return self._described(model, split, trainer.run(), validation)

    def predictions(self, model: TrainedModel, documents: Iterable[Document]) -> Predictions:
        """Every candidate of ``documents`` with its score."""
        scored = self.predictor(model).predict(documents, threshold=0.0)
        return Predictions.of(scored, system=model.description.name)

    def gold(self, documents: Iterable[Document], *, split: str | None = None) -> GoldStandard:
        """The gold side of ``documents``, with the hypernym filter; ``split`` names it in signatures."""
        return GoldStandard(documents, self.schema, self.hypernyms, split=split, mesh=self.mesh_version)

    def threshold(self, documents: Sequence[Document], predictions: Predictions) -> Threshold:
        """The threshold with the best expected F1 under the config's protocol."""
        return expected_threshold(self.gold(documents), predictions, protocol=self.config.protocol)

    @cached_property
    def knowledge(self) -> Knowledge | None:
        """What the config has pairs told of other documents.

        Raises:
            ModelError: when it cannot be read, or has other kinds of statements.
        """
        if self.config.knowledge is None:
            return None
        path = knowledge_folder(self.config.knowledge) / KNOWLEDGE
        return load_knowledge(path, self.config.model.scorer.knowledge)

    def _new(self, train: Sequence[Document], init: Path | None) -> TrainedModel:
        """An untrained model, or what starts from ``init`` or from where the config says."""
        config = self.config
        description = describe(config, self.schema)
        start = init or (Path(config.init) if config.init else None)
        self._check_perceptron(start)
        if start is not None:
            started = start_from(start, description, seed=config.training.seed, device=self.device)
            if config.vectors:
                check_vocabulary(start, started.subwords, config.vectors)
            return replace(started, knowledge=self.knowledge)
        if isinstance(config.model.encoder, HuggingFaceConfig):
            started = start_from_encoder(description, seed=config.training.seed, device=self.device)
            return replace(started, knowledge=self.knowledge)
        vectors = SubwordVectors.load(vectors_folder(config.vectors)) if config.vectors else None
        texts = (document.text for document in train)
        subwords = vectors.subwords if vectors else Subwords.learn(texts, config.encoding.subwords)
        torch.manual_seed(config.training.seed)
        network = config.model.build(schema=self.schema, vocabulary=len(subwords), window=config.encoding.window)
        if vectors:
            network.embeddings.start_from(torch.from_numpy(vectors.vectors))
        return TrainedModel(description, subwords, network.to(self.device), self.knowledge)

    def _check_perceptron(self, start: Path | None) -> None:
        """Make sure that a perceptron that is to stay as it is comes from a model that has trained it."""
        first = self.config.training.features_first
        if first is not None and not first.epochs and (start is None or is_encoder(start)):
            message = "training.features_first.epochs = 0: the perceptron stays as training starts from it"
            raise TrainingError(f"{message}, which is at random; expected more epochs, or the init of a relation model")

    def _check_filter(self) -> None:
        """Make sure that no filter is asked for that the schema has no use for."""
        config = self.config
        if not self.schema.hypernym_filter and (config.hypernym_filter or config.protocol == FILTERED):
            found = f"hypernym_filter = {str(config.hypernym_filter).lower()}, protocol = {config.protocol}"
            raise ConfigError(f"{found}: schema {self.schema.name} has no such filter; expected false and raw")

    def _key(self, split: Split, train: Sequence[Document], validation: Sequence[Document]) -> str:
        """Names the settings and documents of a fit."""
        data = self.data.identity([split.name]).values()
        return "-".join([config_hash(self.config), Corpus((*train, *validation)).hash, *data, split.name])

    def _check(self, split: Split, train: Sequence[Document], validation: Sequence[Document]) -> None:
        if True not in self._answers(train):
            raise TrainingError(
                f"split {split.name}: none of the {len(train)} training documents has a related pair to learn from"
            )
        if validation and len(self._answers(validation)) < 2:
            found = counted(len(validation), "validation document")
            raise TrainingError(
                f"split {split.name}: {found} without two pairs of which one is related and one is not; "
                "expected more of them, to choose a threshold by, or none (validation: 0)"
            )

    def _answers(self, documents: Iterable[Document]) -> set[bool]:
        """Whether ``documents`` have pairs that are related, and pairs that are not."""
        return {
            (pair.head.id, pair.tail.id) in {(relation.head, relation.tail) for relation in document.relations}
            for document in documents
            for pair in self.schema.candidates(document)
        }

    def predictor(self, model: TrainedModel) -> Predictor:
        """Runs ``model`` on this machine."""
        return Predictor(model, device=self.device, precision=self.config.training.precision)

    def _validate(self, model: TrainedModel, documents: Sequence[Document]) -> dict[str, float]:
        predictions = self.predictions(model, documents)
        curve = score_curve(self.gold(documents), predictions, protocol=self.config.protocol)
        best = best_threshold(curve)
        return {"score": best.f1, "threshold": best.value, "average_precision": curve.average_precision}

    def _described(
        self, model: TrainedModel, split: Split, progress: Progress, validation: Sequence[Document]
    ) -> TrainedModel:
        """The same model with its threshold and history."""
        weak = {"weak": len(self.data.weak.documents)} if self.data.weak else {}
        update = {
            "threshold": self.threshold(validation, self.predictions(model, validation)).value if validation else 0.5,
            "training": {
                "config": config_hash(self.config),
                "seed": self.config.training.seed,
                "split": split.name,
                "documents": {"train": len(split.train), "validation": len(split.validation), **weak},
                "epochs": progress.epoch,
                "kept_epoch": progress.best_epoch if validation and self.config.training.keep_best else progress.epoch,
                "steps": progress.step,
                **self.data.record(split.name),
            },
        }
        return replace(model, description=model.description.model_copy(update=update))
