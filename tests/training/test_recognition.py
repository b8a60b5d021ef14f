from __future__ import annotations

import pytest
import torch
from torch import Tensor

from bran.corpus.document import Document
from bran.encoding.tagging import Style, collate_tagging
from bran.errors import TrainingError
from bran.nn.recogniser import RecogniserNetwork
from bran.training.loop import Trainer
from bran.training.recognition import RecognitionObjective
from tests.builders import document
from tests.recognisers import (
    TYPES,
    NetworkRecogniser,
    bare,
    encoded,
    no_names,
    notes,
    recogniser_model,
    recogniser_network,
    recognition_training,
    unlinked,
)

CHEMICALS_ONLY = Style(1, frozenset({"Chemical"}), {})


def train(network: RecogniserNetwork, examples: list, *changes: str) -> list[dict[str, float]]:
    return Trainer(network, recognition_training(*changes), examples).run().history


def without_diseases(docs: list[Document]) -> list[Document]:
    return [doc.with_mentions(tuple(m for m in doc.mentions if m.type == "Chemical")) for doc in docs]


def weights(network: RecogniserNetwork) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def test_the_loss_is_the_mean_over_subwords():
    network, batch = recogniser_network(), collate_tagging(encoded(notes()))
    loss, parts = RecognitionObjective(network)(batch, chance=0.3)
    torch.testing.assert_close(loss, network.losses(batch).sum() / batch.mask.sum())
    assert parts == {"chain_loss": loss.detach()}
    assert torch.equal(RecognitionObjective(network)(batch, chance=0.9)[0], loss)
    assert not parts["chain_loss"].requires_grad


def test_six_notes_can_be_learned_by_heart_without_a_lexicon():
    network = recogniser_network("encoder.dim=32")
    history = train(network, encoded(notes(), find_names=no_names), "epochs=60")
    assert history[-1]["chain_loss"] < 0.02 < history[0]["chain_loss"]
    model = recogniser_model(network)
    model.encoder._find_names = no_names
    found = list(NetworkRecogniser(model, precision="fp32").recognise(bare(notes())))
    assert unlinked(found) == unlinked(notes())


def test_a_type_that_a_corpus_does_not_annotate_is_not_unlearned():
    full, half = notes()[:3], without_diseases(notes()[3:])
    network, misled = recogniser_network(styles=2), recogniser_network(styles=2)
    train(network, [*encoded(full), *encoded(half, CHEMICALS_ONLY)], "epochs=40")
    train(misled, [*encoded(full), *encoded(half, Style(1, frozenset(TYPES), {}))], "epochs=40")
    batch = collate_tagging(encoded(half, CHEMICALS_ONLY))
    assert (network.tag(batch) >= 3).any()
    assert not (misled.tag(batch) >= 3).any()


def test_texts_without_subwords_are_passed_over():
    trainer = Trainer(recogniser_network(), recognition_training(), encoded([document("1", " "), *notes()]))
    assert len(trainer.examples) == 6


def test_nothing_to_learn_from_is_refused():
    with pytest.raises(TrainingError, match="none of the 1 training documents has a subword to learn from"):
        Trainer(recogniser_network(), recognition_training(), encoded([document("1", " ")]))


def test_a_loss_that_is_no_number_names_the_documents():
    network = recogniser_network()
    torch.nn.init.constant_(network.emit.weight, float("nan"))
    with pytest.raises(TrainingError, match=r"^epoch 1: the loss is nan on documents 3\d(, 3\d)*$"):
        train(network, encoded(notes()))


def test_the_same_seed_gives_the_same_weights():
    def trained(*changes: str) -> dict[str, Tensor]:
        network = recogniser_network("word_dropout=0.3", "lexicon_dropout=0.3", "dropout=0.3")
        train(network, encoded(notes()), *changes)
        return weights(network)

    first, again, other = trained(), trained(), trained("seed=1")
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)
