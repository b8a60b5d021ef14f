"""``bran model``: what a model folder holds, and its way into MLflow's registry."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

_METRICS = ("precision", "recall", "f1")

app = typer.Typer(help="Look into models, and register them.", no_args_is_help=True)


@app.command()
def info(
    folder: Annotated[Path | None, typer.Argument(metavar="MODEL", show_default="the one that ships")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print model.json.")] = False,
) -> None:
    """Show a model's schema, size, threshold, training and scores.

    Example: bran model info runs/bran/refit/model
    """
    from bran.extraction.model_card import fact_text
    from bran.extraction.trained_model import TrainedModel
    from bran.workflows.bundled import model_folder

    path = folder or model_folder()
    model = TrainedModel.load(path)
    description = model.description
    if as_json:
        typer.echo(json.dumps(description.model_dump(mode="json"), indent=2, ensure_ascii=False))
        return
    schema, encoder = description.relation_schema, description.model.encoder
    size = sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    table = Table(show_header=False, title=Text(f"{description.name}  {path}"), title_justify="left")
    table.add_row("relation types", ", ".join(schema.labels))
    table.add_row("entity types", ", ".join(schema.entity_types))
    table.add_row("encoder", f"{encoder.summary}, windows of {description.encoding.window} subwords")
    table.add_row("subwords", str(len(model.subwords)))
    table.add_row("weights", f"{model.parameters:,} ({size / 1e6:.1f} MB on disk)")
    table.add_row("threshold", f"{description.threshold:.4f}")
    for name, named in description.thresholds.items():
        table.add_row(
            f"threshold {name}", f"{named.value:.4f}  precision {named.precision:.3f} recall {named.recall:.3f}"
        )
    table.add_row("made by", f"bran {description.bran_version}")
    facts = dict(description.training)
    for kind, protocols in facts.pop("scores", {}).items():
        for protocol, values in protocols.items():
            means = "  ".join("{} {:.1f} ± {:.1f}".format(metric, *values[metric]) for metric in _METRICS)
            table.add_row(f"{kind} x {len(values['splits'])}, {protocol}", means)
    for key, value in _rows(facts):
        table.add_row(key, Text(fact_text(value)))
    Console(markup=False).print(table)


def _rows(facts: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What each row is called and shows: a group of groups, such as a calibration, has a row for each of its facts."""
    for key, value in facts.items():
        if isinstance(value, Mapping) and any(isinstance(each, Mapping) for each in value.values()):
            yield from ((f"{key}, {name}", each) for name, each in value.items())
        else:
            yield key, value


@app.command()
def register(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="Model folder, or what MLflow calls a logged model: runs:/ID/model.")
    ],
    name: Annotated[str, typer.Option("--name", help="Of the registered model; it gets a new version.")],
    alias: Annotated[str | None, typer.Option("--alias", help="Let this alias name the new version.")] = None,
    experiment: Annotated[str, typer.Option("--experiment", help="MLflow experiment that a folder is logged to.")] = (
        "bran"
    ),
) -> None:
    """Register a model with MLflow, in the store that MLFLOW_TRACKING_URI names or in ./mlflow.db.

    Example: bran model register runs/bran/refit/model --name bran-cdr --alias champion
    """
    from bran.workflows.registry import register_model
    from bran.workflows.tracking import TrackingConfig

    version = register_model(model, name, tracking=TrackingConfig(experiment=experiment), alias=alias)
    typer.echo(f"{name} version {version}: models:/{name}/{version}")
