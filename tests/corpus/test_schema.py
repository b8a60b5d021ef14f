from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.schema import Schema, load_schema
from bran.errors import ConfigError, UnknownTypeError

SHIPPED = sorted(entry.name.removesuffix(".yaml") for entry in (resources.files("bran.corpus") / "schemas").iterdir())


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_schemas_are_named_after_their_file(name: str) -> None:
    assert load_schema(name).name == name


def test_labels_and_type_pairs() -> None:
    schema = load_schema("chemdisgene")
    assert len(schema.labels) == 14
    assert schema.type_pairs == (("Chemical", "Disease"), ("Chemical", "Gene"), ("Gene", "Disease"))
    assert not schema.exclusive


def test_a_schema_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: mine\nentity_types: {A: {}}\nrelation_types: {R: {pairs: [[A, B]]}}\n")
    with pytest.raises(ConfigError, match="names entity type 'B'; known: A"):
        load_schema(path)
    with pytest.raises(ConfigError, match=r"schema 'nope': expected a YAML file or one of biored, .*cdr"):
        load_schema("nope")


def test_aliases_are_read_as_the_type_they_stand_for() -> None:
    schema = load_schema("ncbi-disease")
    assert schema.canonical_type("Modifier") == schema.canonical_type("Disease") == "Disease"
    with pytest.raises(UnknownTypeError, match="entity type 'Gene'; expected one of Disease"):
        schema.canonical_type("Gene")


def mention(start: int, type_: str, *concepts: str, id: str = "") -> Mention:
    return Mention(start, start + 1, type_, concepts, id=id)


def document(*mentions: Mention) -> Document:
    return Document("1", (Passage("title", "abcdef"),), mentions)


def ends(schema: Schema, doc: Document) -> list[tuple[str, str]]:
    return [(pair.head.id, pair.tail.id) for pair in schema.candidates(doc)]


def test_candidates_are_all_pairs_of_allowed_types_in_whatever_order_mentions_come() -> None:
    mentions = [mention(0, "Disease", "D1"), mention(1, "Chemical", "C1", "C2"), mention(2, "Chemical")]
    cdr = load_schema("cdr")
    assert ends(cdr, document(*mentions)) == ends(cdr, document(*mentions[::-1])) == [("C1", "D1"), ("C2", "D1")]


def test_symmetric_candidates_stand_once_and_no_entity_pairs_with_itself() -> None:
    genes = [mention(i, "GeneOrGeneProduct", f"G{i}") for i in range(3)]
    disease = mention(3, "DiseaseOrPhenotypicFeature", "D")
    assert ends(load_schema("biored"), document(*genes, disease)) == [
        ("D", "G0"), ("D", "G1"), ("D", "G2"), ("G0", "G1"), ("G0", "G2"), ("G1", "G2"),
    ]  # fmt: skip


def test_candidates_between_mentions() -> None:
    mentions = [mention(0, "Chemical", "X", id="T1"), mention(1, "Chemical", "X", id="T2"), mention(2, "Gene", id="T3")]
    assert ends(load_schema("chemprot"), document(*mentions, mention(3, "Gene"))) == [("T1", "T3"), ("T2", "T3")]
