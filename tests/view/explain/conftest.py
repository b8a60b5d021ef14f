from __future__ import annotations

import pytest

from bran.view.explain.explanation import Explanation
from bran.workflows.explain import explain
from tests.builders import document, tiny_model

HOSTILE = '<script>alert(1)</script> "quoted" $x^2$ &amp; \u202eright\u202c \U0001f9ea \ud800 </p><img src=x onerror=x>'
"""Words that no page and no drawing must take for anything but words."""


@pytest.fixture(scope="session")
def explanation() -> Explanation:
    """Two relations of a hostile document, of a model with all parts; with gradients where captum is installed."""
    doc = document(
        "<b>7</b>",
        "{$Velorin$_|Chemical|MESH:C1} induced {<i>tremor</i>|Disease|MESH:D1}.",
        f"{{Velorin|Chemical|MESH:C1}} did {HOSTILE}. {{Pain|Disease|MESH:D2}} was rare.",
    )
    model = tiny_model("encoder.blocks=2", "scorer.structure=4", "scorer.layouts=true")
    return explain(model, doc, top=2)
