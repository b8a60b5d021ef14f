"""The model card: what a model is, what it was trained on, how well it does and where it does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bran.config import Config
from bran.evaluation.reliability import METRIC_NAMES
from bran.wording import counted


class CardConfig(Config):
    """What only people know of a model."""

    purpose: str = ""
    """What it is for, in a sentence."""
    data: tuple[str, ...] = ()
    """Each corpus that it learned from, with its licence."""
    limits: tuple[str, ...] = ()
    """What it must not be trusted with."""
    licence: str = ""
    """Of the weights."""
    command: str = ""
    """What makes it anew."""


def render_card(name: str, card: CardConfig, facts: Mapping[str, Any]) -> str:
    """The card as Markdown.

    Args:
        name: of the model.
        card: what the config says.
        facts: what the training noted: see :attr:`bran.extraction.trained_model.ModelDescription.training`.
    """
    return "\n".join([f"# {name}", "", *_sections(card, facts)]) + "\n"


def _sections(card: CardConfig, facts: Mapping[str, Any]) -> Iterator[str]:
    if card.purpose:
        yield from (card.purpose, "")
    yield from _listed("Trained on", card.data)
    yield from _listed("Training", [f"{key}: {fact_text(facts[key])}" for key in _TRAINING if key in facts])
    if "distillation" in facts:
        yield from ("## Teachers", "", *_teachers(facts["distillation"]), "")
    if "scores" in facts:
        yield from ("## Scores", "", *_scores(facts["scores"]), "")
    if facts.get("thresholds"):
        yield from ("## Thresholds by name", "", *_thresholds(facts["thresholds"]), "")
    if "calibration" in facts:
        yield from ("## Probabilities", "", *_calibration(facts["calibration"]), "")
    yield from _listed("Limits", card.limits)
    yield from _listed("Licence of the weights", [card.licence] if card.licence else [])
    if card.command:
        yield from ("## Made by", "", "```sh", card.command.strip(), "```")


_TRAINING = (
    "corpus",
    "config",
    "init",
    "seed",
    "documents",
    "epochs",
    "kept_epoch",
    "held_out",
    "threshold",
    "out_of_fold",
)


def fact_text(value: Any) -> str:
    """A fact for people: numbers of four digits, a mapping as ``key value, key value``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {fact_text(item)}" for key, item in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _listed(title: str, items: Any) -> Iterator[str]:
    if items:
        yield from (f"## {title}", "", *(f"- {item}" for item in items), "")


def _teachers(distillation: Mapping[str, Any]) -> Iterator[str]:
    """What it was told beside the gold labels, and a row for each model that told it."""
    how = {key: value for key, value in distillation.items() if key != "teachers"}
    yield f"Learned the mean scores of {counted(len(distillation['teachers']), 'model')}: {fact_text(how)}."
    yield ""
    columns = ("name", "seed", "config", "corpus", "model")
    yield f"| {' | '.join(columns)} |"
    yield f"|{' --- |' * len(columns)}"
    for teacher in distillation["teachers"]:
        yield f"| {' | '.join(str(teacher.get(column, '')) for column in columns)} |"


def _scores(scores: Mapping[str, Any]) -> Iterator[str]:
    """A row per kind of split and protocol, then the signature of each split."""
    yield "| splits | protocol | P | R | F1 |"
    yield "| --- | --- | ---: | ---: | ---: |"
    for kind, protocols in scores.items():
        for protocol, values in protocols.items():
            cells = ["{:.1f} ± {:.1f}".format(*values[metric]) for metric in ("precision", "recall", "f1")]
            yield f"| {kind} x {len(values['splits'])} | {protocol} | {' | '.join(cells)} |"
    yield ""
    for protocols in scores.values():
        for values in protocols.values():
            for split, entry in values["splits"].items():
                yield f"- {split}: F1 {entry['f1']:.1f}, `{entry['signature']}`"


def _thresholds(thresholds: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A row per name: the least score, and what it scores on documents that the model has not seen."""
    yield "| threshold | score | P | R | F1 |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, found in thresholds.items():
        cells = [f"{100 * found[metric]:.1f}" for metric in ("precision", "recall", "f1")]
        yield f"| {name} | {found['value']:.4f} | {' | '.join(cells)} |"


def _calibration(calibration: Mapping[str, Any]) -> Iterator[str]:
    """How far scores can be believed, and how far probabilities, on documents that nothing was fitted on."""
    before, after = calibration["before"], calibration["after"]
    counts = f"{counted(calibration['candidates'], 'candidate')}, {calibration['correct']} of them right"
    yield f"Calibrated on {counts}, by relation type: {fact_text(calibration['methods'])}."
    yield ""
    yield "| | scores | probabilities |"
    yield "| --- | ---: | ---: |"
    for name, title in METRIC_NAMES.items():
        yield f"| {title} | {before[name]:.4f} | {after[name]:.4f} |"
    yield ""
    yield f"- `{calibration['signature']}`"
