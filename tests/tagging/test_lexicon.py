from __future__ import annotations

from pathlib import Path

import pytest

from bran.errors import FormatError, ModelError
from bran.tagging.lexicon import Lexicon, Match
from bran.tagging.lexicon_build import build_lexicon
from bran.tagging.mesh_files import MeshRecord
from tests.names import RECORDS, mini_lexicon


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    return mini_lexicon(tmp_path_factory.mktemp("lexicon"))


@pytest.mark.parametrize(
    ("surface", "concept", "key", "source"),
    [
        ("velorin", "MESH:D000001", "light", "name"),
        ("VL 17", "MESH:D000001", "light", "synonym"),
        ("β-sotamide", "MESH:D000003", "light", "name"),
        ("velorins", "MESH:D000001", "strong", "name"),
        ("cancers of the lung", "MESH:D000012", "strong", "synonym"),
        ("diseases of the kidney", "MESH:D000011", "strong", "name"),
        ("Ro15-1788", "MESH:C000101", "compact", "name"),
        ("velorin sulfate", "MESH:D000001", "salt", "name"),
        ("shaking", "MESH:D000015", "light", "alias"),
    ],
)
def test_lookup(lexicon: Lexicon, surface: str, concept: str, key: str, source: str) -> None:
    found = lexicon.lookup(surface)[0]
    assert (found.concept, found.key, found.source) == (concept, key, source)


def test_uses_rank_candidates(lexicon: Lexicon) -> None:
    firm, weak = lexicon.lookup("shaking")
    assert (firm.concept, firm.firm, firm.weak) == ("MESH:D000015", 2, 0)
    assert (weak.concept, weak.firm, weak.weak) == ("MESH:D000016", 0, 1)


def test_lookup_of_a_type(lexicon: Lexicon) -> None:
    assert lexicon.lookup("velorin", type="Disease") == ()
    assert lexicon.lookup("tremor", type="Disease")[0].type == "Disease"
    assert lexicon.lookup("") == lexicon.lookup("garden") == lexicon.lookup("kelvin protein, human") == ()


def test_names(lexicon: Lexicon) -> None:
    assert [lexicon.name(f"MESH:{record.id}") for record in RECORDS[:4]] == [record.name for record in RECORDS[:4]]
    assert lexicon.name("MESH:D000021") is lexicon.name("MESH:D999999") is None
    assert len(lexicon) == len(RECORDS) - 2


def test_longest_matches(lexicon: Lexicon) -> None:
    text = "Velorin-induced tremors, lung cancer and β-sotamide; kidney tremors in gardens."
    assert [(text[match.start : match.end], match.type) for match in lexicon.longest_matches(text)] == [
        ("Velorin", "Chemical"),
        ("tremors", "Disease"),
        ("lung cancer", "Disease"),
        ("β-sotamide", "Chemical"),
        ("tremors", "Disease"),
    ]


def test_words_that_name_nothing_in_annotated_text_are_no_matches(lexicon: Lexicon) -> None:
    assert lexicon.lookup("lead")[0].concept == "MESH:C000103"
    assert list(lexicon.longest_matches("They lead; lead")) == []


def test_enzymes_can_be_linked_to_but_are_not_offered(lexicon: Lexicon) -> None:
    assert lexicon.lookup("kelvanase")[0].concept == "MESH:D000004"
    assert list(lexicon.longest_matches("kelvanase")) == []


def test_matches_end_at_word_borders(lexicon: Lexicon) -> None:
    assert list(lexicon.longest_matches("velorinic tremor")) == [Match(10, 16, "Disease")]
    assert list(lexicon.longest_matches("")) == list(lexicon.longest_matches("\ud800 \x00")) == []


def test_names_in_use(lexicon: Lexicon) -> None:
    chemicals = {name.concept: name.uses for name in lexicon.names_in_use("Chemical")}
    assert chemicals["MESH:D000001"] == chemicals["MESH:C000103"] == 1
    assert "MESH:C000101" not in chemicals  # a supplementary concept that no corpus uses


def test_the_same_files_for_the_same_input(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        mini_lexicon(tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        if path.suffix != ".npz":
            assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_lexicon_without_corpora(tmp_path: Path) -> None:
    build_lexicon(RECORDS, [], tmp_path)
    assert Lexicon.load(tmp_path).composites == {}


def test_nothing_to_compile(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="1 MeSH records, none a chemical or a disease"):
        build_lexicon([MeshRecord("D000021", "Gardens", (), ("J01",))], [], tmp_path)


@pytest.mark.parametrize("name", ["ids.marisa", "names.bin", "light.npz", "composites.tsv"])
def test_missing_and_damaged_files(tmp_path: Path, name: str) -> None:
    mini_lexicon(tmp_path)
    (tmp_path / name).write_bytes(b"nonsense\n")
    with pytest.raises((ModelError, FormatError), match=f"{tmp_path}.*expected"):
        Lexicon.load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ModelError, match=f"holds no {name}; expected the folder of a lexicon"):
        Lexicon.load(tmp_path)
