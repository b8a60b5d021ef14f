from __future__ import annotations

from dataclasses import replace

from bran import __version__
from bran.evaluation.signature import Signature


def test_one_line(gold, predictions):
    known = replace(predictions, config="abc", seed=3, threshold=0.25)
    line = str(Signature.of(gold, known, "filtered", resamples=10, resampling_seed=7))
    assert line == (
        f"corpus:{gold.corpus.hash}|split:invented|documents:2|relations:4|protocol:filtered|mesh:tiny"
        f"|config:abc|seed:3|threshold:0.25|bootstrap:10@7|version:{__version__}"
    )


def test_what_does_not_apply_is_left_out(gold, predictions):
    signature = Signature.of(gold, predictions, "raw", resamples=0, resampling_seed=7)
    assert str(signature) == (
        f"corpus:{gold.corpus.hash}|split:invented|documents:2|relations:4|protocol:raw|version:{__version__}"
    )
    assert signature.to_dict()["threshold"] is None
    assert signature.to_dict()["resampling_seed"] is None
