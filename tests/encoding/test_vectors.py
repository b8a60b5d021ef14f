from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from bran.encoding import vectors as module
from bran.encoding.subwords import PAD_ID, UNK_ID, Floats, SubwordConfig, Subwords
from bran.encoding.vectors import SubwordVectors, VectorConfig
from bran.errors import ConfigError, ModelError
from tests.builders import document

# Words of one letter: a and b stand beside x, c and d beside y.
TEXTS = ["a x", "x b", "x a", "b x b", "c y", "y d", "d y c"] * 3


def config(**settings: object) -> VectorConfig:
    subwords = SubwordConfig(vocabulary=64, min_frequency=100)
    return VectorConfig.model_validate({"subwords": subwords, "dim": 3, **settings})


def ids(learned: SubwordVectors | Subwords) -> dict[str, int]:
    subwords = learned.subwords if isinstance(learned, SubwordVectors) else learned
    return {word: int(subwords.encode([document("1", word)])[0].ids[0]) for word in "abcd"}


def vocabulary() -> Subwords:
    return Subwords.learn(TEXTS, config().subwords)


def test_nearer_subwords_count_more_and_texts_do_not_touch():
    subwords = vocabulary()
    counts = module._co_occurrences(subwords, ["a b c", "d"], 2).toarray()
    number = ids(subwords)
    expected = np.zeros_like(counts)
    for first, second, weight in (("a", "b", 1), ("b", "c", 1), ("a", "c", 0.5)):
        expected[number[first], number[second]] = expected[number[second], number[first]] = weight
    assert np.array_equal(counts, expected)


def test_unknown_subwords_are_near_nothing():
    counts = module._co_occurrences(vocabulary(), ["a % b"], 1)
    assert counts.nnz == 0


def test_information_by_hand():
    counts = module.sparse.csr_matrix(np.array([[0, 4, 0], [4, 0, 1], [0, 1, 0]], dtype=np.float64))
    information = module._information(counts, 1.0).toarray()
    # log(p(x, y) / (p(x) p(y))) with p = 4/10, 5/10, 1/10
    assert information[0, 1] == pytest.approx(math.log(4 / 10 / (4 / 10 * 5 / 10)))
    assert information[2, 1] == pytest.approx(math.log(1 / 10 / (1 / 10 * 5 / 10)))
    assert np.count_nonzero(information) == 4


def test_words_that_stand_beside_the_same_words_are_alike():
    learned = SubwordVectors.learn(TEXTS, config(dim=4, window=1))
    number = ids(learned)

    def likeness(first: str, second: str) -> float:
        left, right = learned.vectors[number[first]], learned.vectors[number[second]]
        return float(abs(left @ right) / np.linalg.norm(left) / np.linalg.norm(right))

    assert likeness("a", "b") > 0.9
    assert likeness("c", "d") > 0.9
    assert likeness("a", "c") < 0.1


def test_skip_gram_gives_vectors_of_the_same_kind(tmp_path: Path):
    settings = config(method="skipgram", window=1, skip_gram={"epochs": 2, "batch": 16})
    learned, again = (SubwordVectors.learn(TEXTS, settings) for _ in range(2))
    assert learned.vectors.shape == (len(learned.subwords), 3)
    assert learned.vectors.dtype == np.float32
    assert np.array_equal(learned.vectors, again.vectors)
    seen = list(ids(learned).values())
    assert np.abs(learned.vectors[seen]).max(1).min() > 0
    assert not learned.vectors[[PAD_ID, UNK_ID]].any()
    spread = np.linalg.norm(learned.vectors, axis=0)
    assert np.array_equal(spread, np.sort(spread)[::-1])  # the first dimensions are the best
    learned.save(tmp_path)
    assert np.allclose(SubwordVectors.load(tmp_path).vectors, learned.vectors, rtol=1e-3, atol=1e-6)


def test_there_is_a_vector_for_each_subword():
    learned = SubwordVectors.learn(TEXTS, config(dim=500))
    assert learned.vectors.shape == (len(learned.subwords), len(learned.subwords) - 1)
    assert learned.vectors.dtype == np.float32
    assert np.abs(learned.vectors[[PAD_ID, UNK_ID]]).max() < 1e-3
    assert np.abs(learned.vectors[UNK_ID + 1 :]).max(1).min() > 0.1


def test_learning_twice_gives_the_same_vectors():
    first, second = (SubwordVectors.learn(TEXTS, config()).vectors for _ in range(2))
    assert np.array_equal(first, second)


def test_saved_and_loaded_are_the_same_vectors_in_16_bits(tmp_path: Path):
    learned = SubwordVectors.learn(TEXTS, config())
    learned.save(tmp_path / "deep")
    loaded = SubwordVectors.load(tmp_path / "deep")
    assert ids(loaded) == ids(learned)
    assert loaded.vectors.dtype == np.float32
    assert np.allclose(loaded.vectors, learned.vectors, rtol=1e-3, atol=1e-6)
    loaded.save(tmp_path / "again")
    assert np.array_equal(SubwordVectors.load(tmp_path / "again").vectors, loaded.vectors)


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ({"vectors": np.zeros((3, 2), dtype=np.float16)}, r"\(3, 2\) vectors; expected one for each of \d+ subwords"),
        ({"vectors": np.zeros(3, dtype=np.float16)}, r"\(3,\) vectors; expected one for each"),
        ({"others": np.zeros((3, 2), dtype=np.float16)}, r"vectors\.safetensors: cannot be read"),
        (None, r"vectors\.safetensors: cannot be read"),
    ],
)
def test_damaged_vectors_are_refused(tmp_path: Path, vectors: dict[str, Floats] | None, message: str):
    SubwordVectors.learn(TEXTS, config()).save(tmp_path)
    path = tmp_path / "vectors.safetensors"
    if vectors is None:
        path.write_bytes(path.read_bytes()[:-3])
    else:
        save_file(vectors, path)
    with pytest.raises(ModelError, match=message):
        SubwordVectors.load(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match=r"vectors\.safetensors: cannot be read"):
        SubwordVectors.load(tmp_path)


@pytest.mark.parametrize("method", ["ppmi", "skipgram"])
def test_texts_of_one_word_teach_no_vectors(method: str):
    with pytest.raises(ConfigError, match="in 2 texts; expected longer ones"):
        SubwordVectors.learn(["a", "b"], config(method=method))
