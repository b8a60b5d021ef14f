from __future__ import annotations

from bran.tagging.lexicon_classes import is_recognised, record_types
from bran.tagging.mesh_files import MeshRecord
from tests.names import RECORDS


def test_descriptors_tell_their_type_by_their_place_in_the_tree() -> None:
    types = record_types(RECORDS, {})
    assert types["D000001"] == types["D000004"] == {"Chemical"}
    assert types["D000015"] == types["D000016"] == {"Disease"}
    assert "D000021" not in types


def test_proteins_and_organisms_are_left_out_unless_they_are_used() -> None:
    assert "C000102" not in record_types(RECORDS, {})
    assert record_types(RECORDS, {"C000102": {"Chemical"}})["C000102"] == {"Chemical"}


def test_supplementary_concepts_without_class_are_told_by_name() -> None:
    chemicals = [
        MeshRecord(f"D1{n:05}", f"{stem}ol", (), ("D02.1",)) for n, stem in enumerate(("brin", "kelvan", "ostr"))
    ]
    diseases = [
        MeshRecord(f"D2{n:05}", f"{stem} syndrome", (), ("C10.1",)) for n, stem in enumerate(("Ara", "Bel", "Cor"))
    ]
    unknown = [MeshRecord("C1", "Marlow syndrome"), MeshRecord("C2", "sotanol")]
    types = record_types([*chemicals, *diseases, *unknown], {})
    assert (types["C1"], types["C2"]) == ({"Disease"}, {"Chemical"})


def test_the_class_that_nlm_gives_counts() -> None:
    records = [
        MeshRecord("C1", "x syndrome", scr_class=1),
        MeshRecord("C2", "y", scr_class=3),
        MeshRecord("C3", "z", scr_class=4),
    ]
    assert record_types(records, {}) == {"C1": {"Chemical"}, "C2": {"Disease"}}


def test_what_is_offered_as_a_mention() -> None:
    enzyme = next(record for record in RECORDS if record.id == "D000004")
    assert not is_recognised(enzyme, {})
    assert is_recognised(enzyme, {"D000004": {"Chemical"}})
    assert is_recognised(RECORDS[0], {})
