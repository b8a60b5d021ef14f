from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bran.corpus.document import Document, Mention, Passage
from bran.corpus.sentences import SentenceIndex, document_sentences, sentence_spans


@pytest.mark.parametrize(
    "sentences",
    [
        ["One ended.", "Two did (at 3.5 mg/kg).", "Why?", "Because!"],
        ["Doses were 0.5 vs. 2.5 mg (i.e. 5-fold, cf. Fig. 2).", "All died."],
        ["Given i.v. to Wistar rats at 5 mg.", "Smith et al. 1999 saw none."],
        ["They were injected i.v.", "Anaesthesia followed.", "It took 5 min.", "One died."],
        ["E. coli and S. Typhi grew.", "Group C.", "Vitamin B.", "Then none."],
        ['He said "no."', "(See below.)", "[Abstract only.]", "RESULTS: p < .05."],
        ["It fell (P<0.01).", "beta-Blockers helped.", "pH rose.", "mRNA fell."],
        ["No end here"],
    ],
)
def test_sentences(sentences: list[str]) -> None:
    text = " ".join(sentences)
    assert [text[start:end] for start, end in sentence_spans(text)] == sentences


def test_a_lower_case_word_does_not_begin_a_sentence() -> None:
    assert len(sentence_spans("Approx. three ml. of water.")) == 1


@settings(deadline=None)
@given(st.text(alphabet="aA1. ()?\n"))
def test_spans_hold_all_but_white_space_in_order(text: str) -> None:
    spans = sentence_spans(text)
    assert all(text[start:end].strip() == text[start:end] != "" for start, end in spans)
    bounds = [0, *(bound for span in spans for bound in span), len(text)]
    assert bounds == sorted(bounds)
    assert not "".join(text[a:b] for a, b in zip(bounds[::2], bounds[1::2], strict=True)).strip()


def test_a_title_is_a_sentence_whatever_it_ends_in() -> None:
    document = Document("1", (Passage("title", "Drug and rash"), Passage("abstract", "Rash. Drug.")))
    assert [document.text[start:end] for start, end in document_sentences(document)] == [
        "Drug and rash",
        "Rash.",
        "Drug.",
    ]


def test_pairs_within_and_across_sentences() -> None:
    mentions = (
        Mention(0, 4, "Chemical", ("C1",)),
        Mention(6, 10, "Disease", ("D1", "D2")),
        Mention(14, 18, "Disease", ("D2",), id="T3"),
    )
    text = "Drug. Rash or fall."
    index = SentenceIndex(Document("1", (Passage("abstract", text),), mentions))
    assert [index.sentence(mention) for mention in mentions] == [0, 1, 1]
    assert index.crosses("C1", "D1")
    assert not index.crosses("D1", "D2")
    assert not index.crosses("D1", "T3")
    assert index.crosses("C1", "absent")
    assert not index.together(mentions[:1], mentions[1:])
