"""Models in MLflow's registry: a name, versions of it, and aliases for versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import mlflow
from mlflow import MlflowClient, MlflowException

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.schema import Schema
from bran.errors import ConfigError
from bran.workflows.mlflow_tracker import MlflowRun, MlflowTracker, use_store
from bran.workflows.tracking import TrackingConfig

if TYPE_CHECKING:
    from bran.extraction.trained_model import ModelDescription

_LOGGED = ("runs:/", "models:/")
"""How URIs of logged models begin."""
_TAGS = ("config", "corpus", "seed", "split")
"""What of a model's training is set as tags of its version."""


def register_model(source: str, name: str, *, tracking: TrackingConfig, alias: str | None = None) -> str:
    """Make a model the next version of the registered model ``name``.

    Args:
        source: a model folder, which is logged in a run of its own; or the URI of a logged model.
        name: of the registered model; made where it is missing.
        tracking: which store; it is opened, and made where it is missing, once there is a model to register.
        alias: names the new version from now on.

    Returns:
        The version.

    Raises:
        ModelError: when the folder holds no model.
        ConfigError: when MLflow has no such model, or refuses the name.
    """
    description = None if source.startswith(_LOGGED) else _describe(Path(source))
    tracker = tracking.open()
    use_store(tracker.uri)
    client = MlflowClient(tracker.uri)
    try:
        if description is None:
            version = str(mlflow.register_model(source, name).version)
        else:
            version = _log_and_register(Path(source), description, name, tracker, client)
        if alias:
            client.set_registered_model_alias(name, alias, version)
    except MlflowException as error:
        reason = str(error).partition("\n")[0]
        raise ConfigError(f"model {source} as {name!r}: MLflow says: {reason}") from None
    return version


def _describe(folder: Path) -> ModelDescription:
    from bran.extraction.trained_model import read_description  # here, for it imports torch

    return read_description(folder)


def _log_and_register(
    folder: Path, description: ModelDescription, name: str, tracker: MlflowTracker, client: MlflowClient
) -> str:
    with tracker.start(f"register {name}") as run:
        if not isinstance(run, MlflowRun):
            raise ConfigError(f"model {folder}: tracking is off; expected an MLflow store")
        run.log_model(folder, example=example_document(description.relation_schema), register_as=name)
        (version,) = client.search_model_versions(f"name = '{name}' and run_id = '{run.run_id}'")
    facts = {"bran_version": description.bran_version, "threshold": description.threshold, **description.training}
    for key in ("bran_version", "threshold", *_TAGS):
        if key in facts:
            client.set_model_version_tag(name, version.version, key, str(facts[key]))
    return str(version.version)


def example_document(schema: Schema) -> Document:
    """A document with one mention of each entity type: what a model of ``schema`` can be tried on."""
    text, mentions = "", []
    for number, type_ in enumerate(schema.entity_types, start=1):
        text += " and " if text else ""
        mentions.append(Mention(len(text), len(text) + len(type_), type_, (f"EXAMPLE:{number}",)))
        text += type_
    return Document("example", (Passage("title", text),), tuple(mentions))
