from __future__ import annotations

from pathlib import Path

from bran.tagging.superseded import renewed, superseded_ids
from tests.builders import document
from tests.names import mini_lexicon


def test_ids_that_mesh_has_given_up(tmp_path: Path) -> None:
    lexicon = mini_lexicon(tmp_path)
    doc = document(
        "1",
        "{Velorin|Chemical|MESH:C000777} and {VL-17|Chemical|MESH:C000777}, {tremor|Disease|MESH:D000015}.",
        "{Shaking|Disease|MESH:C000888} and {qwert|Chemical|MESH:C000999}.",
        relations=[("CID", "MESH:C000777", "MESH:D000015")],
    )
    # A name that only corpora know (shaking) tells nothing, nor does an unknown one.
    assert superseded_ids([doc], lexicon) == {"MESH:C000777": "MESH:D000001"}
    new = renewed(doc, {"MESH:C000777": "MESH:D000001"})
    assert [mention.concepts[0] for mention in new.mentions[:3]] == ["MESH:D000001", "MESH:D000001", "MESH:D000015"]
    assert (new.relations[0].head, new.relations[0].tail) == ("MESH:D000001", "MESH:D000015")
