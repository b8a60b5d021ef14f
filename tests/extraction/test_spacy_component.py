from __future__ import annotations

import subprocess
import sys
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from bran.corpus.document import Passage
from bran.corpus.readers.docbin import read_docbin
from bran.corpus.schema import load_schema
from bran.errors import ConfigError, ModelError
from bran.extraction.predictor import Predictor
from bran.extraction.spacy_component import DocReader, RelationsComponent
from tests.builders import document, tiny_model

PATTERNS = [
    {"label": "CHEMICAL", "pattern": "velorin", "id": "C1"},
    {"label": "CHEMICAL", "pattern": "brinol", "id": "MESH:C3"},
    {"label": "Disease", "pattern": "tremor", "id": "D1"},
    {"label": "DISEASE", "pattern": "gout", "id": "D3|D4"},
    {"label": "DISEASE", "pattern": "pain"},
    {"label": "GENE", "pattern": "abx1", "id": "G1"},
]
TEXT = "Velorin induced tremor.\nBrinol did not; gout and pain eased, abx1 rose, velorin was stopped."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_model().save(folder)
    return folder


def ruler() -> Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER"}).add_patterns(PATTERNS)  # type: ignore[attr-defined]
    return nlp


def pipeline(model: Path, **config: object) -> Language:
    """Rules that give entities ids, and the component after them; all candidates are told."""
    nlp = ruler()
    nlp.add_pipe("bran", config={"model": str(model), "threshold": 0.0, **config})
    return nlp


def spaced_document(nlp: Language, text: str, entities: list[tuple[int, int, str, str]]) -> Doc:
    doc = nlp.make_doc(text)
    doc.ents = [doc.char_span(start, end, label, kb_id=kb_id) for start, end, label, kb_id in entities]
    return doc


def test_relations_are_those_of_the_predictor(model: Path):
    doc = pipeline(model)(TEXT)
    same = document(
        "1",
        "{Velorin|Chemical|MESH:C1} induced {tremor|Disease|MESH:D1}.",
        "{Brinol|Chemical|MESH:C3} did not; {gout|Disease|MESH:D3;MESH:D4} and pain eased, abx1 rose, "
        "{velorin|Chemical|MESH:C1} was stopped.",
    )
    (expected,) = Predictor.load(model).predict([same], threshold=0)
    scores = {relation: relation.score for relation in doc._.relations}
    assert scores == pytest.approx({relation: relation.score for relation in expected.relations}, abs=1e-5)
    assert len(scores) == 6
    assert [r.score for r in doc._.relations] == sorted(scores.values(), reverse=True)


def test_threshold_and_that_of_the_model(model: Path):
    scores = sorted(relation.score for relation in pipeline(model)(TEXT)._.relations)
    kept = pipeline(model, threshold=scores[3])(TEXT)._.relations
    assert sorted(relation.score for relation in kept) == scores[3:]
    own = pipeline(model, threshold=None)(TEXT)._.relations
    assert [r.score for r in own] == sorted((score for score in scores if score >= 0.5), reverse=True)


def test_evidence_leads_to_spans(model: Path):
    doc = pipeline(model, evidence=True)(TEXT)
    relation = next(r for r in doc._.relations if (r.head, r.tail) == ("MESH:C1", "MESH:D1"))
    assert sum(pair.share for pair in relation.evidence) == pytest.approx(1)
    spans = {(doc.char_span(e.head.start, e.head.end).text, e.tail.start) for e in relation.evidence}
    assert spans == {("Velorin", 16), ("velorin", 16)}


def test_pipe_is_call_and_keeps_order_and_batches(model: Path):
    nlp = pipeline(model)
    texts = [TEXT, "", "Brinol and gout.", "Nothing.", TEXT]
    piped = list(nlp.pipe(texts, batch_size=2))
    assert [doc.text for doc in piped] == texts
    for doc in piped:
        assert doc._.relations == nlp(doc.text)._.relations
    assert piped[1]._.relations == piped[3]._.relations == []


def test_pipe_streams(model: Path):
    nlp, read = pipeline(model), 0

    def stream() -> Iterator[str]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield TEXT

    next(nlp.pipe(stream(), batch_size=4))
    assert read <= 8


def test_workers_give_the_same(model: Path):
    nlp = pipeline(model, evidence=True)
    alone = nlp(TEXT)._.relations
    for doc in nlp.pipe([TEXT] * 4, n_process=2, batch_size=2):
        assert doc._.relations == alone
        assert doc._.relations[0].evidence == alone[0].evidence


def test_a_stored_pipeline_keeps_its_config_alone(model: Path, tmp_path: Path):
    nlp = pipeline(model)
    nlp.to_disk(tmp_path / "nlp")
    assert not (tmp_path / "nlp" / "bran").exists()
    again = spacy.load(tmp_path / "nlp")
    assert again.config["components"]["bran"]["model"] == str(model)
    assert again(TEXT)._.relations == nlp(TEXT)._.relations
    assert spacy.blank("en", config=nlp.config).pipe_names == ["entity_ruler", "bran"]


def test_stored_documents_keep_their_relations(model: Path, tmp_path: Path):
    nlp = pipeline(model)
    doc = nlp(TEXT.replace("\n", " "))
    assert Doc(nlp.vocab).from_bytes(doc.to_bytes())._.relations == doc._.relations
    DocBin(docs=[doc], store_user_data=True).to_disk(tmp_path / "docs.spacy")
    (read,) = read_docbin(tmp_path / "docs.spacy")
    assert list(read.relations) == doc._.relations


def test_the_id_of_the_document_stays(model: Path):
    nlp = pipeline(model)
    doc = nlp.make_doc(TEXT)
    doc.user_data["id"] = 17
    assert nlp(doc).user_data["bran"]["id"] == "17"
    assert nlp(TEXT).user_data["bran"]["id"] == nlp(TEXT).user_data["bran"]["id"]


@pytest.mark.parametrize("lengths", [[["title", 23], ["abstract", len(TEXT) - 24]], [["title", 3]], []])
def test_passages_are_those_kept_or_the_first_line_and_the_rest(lengths: list[list[object]]):
    doc = ruler()(TEXT)
    doc.user_data["bran"] = {"passages": lengths}
    found = DocReader(load_schema("cdr"), {})(doc)
    assert found.passages == (Passage("title", TEXT[:23]), Passage("abstract", TEXT[24:]))


def test_a_text_of_one_line_is_an_abstract():
    found = DocReader(load_schema("cdr"), {})(ruler()("Velorin induced tremor."))
    assert found.passages == (Passage("abstract", "Velorin induced tremor."),)


def test_ids_come_from_rules_and_linkers():
    nlp = ruler()
    entities = [(0, 7, "CHEMICAL", "MESH:C9"), (16, 22, "DISEASE", "NIL"), (24, 30, "CHEMICAL", "")]
    doc = spaced_document(nlp, TEXT, entities)
    Span.set_extension("kb_ents", default=[], force=True)
    try:
        doc.ents[2]._.kb_ents = [("C7", 0.9), ("C8", 0.8)]
        found = DocReader(load_schema("cdr"), {})(doc)
    finally:
        Span.remove_extension("kb_ents")
    assert [(found.surface(mention), mention.concepts) for mention in found.mentions] == [
        ("Velorin", ("MESH:C9",)), ("Brinol", ("MESH:C7",)),
    ]  # fmt: skip


def test_labels_are_mapped_to_types():
    doc = spaced_document(ruler(), TEXT, [(0, 7, "DRUG", "C1"), (16, 22, "DISEASE", "D1")])
    assert [m.type for m in DocReader(load_schema("cdr"), {})(doc).mentions] == ["Disease"]
    assert [m.type for m in DocReader(load_schema("cdr"), {"Drug": "Chemical"})(doc).mentions] == [
        "Chemical",
        "Disease",
    ]


def test_entities_without_ids_are_warned_of_once(model: Path):
    nlp = pipeline(model)
    nlp.get_pipe("entity_ruler").clear()  # type: ignore[attr-defined]
    nlp.get_pipe("entity_ruler").add_patterns([{k: v for k, v in p.items() if k != "id"} for p in PATTERNS])  # type: ignore[attr-defined]
    with pytest.warns(UserWarning, match="no id on entities such as 'Velorin'.*ent.kb_id_"):
        doc = nlp(TEXT)
    assert doc._.relations == []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nlp(TEXT)._.relations == []


def test_relations_of_a_document_that_was_not_related_are_none(model: Path):
    nlp = pipeline(model)
    assert isinstance(nlp.get_pipe("bran"), RelationsComponent)
    assert nlp.make_doc(TEXT)._.relations == []


def test_what_does_not_hold_is_named(model: Path, tmp_path: Path):
    with pytest.raises(ModelError, match="not a model folder"):
        pipeline(tmp_path)
    with pytest.raises(ConfigError, match=r"threshold 1.5; expected a number between 0 and 1"):
        pipeline(model, threshold=1.5)
    with pytest.raises(ConfigError, match="label 'DRUG': entity type 'Drug'; expected one of Chemical, Disease"):
        pipeline(model, labels={"DRUG": "Drug"})


def test_spacy_finds_the_component_and_tokenizers_by_entry_points(root: Path, tmp_path: Path):
    """An installation's metadata, made of what pyproject.toml says, and no import of bran by the user."""
    groups = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    info = tmp_path / "bran_relations_invented-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bran-relations-invented\nVersion: 1\n")
    lines = (
        f"[{group}]\n" + "".join(f"{name} = {where}\n" for name, where in groups[group].items()) for group in groups
    )
    (info / "entry_points.txt").write_text("\n".join(lines))
    code = f"""
import sys
sys.path[:0] = {[str(tmp_path), str(root)]!r}
import spacy
for name in ("bran.PunctuationTokenizer.v1", "bran.ScispacyTokenizer.v1"):
    nlp = spacy.blank("en", config={{"nlp": {{"tokenizer": {{"@tokenizers": name}}}}}})
assert "bran.extraction.predictor" not in sys.modules
rules = nlp.add_pipe("entity_ruler")
rules.add_patterns([dict(label="CHEMICAL", pattern="velorin", id="C1"), dict(label="DISEASE", pattern="gout", id="D1")])
nlp.add_pipe("bran", config={{"threshold": 0.0}})
(relation,) = nlp("velorin and gout")._.relations
print(relation.type, relation.head, relation.tail)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.stdout.split() == ["CID", "MESH:C1", "MESH:D1"], done.stderr
