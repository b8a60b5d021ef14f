"""What is hidden: how much, of what, and that it hangs together as its unit says."""

from __future__ import annotations

from itertools import groupby

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from bran.config import config_hash, parse_config
from bran.encoding.masking import Hidden, MaskingConfig
from bran.encoding.mention_classes import IGNORED
from bran.encoding.subwords import PAD_ID, UNK_ID
from bran.encoding.texts import TextBatch, collate_texts
from bran.errors import ConfigError
from tests.language_models import tagged_examples

VOCABULARY = 50
UNITS = ["subword", "word", "span"]


def batch_of(ids: Tensor, *, starts: Tensor | None = None, mentions: Tensor | None = None) -> TextBatch:
    """A batch of nothing but ``ids``, of which each is a word unless ``starts`` says otherwise."""
    none = torch.zeros_like(ids)
    mentions = none if mentions is None else mentions
    count = int(mentions.max())
    starts = torch.ones_like(ids, dtype=torch.bool) if starts is None else starts
    classes = torch.zeros(count, dtype=torch.long)
    return TextBatch(ids, ids != PAD_ID, none, starts, mentions, classes, classes, none.bool(), none[:, 0], ())


def many(columns: int = 500) -> Tensor:
    torch.manual_seed(0)
    return torch.randint(UNK_ID + 1, VOCABULARY, (200, columns))


def config(**settings: object) -> MaskingConfig:
    return parse_config(MaskingConfig, settings, source="masking")


def hide(batch: TextBatch, seed: int = 1, **settings: object) -> Hidden:
    torch.manual_seed(seed)
    return config(**settings).hide(batch, vocabulary=VOCABULARY)


def words(lengths: list[int], windows: int = 200) -> tuple[Tensor, Tensor]:
    """Where words of these lengths begin, and the number of each token's word, each ``(windows, tokens)``."""
    numbers = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    starts = torch.cat([torch.tensor([True]), numbers[1:] != numbers[:-1]])
    return starts.expand(windows, -1), numbers


def test_eight_in_ten_are_hidden_one_replaced_and_one_kept() -> None:
    ids = many()
    hidden = hide(batch_of(ids))
    told = hidden.targets != IGNORED
    assert told.float().mean().item() == pytest.approx(0.15, abs=0.005)
    assert torch.equal(hidden.targets[told], ids[told])
    assert torch.equal(hidden.read[~told], ids[~told])
    unknown, same = hidden.read[told] == UNK_ID, hidden.read[told] == ids[told]
    assert unknown.float().mean().item() == pytest.approx(0.8, abs=0.01)
    # One in ten stays, and of those that are replaced one in so many is drawn as itself.
    assert same.float().mean().item() == pytest.approx(0.1 + 0.1 / (VOCABULARY - 2), abs=0.01)
    others = hidden.read[told][~unknown & ~same]
    assert others.min() == UNK_ID + 1
    assert others.max() == VOCABULARY - 1


@pytest.mark.parametrize("unit", UNITS)
def test_padding_and_unknown_subwords_are_never_told(unit: str) -> None:
    ids = many()
    ids[:, ::2], ids[:, 1::4] = PAD_ID, UNK_ID
    hidden = hide(batch_of(ids), rate=0.9, unit=unit)
    special = ids <= UNK_ID
    assert (hidden.targets[special] == IGNORED).all()
    assert torch.equal(hidden.read[special], ids[special])
    assert (hidden.targets[~special] != IGNORED).float().mean() > 0.85


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("rate", [0.05, 0.15, 0.6])
def test_each_unit_hides_the_same_share_from_the_first_word_to_the_last(unit: str, rate: float) -> None:
    starts, _ = words([1, 3, 1, 2, 5, 1, 1, 2] * 25)
    told = torch.stack(
        [hide(batch_of(many(400), starts=starts), seed, unit=unit, rate=rate).targets != IGNORED for seed in range(10)]
    )
    assert told.float().mean().item() == pytest.approx(rate, abs=0.01)
    for part in (told[:, :, :16], told[:, :, -16:]):
        assert part.float().mean().item() == pytest.approx(rate, abs=0.03)


@pytest.mark.parametrize("unit", ["word", "span"])
@settings(deadline=None)
@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=30), seed=st.integers(0, 99))
def test_words_are_told_whole_or_not_at_all(unit: str, lengths: list[int], seed: int) -> None:
    starts, numbers = words(lengths, windows=4)
    ids = torch.randint(UNK_ID + 1, VOCABULARY, (4, len(numbers)))
    told = hide(batch_of(ids, starts=starts), seed, unit=unit, rate=0.4).targets != IGNORED
    for word in range(len(lengths)):
        inside = told[:, numbers == word]
        assert torch.equal(inside.any(1), inside.all(1))


def test_subwords_of_a_word_are_told_one_by_one() -> None:
    starts, numbers = words([4] * 100)
    told = hide(batch_of(many(400), starts=starts)).targets != IGNORED
    assert not torch.equal(told[:, numbers % 2 == 0].any(1), told[:, numbers % 2 == 0].all(1))


def spans(told: Tensor) -> list[int]:
    """Lengths of the stretches of ``told`` that touch no end of their window."""
    runs = [[(key, len(list(run))) for key, run in groupby(row)] for row in told.tolist()]
    return [length for row in runs for key, length in row[1:-1] if key]


def test_lengths_of_spans_are_geometric_and_cut_off() -> None:
    # So few that hardly any two touch: their lengths are then those that were drawn.
    lengths = torch.tensor(
        [
            length
            for seed in range(8)
            for length in spans(hide(batch_of(many()), seed, unit="span", rate=0.002).targets > 0)
        ]
    )
    assert lengths.float().mean().item() == pytest.approx(3.8, abs=0.15)  # SpanBERT, section 3.1
    shares = (lengths[:, None] == torch.arange(1, 11)).float().mean(0)
    whole = 1 - 0.8**10
    torch.testing.assert_close(shares, torch.tensor([0.2 * 0.8**k / whole for k in range(10)]), atol=0.02, rtol=0)
    longest = spans(hide(batch_of(many()), unit={"kind": "span", "longest": 2}, rate=0.002).targets > 0)
    assert {1, 2} == set(longest) - {3, 4}  # two that touch


def test_one_thing_becomes_of_a_span() -> None:
    ids = torch.full((200, 500), 7)
    hidden = hide(batch_of(ids), unit="span", masked=0.5, replaced=0)
    for row, told in zip((hidden.read == UNK_ID).tolist(), (hidden.targets == 7).tolist(), strict=True):
        for key, run in groupby(zip(told, row, strict=True), key=lambda pair: pair[0]):
            assert len({fate for _, fate in run}) == 1, key
    assert 0.4 < (hidden.read[hidden.targets == 7] == UNK_ID).float().mean() < 0.6


@pytest.mark.parametrize("unit", UNITS)
def test_mentions_are_told_whole_at_a_rate_of_their_own(unit: str) -> None:
    ids = many(300)
    lengths = torch.tensor([5, 2, 1, 7] * 20)  # of stretches, every other one a mention
    stretch = torch.arange(len(lengths)).repeat_interleave(lengths)
    number = torch.where(stretch % 2 == 1, stretch // 2 + 1, 0)
    mentions = torch.arange(200)[:, None] * 40 + number
    mentions = torch.where(number > 0, mentions, 0)
    hidden = hide(batch_of(ids, mentions=mentions), unit=unit, mentions=0.4)
    told = hidden.targets != IGNORED
    assert told[:, number == 0].float().mean().item() == pytest.approx(0.15, abs=0.01)
    assert hidden.mentions.float().mean().item() == pytest.approx(0.4, abs=0.02)
    assert torch.equal(told[mentions > 0], hidden.mentions[mentions[mentions > 0] - 1])
    fates = {(int(m), bool(r)) for m, r in zip(mentions[told], hidden.read[told] == UNK_ID, strict=True) if m}
    assert len(fates) == len({mention for mention, _ in fates})  # all of a mention is hidden, or none of it


def test_mentions_are_text_as_any_other_unless_they_are_asked_for() -> None:
    batch = collate_texts(tagged_examples())
    plain = batch_of(batch.token_ids, starts=batch.starts)
    assert torch.equal(hide(batch).targets, hide(plain).targets)
    assert not hide(batch).mentions.any()
    assert torch.equal(hide(plain, mentions=0.5).targets, hide(plain).targets)  # there are none


@pytest.mark.parametrize(("masked", "replaced", "left"), [(1.0, 0.0, "none"), (0.0, 1.0, "few"), (0.0, 0.0, "all")])
def test_shares_decide_what_becomes_of_the_chosen(masked: float, replaced: float, left: str) -> None:
    ids = many()
    hidden = hide(batch_of(ids), masked=masked, replaced=replaced)
    same = (hidden.read == ids)[hidden.targets != IGNORED].float().mean().item()
    low, high = {"none": (0, 0), "few": (0.001, 0.1), "all": (1, 1)}[left]
    assert low <= same <= high


@pytest.mark.parametrize("unit", UNITS)
def test_the_seed_of_torch_decides_what_is_hidden(unit: str) -> None:
    batch = batch_of(torch.full((20, 50), 7))
    first, again, other = (hide(batch, seed, unit=unit).targets for seed in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"replaced": 0.3}, r"masked 0\.8 and replaced 0\.3 are more than all"),
        ({"unit": "sentence"}, r"unit = .*'sentence'"),
        ({"unit": {"kind": "span", "stop": 0}}, r"unit\.span\.stop = 0: Input should be greater than 0"),
        ({"unit": {"kind": "word", "longest": 3}}, r"unknown key .*longest"),
        ({"mentions": 1}, r"mentions = 1: Input should be less than 1"),
    ],
)
def test_settings_that_do_not_hold(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        config(**settings)


def test_configs_are_written_as_they_were_and_read_as_they_are_written() -> None:
    assert config(unit="subword").model_dump(mode="json") == {"rate": 0.15, "masked": 0.8, "replaced": 0.1}
    for unit in ("word", {"kind": "span", "stop": 0.5, "longest": 3}):
        written = config(unit=unit).model_dump(mode="json")
        assert written["unit"] == unit
        assert config_hash(config(**written)) == config_hash(config(unit=unit))
    assert len({config_hash(config(unit=unit)) for unit in UNITS}) == 3
