from __future__ import annotations

import numpy as np
import pytest

from bran.errors import ConfigError, FormatError
from bran.extraction import influence
from bran.extraction.predictor import Predictor
from bran.view.explain.explanation import CAUTION
from bran.workflows.explain import Wanted, choose_document, explain
from tests.builders import document, documents, several_types_documents, several_types_schema, tiny_model


def test_without_captum_hidden_words_are_left_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influence, "find_spec", lambda name: None)
    explanation = explain(tiny_model(), documents()[0])
    assert explanation.influences[0].gradients is None
    note = "Integrated gradients were not taken: they need captum, which bran-relations[explain] installs."
    assert explanation.notes == (note,)


def test_the_relations_of_the_highest_score_are_explained_as_they_are_predicted() -> None:
    pytest.importorskip("captum")
    model, doc = tiny_model(), documents()[3]
    (predicted,) = Predictor(model, precision="fp32").predict([doc], threshold=0)
    best = sorted(predicted.relations, key=lambda relation: -(relation.score or 0))[:2]
    explanation = explain(model, doc, top=2, gradients=False)
    assert list(explanation.document.relations) == best
    assert [each.relation.score for each in explanation.influences] == [relation.score for relation in best]
    assert all(each.relation.evidence for each in explanation.influences)
    assert explanation.attention[0].weights.shape[:2] == (1, 2)
    assert explanation.notes == ("Integrated gradients were not taken.",)


@pytest.mark.parametrize("ends", [("MESH:C5", "MESH:D7"), ("ostrelin", "Vertigo"), ("OSTRELIN", "MESH:D7")])
def test_a_relation_is_named_by_ids_or_by_words(ends: tuple[str, str]) -> None:
    explanation = explain(tiny_model(), documents()[3], relations=[ends], gradients=False)
    (found,) = explanation.influences
    assert (found.relation.head, found.relation.tail) == ("MESH:C5", "MESH:D7")
    assert explanation.title(found) == "ostrelin → CID → vertigo"


def test_of_several_types_the_one_that_scores_highest_or_is_asked_for() -> None:
    model, doc = tiny_model(schema=several_types_schema()), several_types_documents()[0]
    found = {
        type_: explain(model, doc, relations=[Wanted("C1", "D1", type_)], gradients=False).influences[0].relation
        for type_ in (None, "causes", "treats")
    }
    best = max((found["causes"], found["treats"]), key=lambda relation: relation.score or 0)
    assert found[None] == best
    assert (found["causes"].type, found["treats"].type) == ("causes", "treats")


def test_only_windows_that_score_the_relation_have_a_map() -> None:
    model, doc = tiny_model(window=20, overlap=8), documents()[3]
    explanation = explain(model, doc, relations=[("MESH:C5", "MESH:D7")], gradients=False)
    (example,) = model.encoder([doc])
    (found,) = explanation.influences
    assert [each.start for each in explanation.attention] == [example.windows[n].start for n in found.windows]
    assert len(found.windows) < len(example.windows)
    assert explanation.notes[0].startswith(f"The text is read in {len(example.windows)} windows")


def test_it_is_the_same_again_and_leaves_the_model_as_it_was() -> None:
    pytest.importorskip("captum")
    model = tiny_model()
    first, second = (explain(model, documents()[0]) for _ in range(2))
    for one, other in zip(first.influences, second.influences, strict=True):
        assert one.gradients is not None
        assert other.gradients is not None
        np.testing.assert_array_equal(one.gradients.subwords, other.gradients.subwords)
        np.testing.assert_array_equal(one.occlusion.words, other.occlusion.words)
    assert all(parameter.grad is None for parameter in model.network.parameters())


def test_a_notebook_shows_words_parts_and_the_caution() -> None:
    html = explain(tiny_model("scorer.structure=4"), documents()[0], gradients=False)._repr_html_()
    assert html.startswith('<article class="bran-explanation"')
    assert "<td" in html
    assert ">structure<" in html
    assert ">velorin<" in html
    assert CAUTION in html


BAD = {
    "a head": (("aspirin", "rash"), "head 'aspirin': not in document 14; expected one of MESH:C1, MESH:C5"),
    "a tail": (("velorin", "MESH:D99"), "tail 'MESH:D99': not in document 14; expected one of MESH:D2, MESH:D5"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_is_not_in_the_document_is_told(case: str) -> None:
    ends, message = BAD[case]
    with pytest.raises(ConfigError, match=f"^{message}"):
        explain(tiny_model(), documents()[3], relations=[ends])


def test_a_pair_that_is_not_scored_is_told() -> None:
    model = tiny_model(mention_pairs="sentence")
    with pytest.raises(ConfigError, match=r"relation 'ostrelin' 'pain': no candidate .* expected one of MESH:C"):
        explain(model, documents()[3], relations=[("ostrelin", "pain")])
    both = tiny_model(schema=several_types_schema())
    with pytest.raises(ConfigError, match=r"relation 'C1' 'D1' of type binds: no candidate that the model scores"):
        explain(both, several_types_documents()[0], relations=[Wanted("C1", "D1", "binds")])


def test_a_document_without_pairs_and_a_model_without_attention_are_told() -> None:
    bare = document("7", "Nothing but {tremor|Disease|MESH:D1}.")
    with pytest.raises(FormatError, match=r"\(document 7\): has no pair to score; expected .* Chemical-Disease$"):
        explain(tiny_model(), bare)
    with pytest.raises(ConfigError, match=r"model tiny: encoder\.attention = null; expected a model with attention"):
        explain(tiny_model("encoder.attention=null"), documents()[0])


def test_one_document_is_chosen_by_its_id_or_for_want_of_others() -> None:
    assert choose_document(documents(), "13").id == "13"
    assert choose_document(documents()[:1], None).id == "11"
    for given, id_, message in (
        (documents(), "99", "document '99': not in INPUT, which has 11, 12, 13, 14"),
        (documents(), None, r"INPUT has several documents \(11, 12, \.\.\.\); expected --document with an id"),
        ([], None, "INPUT has no document"),
        ([], "99", "document '99': not in INPUT, which has none"),
    ):
        with pytest.raises(ConfigError, match=f"^{message}$"):
            choose_document(given, id_)
