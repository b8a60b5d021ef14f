"""The files as KGX has them, each record checked by the classes that the Biolink model publishes."""

from __future__ import annotations

import csv
import gzip
import json
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from bran.corpus.document import Document, Relation
from bran.corpus.schema import load_schema
from bran.errors import ConfigError
from bran.export.biolink import (
    ASSOCIATIONS,
    CATEGORIES,
    PREDICATES,
    association,
    category,
    curie,
    predicate,
    publication,
)
from bran.export.kgx import EDGE_COLUMNS, NODE_COLUMNS, export_kgx
from bran.export.run_tables import open_tables
from tests.builders import document, several_types_documents
from tests.export.run_folders import Part, record, write_run


@cache
def biolink() -> Any:
    reason = "biolink-model is not installed (extra: formats)"
    return pytest.importorskip("biolink_model.datamodel.pydanticmodel_v2", reason=reason)


@cache
def published() -> dict[str, Any]:
    """The JSON Schema that the Biolink model publishes."""
    path = os.environ.get("BIOLINK_SCHEMA")
    if not path:
        pytest.skip("BIOLINK_SCHEMA names no JSON Schema of the Biolink model (.ci/biolink-schema fetches it)")
    schema: dict[str, Any] = json.loads(Path(path).read_bytes())
    return schema


def refusals(record: dict[str, Any], category_: str) -> list[str]:
    """Why the published schema refuses ``record`` as one of ``category_``."""
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed (extra: formats)")
    name = category_.removeprefix("biolink:")
    validator = jsonschema.Draft201909Validator({"$defs": published()["$defs"], "$ref": f"#/$defs/{name}"})
    errors = validator.iter_errors({**record, "category": [category_]})
    return [error.message for error in errors if not _means_elements(error)]


def _means_elements(error: Any) -> bool:
    """Whether a category is refused that is right: the schema wants a list that is a string.

    Its generator puts the names that are allowed at the list where they belong to the elements, so that it accepts
    no node at all (https://github.com/linkml/linkml/issues/1681).
    """
    return bool(
        list(error.path) == ["category"]
        and error.validator == "enum"
        and error.instance
        and set(error.instance) <= set(error.validator_value)
    )


def export(tmp_path: Path, name: str, documents: list[Document]) -> int:
    write_run(tmp_path / "run", [Part("/in/a.xml", documents)])
    with open_tables(tmp_path / "run") as tables:
        return export_kgx(tables, tmp_path / name)


def json_lines(path: Path) -> list[dict[str, Any]]:
    data = path.read_bytes()
    return [json.loads(line) for line in (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines()]


def tsv(path: Path) -> list[dict[str, Any]]:
    """The records as kgx reads them: no quoting, a bar between the elements of a list, an empty cell for nothing."""
    lists = ("category", "publications", "supporting_text")
    with path.open(encoding="utf-8", newline="") as stream:
        return [
            {name: cell.split("|") if name in lists else cell for name, cell in row.items() if cell}
            for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)
        ]


def typed(row: dict[str, Any]) -> dict[str, Any]:
    """A record of :func:`tsv` with the numbers that its cells stand for."""
    kinds = {"evidence_count": int, "has_confidence_score": float}
    return {name: kinds.get(name, lambda value: value)(value) for name, value in row.items()}


def odd() -> Document:
    found = document("PMC7", '{a "b"|Chemical|rs 1} | or\t{gout|Unheard|D1}.')
    return found.with_relations((Relation("new^type", "rs 1", "D1", score=0.1234567),))


DOCUMENTS = [record("1", version=1), record("22", version=2), odd(), *several_types_documents()]


def test_edges_say_what_documents_do(tmp_path: Path) -> None:
    assert export(tmp_path, "graph.jsonl", DOCUMENTS[:2]) == 2
    edge, other = json_lines(tmp_path / "graph_edges.jsonl")
    assert {name: edge[name] for name in EDGE_COLUMNS if name != "id"} == {
        "category": ["biolink:ChemicalEntityToDiseaseOrPhenotypicFeatureAssociation"],
        "subject": "MESH:C1",
        "predicate": "biolink:contributes_to",
        "object": "MESH:D1",
        "original_predicate": "bran:CID",
        "publications": ["PMID:1", "PMID:22"],
        "evidence_count": 2,
        "has_confidence_score": 0.25,
        "supporting_text": ["Velorin in trial 1. … It induced tremor.", "Velorin in trial 2. … It induced tremor."],
        "primary_knowledge_source": "infores:bran",
        "knowledge_level": "not_provided",
        "agent_type": "text_mining_agent",
    }
    assert edge["id"] != other["id"]
    assert json_lines(tmp_path / "graph_nodes.jsonl")[0] == {
        "id": "MESH:C1",
        "category": ["biolink:ChemicalEntity"],
        "name": "Velorin",
    }


@pytest.mark.parametrize("name", ["graph.jsonl", "graph.jsonl.gz"])
def test_every_record_is_one_of_the_biolink_model(tmp_path: Path, name: str) -> None:
    model = biolink()
    export(tmp_path, name, DOCUMENTS)
    suffix = name.removeprefix("graph")
    records = [*json_lines(tmp_path / f"graph_nodes{suffix}"), *json_lines(tmp_path / f"graph_edges{suffix}")]
    assert len(records) > 10
    for found in records:
        for category_ in found["category"]:
            getattr(model, category_.removeprefix("biolink:")).model_validate({**found, "category": [category_]})


def test_tables_hold_the_same_records_and_are_valid(tmp_path: Path) -> None:
    model = biolink()
    export(tmp_path, "graph.jsonl", DOCUMENTS)
    with open_tables(tmp_path / "run") as tables:
        export_kgx(tables, tmp_path / "graph.tsv")
    for kind, columns in (("nodes", NODE_COLUMNS), ("edges", EDGE_COLUMNS)):
        assert (tmp_path / f"graph_{kind}.tsv").read_text().splitlines()[0].split("\t") == list(columns)
        ours, theirs = tsv(tmp_path / f"graph_{kind}.tsv"), json_lines(tmp_path / f"graph_{kind}.jsonl")
        assert [row["id"] for row in ours] == [row["id"] for row in theirs]
        for row in ours:
            for found in row["category"]:
                getattr(model, found.removeprefix("biolink:")).model_validate({**row, "category": [found]})
    edges = {edge["subject"]: edge for edge in tsv(tmp_path / "graph_edges.tsv")}
    assert edges["bran:rs%201"]["publications"] == ["PMCID:PMC7"]


def test_ends_of_edges_are_nodes(tmp_path: Path) -> None:
    export(tmp_path, "graph.jsonl", DOCUMENTS)
    ids = [node["id"] for node in json_lines(tmp_path / "graph_nodes.jsonl")]
    edges = json_lines(tmp_path / "graph_edges.jsonl")
    assert len(ids) == len(set(ids))
    assert {end for edge in edges for end in (edge["subject"], edge["object"])} == set(ids)


def test_what_is_wrong_is_caught_by_the_model(tmp_path: Path) -> None:
    model = biolink()
    export(tmp_path, "graph.jsonl", DOCUMENTS[:1])
    edge = json_lines(tmp_path / "graph_edges.jsonl")[0]
    for change in ({"agent_type": "a_program"}, {"tremor": True}, {"category": ["biolink:Disease"]}):
        with pytest.raises(ValueError, match=next(iter(change))):
            model.ChemicalEntityToDiseaseOrPhenotypicFeatureAssociation.model_validate({**edge, **change})


@pytest.mark.parametrize("suffix", ["jsonl", "tsv"])
def test_the_published_schema_accepts_every_record(tmp_path: Path, suffix: str) -> None:
    published()
    export(tmp_path, f"graph.{suffix}", DOCUMENTS)
    for kind in ("nodes", "edges"):
        path = tmp_path / f"graph_{kind}.{suffix}"
        records = json_lines(path) if suffix == "jsonl" else list(map(typed, tsv(path)))
        assert len(records) > 4
        found = [(record, refusals(record, name)) for record in records for name in record["category"]]
        assert [item for item in found if item[1]] == []


def test_the_published_schema_refuses_what_is_wrong(tmp_path: Path) -> None:
    published()
    export(tmp_path, "graph.jsonl", DOCUMENTS[:1])
    edge, node = (json_lines(tmp_path / f"graph_{kind}.jsonl")[0] for kind in ("edges", "nodes"))
    for change in ({"agent_type": "a_program"}, {"tremor": True}, {"publications": "PMID:1"}, {"subject": None}):
        assert len(refusals({**edge, **change}, edge["category"][0])) == 1
    assert refusals(edge, "biolink:Disease")
    assert refusals({"name": "tremor"}, "biolink:Disease") == ["'id' is a required property"]
    assert refusals(node, "biolink:Association")


def test_the_published_schema_knows_every_category_and_predicate() -> None:
    for name in {*CATEGORIES.values(), *ASSOCIATIONS.values(), "biolink:Association", "biolink:NamedThing"}:
        assert name.removeprefix("biolink:") in published()["$defs"]
    relations = {**PREDICATES, "chem_gene:affects^binding": predicate("chem_gene:affects^binding")}
    for term in relations.values():
        record = {"id": "uuid:1", "subject": "a:1", "object": "b:1", "predicate": term}
        said = {"knowledge_level": "not_provided", "agent_type": "text_mining_agent"}
        assert refusals({**record, **said}, association(term)) == []


def test_predicates_and_categories_are_terms_of_the_model() -> None:
    biolink()
    text = (resources.files("biolink_model") / "schema" / "biolink_model.yaml").read_text(encoding="utf-8")
    model = yaml.load(text, Loader=yaml.CSafeLoader)
    slots = {name.replace(" ", "_"): slot or {} for name, slot in model["slots"].items()}
    for term in {*PREDICATES.values(), predicate("chem_gene:affects^binding"), predicate("unheard of")}:
        name = term.removeprefix("biolink:")
        while name != "related_to":
            name = slots[name]["is_a"].replace(" ", "_")
    classes = {"".join(word[0].upper() + word[1:] for word in name.split()) for name in model["classes"]}
    assert {term.removeprefix("biolink:") for term in (*CATEGORIES.values(), *ASSOCIATIONS.values())} <= classes


@pytest.mark.parametrize("name", ["cdr", "biored", "chemdisgene"])
def test_entity_types_of_the_schemas_that_ship_are_known(name: str) -> None:
    for type_ in load_schema(name).entity_types:
        assert category(type_) != "biolink:NamedThing"


@pytest.mark.parametrize(
    ("id_", "found"),
    [("MESH:D003693", "MESH:D003693"), ("rs 1", "bran:rs%201"), ("-", "bran:-"), ("a|b:c", "bran:a%7Cb%3Ac")],
)
def test_ids_become_curies(id_: str, found: str) -> None:
    assert curie(id_) == found


def test_publications() -> None:
    assert [publication(id_) for id_ in ("17", "PMC9", "notes-1")] == ["PMID:17", "PMCID:PMC9", "bran:notes-1"]


def test_other_suffix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected one of \.tsv\.gz"):
        export(tmp_path, "graph.csv", DOCUMENTS)
