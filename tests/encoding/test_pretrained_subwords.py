"""The tokenizers of pretrained encoders: aligned to characters, and numbered as bran numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from tokenizers import processors

from bran.corpus.document import Document
from bran.encoding.pretrained_subwords import SHIFT, PretrainedSubwords
from bran.encoding.subwords import PAD_ID, UNK_ID
from tests.builders import document, documents
from tests.hugging_face import byte_level, texts, wordpiece
from tests.properties.test_encoding_properties import WHITE, annotated

MAKERS = {"wordpiece": wordpiece, "byte level": byte_level}
SUBWORDS = {name: PretrainedSubwords(make()) for name, make in MAKERS.items()}


def pieces(subwords: PretrainedSubwords, doc: Document) -> list[str]:
    sequence = subwords.encode([doc])[0]
    return [doc.text[start:end] for start, end in zip(sequence.starts, sequence.ends, strict=True)]


@pytest.mark.parametrize("name", MAKERS)
def test_a_text_is_cut_as_by_the_tokenizer_itself_although_mentions_are_cut_out(name: str):
    tokenizer = MAKERS[name]()
    tokenizer.no_truncation()
    tokenizer.no_padding()
    for doc in documents():
        expected = tokenizer.encode(doc.text, add_special_tokens=False)
        sequence = SUBWORDS[name].encode([doc])[0]
        assert sequence.ids.tolist() == [SHIFT + number for number in expected.ids]
        surfaces = [doc.text[start:end].lstrip() for start, end in expected.offsets]
        assert pieces(SUBWORDS[name], doc) == surfaces


@pytest.mark.parametrize("name", MAKERS)
def test_what_the_tokenizer_cuts_off_or_fills_up_is_left_alone(name: str):
    doc = document("1", " ".join(texts()))
    assert len(SUBWORDS[name].encode([doc])[0].ids) > 100
    assert len(SUBWORDS[name].encode([document("2", "rash")])[0].ids) < 8


def test_a_space_before_a_mention_tells_a_word_and_is_no_part_of_it():
    doc = document("1", "Men had  {gout|Disease|MESH:D3}, anti{gout|Disease|MESH:D3}")
    sequence = SUBWORDS["byte level"].encode([doc])[0]
    spaced, bare = (int(sequence.ids[sequence.starts == mention.start][0]) for mention in doc.mentions)
    vocabulary = byte_level().get_vocab()
    assert spaced == SHIFT + vocabulary["Ġgout"]
    assert bare != spaced


@pytest.mark.parametrize(("name", "mark"), [("wordpiece", "[MASK]"), ("byte level", "<mask>")])
def test_a_special_subword_that_stands_in_a_text_is_text(name: str, mark: str):
    special = SHIFT + int(MAKERS[name]().token_to_id(mark))
    sequence = SUBWORDS[name].encode([document("1", f"rash {mark} gout")])[0]
    assert special not in sequence.ids
    assert len(sequence.ids) > 3


@pytest.mark.parametrize(("name", "before", "after"), [("wordpiece", (2,), (3,)), ("byte level", (0,), (2,))])
def test_what_stands_around_a_text_is_known(name: str, before: tuple[int, ...], after: tuple[int, ...]):
    assert SUBWORDS[name].special == (before, after)


def test_a_tokenizer_without_special_subwords_puts_none_around_a_text():
    bare = byte_level()
    bare.post_processor = processors.ByteLevel(trim_offsets=True)
    assert PretrainedSubwords(bare).special == ((), ())


@pytest.mark.parametrize("name", MAKERS)
def test_numbers_begin_above_the_ones_that_pad_and_hide(name: str):
    subwords, size = SUBWORDS[name], MAKERS[name]().get_vocab_size()
    assert len(subwords) == size + SHIFT
    ids = np.concatenate(
        [*[sequence.ids for sequence in subwords.encode(documents())], *subwords.encode_texts(texts())]
    )
    assert ids.min() > max(PAD_ID, UNK_ID)
    assert ids.max() < len(subwords)


@pytest.mark.parametrize("name", MAKERS)
def test_plain_texts_have_the_same_numbers(name: str):
    doc = documents()[0].with_mentions(())
    assert SUBWORDS[name].encode_texts([doc.text])[0].tolist() == SUBWORDS[name].encode([doc])[0].ids.tolist()


@pytest.mark.parametrize("name", MAKERS)
def test_a_saved_one_encodes_as_before(tmp_path, name: str):
    path = tmp_path / "subwords.json"
    SUBWORDS[name].save(path)
    loaded = PretrainedSubwords.load(path)
    marked = [*documents(), document("9", "rash [MASK] <mask> gout")]
    for first, second in zip(SUBWORDS[name].encode(marked), loaded.encode(marked), strict=True):
        assert first.ids.tolist() == second.ids.tolist()
        assert first.starts.tolist() == second.starts.tolist()
    assert loaded.special == SUBWORDS[name].special


@pytest.mark.parametrize("name", MAKERS)
@settings(deadline=None)
@given(doc=annotated())
def test_the_subwords_of_a_mention_lie_within_it(name: str, doc: Document):
    sequence = SUBWORDS[name].encode([doc])[0]
    assert (np.diff(sequence.starts) >= 0).all()
    assert (sequence.starts <= sequence.ends).all()
    for mention in doc.mentions:
        inside = (sequence.starts >= mention.start) & (sequence.ends <= mention.end)
        crossing = (sequence.starts < mention.end) & (sequence.ends > mention.start) & ~inside
        assert not crossing.any()
        if name == "byte level" and doc.surface(mention).strip(WHITE):
            first, last = inside.nonzero()[0][[0, -1]]
            found = doc.text[sequence.starts[first] : sequence.ends[last]]
            assert found.strip(WHITE) == doc.surface(mention).strip(WHITE)
