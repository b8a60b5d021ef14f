from __future__ import annotations

import pytest

from bran.corpus.document import Document
from bran.tagging.lexicon import Lexicon
from bran.tagging.linker import Linker
from bran.tagging.resolver import Resolver
from tests.builders import document
from tests.names import mini_lexicon


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    return mini_lexicon(tmp_path_factory.mktemp("lexicon"))


def concepts(linked: Document) -> list[tuple[str, ...]]:
    return [mention.concepts for mention in linked.mentions]


@pytest.mark.parametrize(
    ("surface", "type_", "expected", "how"),
    [
        ("velorin", "Chemical", ("MESH:D000001",), "name"),
        ("shaking", "Disease", ("MESH:D000015",), "use"),
        ("tremor (shaking)", "Disease", ("MESH:D000015",), "name"),
        ("velorin-induced tremors", "Disease", ("MESH:D000015",), "name"),
        ("HC", "Disease", ("MESH:D000013", "MESH:D000014"), "composite"),
        ("lung and liver cancer", "Disease", ("MESH:D000012", "MESH:D000013"), "composite"),
        ("renal dysfunction", "Disease", ("MESH:D000011",), "fuzzy"),
        ("pulmonary malignancies", "Disease", ("MESH:D000012",), "fuzzy"),
        ("velorrin", "Chemical", ("MESH:D000001",), "fuzzy"),
        ("garden", "Chemical", (), ""),
        ("xyz", "Chemical", (), ""),
        ("velorin", "Gene", (), ""),
        ("x" * 5000, "Disease", (), ""),
    ],
)
def test_steps(lexicon: Lexicon, surface: str, type_: str, expected: tuple[str, ...], how: str) -> None:
    found = Resolver(lexicon).resolve(surface, type_)
    assert (found.concepts, found.how) == (expected, how)


def test_parts_of_a_composite_mention(lexicon: Lexicon) -> None:
    linked = Linker(lexicon).link(document("1", "{Lung and liver cancer|Disease|}."))
    assert linked.mentions[0].parts == ("Lung cancer", "liver cancer")


def test_mentions_keep_their_place_and_type(lexicon: Lexicon) -> None:
    doc = document("1", "{Velorin|Chemical|MESH:D7} gave {tremor|Disease|}.", relations=[("CID", "MESH:D7", "MESH:D8")])
    linked = Linker(lexicon).link(doc)
    assert concepts(linked) == [("MESH:D000001",), ("MESH:D000015",)]
    assert [(m.start, m.end, m.type) for m in linked.mentions] == [(m.start, m.end, m.type) for m in doc.mentions]
    assert (linked.text, linked.relations) == (doc.text, doc.relations)


def test_other_spellings_of_types(lexicon: Lexicon) -> None:
    linked = Linker(lexicon).link(document("1", "{Velorin|ChemicalEntity|} and {tremor|DiseaseOrPhenotypicFeature|}."))
    assert concepts(linked) == [("MESH:D000001",), ("MESH:D000015",)]


def test_abbreviations_that_the_document_defines(lexicon: Lexicon) -> None:
    doc = document("1", "{Liver cancer|Disease|} ({LC|Disease|}): {LCs|Disease|}, {HC|Disease|}.")
    linked = Linker(lexicon).link(doc, {"LC": "Liver cancer", "HC": "tremor"})
    assert concepts(linked) == [("MESH:D000013",)] * 3 + [("MESH:D000015",)]


def test_an_abbreviation_without_definition_takes_the_name_beside_it(lexicon: Lexicon) -> None:
    doc = document("1", "{Velorin|Chemical|} and {brinol|Chemical|}: {VEL|Chemical|}, {BR|Chemical|}, {ZQ|Chemical|}.")
    assert concepts(Linker(lexicon).link(doc))[2:] == [("MESH:D000001",), ("MESH:D000002",), ()]


def test_a_text_id_groups_what_is_not_linked(lexicon: Lexicon) -> None:
    doc = document("1", "{GNC-92|Chemical|}, {gnc 92|Chemical|} and {--|Disease|}.")
    assert concepts(Linker(lexicon).link(doc)) == [(), (), ()]
    assert concepts(Linker(lexicon, unlinked="text").link(doc)) == [("TEXT:gnc_92",), ("TEXT:gnc_92",), ("TEXT:--",)]


def test_thresholds_turn_fuzzy_candidates_off(lexicon: Lexicon) -> None:
    doc = document("1", "{velorrin|Chemical|}.")
    linker = Linker(lexicon, thresholds={})
    assert concepts(linker.link(doc)) == [()]
    (resolution,) = Linker(lexicon, thresholds={"Chemical": 2.0}).resolutions(doc, {})
    assert (resolution.concepts, resolution.candidates[0]) == ((), "MESH:D000001")
