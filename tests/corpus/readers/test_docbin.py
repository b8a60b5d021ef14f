from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab
from srsly import msgpack

from bran.corpus.document import Document, Mention
from bran.corpus.readers import ErrorLog, docbin_content
from bran.corpus.readers.docbin import is_docbin, read_docbin
from bran.corpus.schema import load_schema
from bran.corpus.writers.docbin import DocBinWriter
from bran.errors import FormatError
from tests import builders

CDR = load_schema("cdr")
WORDS = ["Velorin", "eased", "gait", "pain", "."]
SPACES = [True, True, True, False, False]


def doc(vocab: Vocab | None = None) -> Doc:
    """What a pipeline of someone else leaves: entities with label and id."""
    made = Doc(vocab or Vocab(), WORDS, SPACES)
    made.set_ents(
        [Span(made, 0, 1, "Chemical", kb_id="C1"), Span(made, 2, 4, "DiseaseClass", span_id="D1|OMIM:2")],
        default="outside",
    )
    return made


def packed(*docs: Doc, **options: Any) -> bytes:
    return DocBin(docs=docs, **options).to_bytes()


def read(data: bytes, **options: Any) -> list[Document]:
    return list(read_docbin(io.BytesIO(data), **options))


def written(*documents: Document) -> bytes:
    stream = io.BytesIO()
    writer = DocBinWriter(stream)
    for document in documents:
        writer.write(document)
    writer.close()
    return stream.getvalue()


def changed(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """A DocBin with another content."""
    content = msgpack.loads(zlib.decompress(data), raw=False)
    change(content)
    return zlib.compress(msgpack.dumps(content, use_bin_type=True))


def test_entities_are_mentions() -> None:
    (document,) = read(packed(doc()), schema=CDR)
    assert (document.id, document.text) == ("stream-1", "Velorin eased gait pain.")
    assert document.mentions == (
        Mention(0, 7, "Chemical", ("MESH:C1",)),
        Mention(14, 23, "Disease", ("MESH:D1", "OMIM:2")),
    )
    (bare,) = read(packed(doc()))
    assert [mention.concepts for mention in bare.mentions] == [("C1",), ("D1", "OMIM:2")]


def test_what_spacy_reads_is_what_is_read_here() -> None:
    vocab = Vocab()
    made = doc(vocab)
    odd = Doc(vocab, ["\n\n", "gait", " ", "pain"], [False, True, False, True])
    odd.set_ents([Span(odd, 1, 2, "A"), Span(odd, 3, 4, "A")], missing=[odd[0:1]])
    data = packed(made, odd)
    for theirs, ours in zip(DocBin().from_bytes(data).get_docs(Vocab()), read(data), strict=True):
        assert ours.text == theirs.text.replace("\n", " ")
        assert [(m.start, m.end, m.type) for m in ours.mentions] == [
            (span.start_char, span.end_char, span.label_) for span in theirs.ents
        ]


@pytest.mark.parametrize("key", ["user data", "extension"])
def test_the_id_of_a_document(key: str) -> None:
    made = doc()
    if key == "extension":
        Doc.set_extension("id", default=None, force=True)
        made._.id = 17
        Doc.remove_extension("id")
    else:
        made.user_data["id"] = "17"
    ids = [document.id for document in read(packed(made, doc(made.vocab), store_user_data=True))]
    assert ids == ["17", "stream-2"]


def test_unknown_types_are_dropped_and_told() -> None:
    made = doc()
    made.set_ents([Span(made, 0, 1, "PERSON")])
    log = ErrorLog()
    assert not read(packed(made), schema=CDR, on_error=log)[0].mentions
    assert list(log.dropped) == ["entity type 'PERSON'; expected one of Chemical, Disease"]


def test_texts_without_known_spaces() -> None:
    made = Doc(Vocab(), ["gait", "pain"])
    made.has_unknown_spaces = True
    assert [document.text for document in read(packed(made))] == ["gait pain"]


def test_a_pipeline_that_changes_entities_is_believed() -> None:
    original = builders.documents()[1]
    docs = list(DocBin().from_bytes(written(original)).get_docs(Vocab()))
    (same,) = read(packed(*docs, store_user_data=True))
    assert same == original
    docs[0].set_ents([Span(docs[0], 0, 1, "Gene", kb_id="G1")], default="outside")
    (other,) = read(packed(*docs, store_user_data=True))
    assert other.mentions == (Mention(0, 8, "Gene", ("G1",)),)
    assert (other.id, other.passages) == (original.id, original.passages)


def test_tokens_that_changed_leave_one_passage() -> None:
    def cut(content: dict[str, Any]) -> None:
        content["tokens"] = content["tokens"][: 8 * len(content["attrs"])]
        content["spaces"] = content["spaces"][:1]
        content["lengths"] = np.array([1], dtype=np.int32).tobytes()

    (document,) = read(changed(written(builders.document("1", "Gait.", "Pain.")), cut))
    assert [passage.kind for passage in document.passages] == ["text"]


DAMAGE: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no attributes": (lambda content: content.update(attrs=[]), "token attributes .*ORTH"),
    "no words": (lambda content: content.update(attrs=[1] * len(content["attrs"])), "token attributes .*ORTH"),
    "a number for tokens": (lambda content: content.update(tokens=5), "tokens: Input should be a valid bytes"),
    "half a token": (lambda content: content.update(tokens=content["tokens"][:-8]), "expected a whole DocBin"),
    "no multiple": (lambda content: content.update(tokens=content["tokens"][:-1]), "expected a whole DocBin"),
    "fewer spaces": (lambda content: content.update(spaces=b""), "10 tokens, 0 spaces; expected as many"),
    "a negative length": (
        lambda content: content.update(lengths=np.array([-1, 11], dtype=np.int32).tobytes()),
        "expected as many",
    ),
    "no document": (lambda content: content.update(lengths=b"", tokens=b"", spaces=b""), "holds no document"),
    "another key": (lambda content: content.pop("strings"), "strings: Field required"),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_content_is_told(case: str) -> None:
    change, message = DAMAGE[case]
    made = doc()
    with pytest.raises(FormatError, match="stream: .*" + message):
        read(changed(packed(made, doc(made.vocab)), change))


def test_a_damaged_document_leaves_the_others() -> None:
    vocab = Vocab()
    bad = Doc(vocab, ["strange"])
    data = changed(packed(doc(vocab), bad, doc(vocab)), lambda content: content["strings"].remove("strange"))
    log = ErrorLog()
    assert [document.id for document in read(data, on_error=log)] == ["stream-1", "stream-3"]
    assert [(str(error.place), error.message[:5]) for error in log.skipped] == [("stream (document stream-2)", "hash ")]
    data = changed(written(*builders.documents()[:2]), lambda content: content["user_data"].__setitem__(0, b"\xc1"))
    log = ErrorLog()
    assert [document.id for document in read(data, on_error=log)] == ["12"]
    assert "user data cannot be unpacked" in log.skipped[0].message


def test_arrays_in_user_data_are_not_made() -> None:
    array = {b"nd": True, b"type": "O", b"kind": b"O", b"shape": (1,), b"data": b"cos\nsystem\n(S'false'\ntR."}
    data = changed(
        written(builders.documents()[2]),
        lambda content: content["user_data"].__setitem__(0, msgpack.dumps({"bran": array}, use_bin_type=True)),
    )
    with pytest.raises(FormatError, match="there is no 'id'"):
        read(data)


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docbin_content, "MAX_BYTES", 1 << 16)
    with pytest.raises(FormatError, match="after 65536 unpacked bytes; expected at most 65536"):
        read(zlib.compress(bytes(1 << 24)))


@pytest.mark.parametrize("data", [b"\x78\x9c", b"\x78\x9cxx", packed(doc())[:-9], b"", zlib.compress(b"\xc1")])
def test_what_is_no_docbin_is_refused(data: bytes) -> None:
    with pytest.raises(FormatError, match=r"^stream: .*expected"):
        read(data)


def test_the_beginning_tells_it() -> None:
    assert is_docbin(packed(doc())[:100])
    assert is_docbin(written(*builders.documents()))
    assert not any(map(is_docbin, [b"", b"\x78", b"x|t|y", zlib.compress(b"text"), b"\x78\x9c\xff\xff"]))
