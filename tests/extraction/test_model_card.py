from __future__ import annotations

from bran.extraction.model_card import CardConfig, render_card

CARD = CardConfig(
    purpose="Finds things.", data=("Invented abstracts, CC0",), limits=("Not for the clinic.",), licence="CC0",
    command="bran train mine.yaml\n",
)  # fmt: skip
SCORES = {
    "fold": {
        "raw": {
            "precision": [60.04, 1.25],
            "recall": [50.0, 2.0],
            "f1": [54.5, 1.0],
            "splits": {"fold-0": {"f1": 54.5, "signature": "c:12|s:fold-0"}},
        }
    }
}


def test_the_whole_card():
    facts = {"corpus": "c0ffee", "seed": 3, "secret": "not told", "scores": SCORES}
    assert render_card("mine", CARD, facts) == (
        "# mine\n\nFinds things.\n\n"
        "## Trained on\n\n- Invented abstracts, CC0\n\n"
        "## Training\n\n- corpus: c0ffee\n- seed: 3\n\n"
        "## Scores\n\n| splits | protocol | P | R | F1 |\n| --- | --- | ---: | ---: | ---: |\n"
        "| fold x 1 | raw | 60.0 ± 1.2 | 50.0 ± 2.0 | 54.5 ± 1.0 |\n\n- fold-0: F1 54.5, `c:12|s:fold-0`\n\n"
        "## Limits\n\n- Not for the clinic.\n\n"
        "## Licence of the weights\n\n- CC0\n\n"
        "## Made by\n\n```sh\nbran train mine.yaml\n```\n"
    )


def test_what_is_not_known_is_left_out():
    assert render_card("mine", CardConfig(), {}) == "# mine\n\n"


def test_thresholds_and_probabilities():
    measures = {"log_loss": 0.36651, "brier": 0.1, "ece_width": 0.05, "ece_mass": 0.06}
    facts = {
        "thresholds": {"p80": {"value": 0.75, "precision": 0.801, "recall": 0.2, "f1": 0.32}},
        "calibration": {
            "methods": {"default": "platt"}, "candidates": 90, "correct": 20, "signature": "c:12",
            "before": measures, "after": {**measures, "log_loss": 0.33},
        },
    }  # fmt: skip
    card = render_card("mine", CardConfig(), facts)
    assert "## Thresholds by name\n\n| threshold | score | P | R | F1 |\n" in card
    assert "\n| p80 | 0.7500 | 80.1 | 20.0 | 32.0 |\n" in card
    assert (
        "## Probabilities\n\nCalibrated on 90 candidates, 20 of them right, by relation type: default platt.\n" in card
    )
    assert "\n| log loss (nats) | 0.3665 | 0.3300 |\n| Brier score | 0.1000 | 0.1000 |\n" in card
    assert "\n- `c:12`\n" in card


def test_teachers():
    teacher = {"run": "runs/a", "name": "big", "seed": 3, "config": "c0ffee", "corpus": "c0de", "model": "beef"}
    facts = {"distillation": {"gold_share": 0.5, "unlabelled documents": 12, "teachers": [teacher, {"name": "old"}]}}
    assert render_card("small", CardConfig(), facts) == (
        "# small\n\n"
        "## Teachers\n\nLearned the mean scores of 2 models: gold_share 0.5, unlabelled documents 12.\n\n"
        "| name | seed | config | corpus | model |\n| --- | --- | --- | --- | --- |\n"
        "| big | 3 | c0ffee | c0de | beef |\n| old |  |  |  |  |\n\n"
    )
