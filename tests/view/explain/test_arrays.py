from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bran.view.explain.arrays import write_arrays
from bran.view.explain.explanation import Explanation


def test_arrays_come_back_without_pickle_and_with_their_tokens(explanation: Explanation, tmp_path: Path) -> None:
    files = write_arrays(explanation, tmp_path / "seven.npz")
    assert files == [tmp_path / "seven.npz", tmp_path / "seven.json"]
    tokens = json.loads(files[1].read_text(encoding="utf-8"))
    with np.load(files[0], allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["attention_0"], explanation.attention[0].weights)
        assert arrays["attention_0"].shape[2:] == (len(tokens["subwords"]),) * 2
        for kind in ("words", "mentions", "entities"):
            assert arrays[f"attention_{kind}_0"].shape[2:] == (len(tokens[kind]),) * 2
            assert arrays[f"window_{kind}_0"].tolist() == list(range(len(tokens[kind])))
        np.testing.assert_allclose(arrays["attention_words_0"].sum(-1), 1, rtol=1e-4)
        for number, influence in enumerate(explanation.influences):
            np.testing.assert_array_equal(arrays[f"occlusion_words_{number}"], influence.occlusion.words)
            assert arrays[f"occlusion_mentions_{number}"].shape == (len(tokens["mentions"]),)
            assert arrays[f"occlusion_entities_{number}"].shape == (len(tokens["entities"]),)
            if influence.gradients is not None:
                np.testing.assert_array_equal(arrays[f"gradients_{number}"], influence.gradients.subwords)
    text = explanation.document.text
    assert [text[slice(*word["spans"][0])] for word in tokens["words"]] == [word["name"] for word in tokens["words"]]
    assert tokens["relations"][0]["parts"]["logit"] == explanation.influences[0].parts.logit
    assert tokens["document"] == "<b>7</b>"


def test_completeness_is_reported(explanation: Explanation, tmp_path: Path) -> None:
    pytest.importorskip("captum")
    _, beside = write_arrays(explanation, tmp_path / "seven.npz")
    for relation in json.loads(beside.read_text(encoding="utf-8"))["relations"]:
        told = relation["gradients"]
        assert told["difference"] == pytest.approx(relation["parts"]["logit"] - relation["hidden"]["logit"], abs=1e-4)
        assert told["gap"] == pytest.approx(told["total"] - told["difference"])
