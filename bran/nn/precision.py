"""Number formats of matrix products. Free of torch, so that commands can name them before they load a model."""

from __future__ import annotations

from typing import Literal

Precision = Literal["auto", "fp32", "bf16"]
"""``auto`` is bf16 where there is hardware for it."""

PREDICTING: Precision = "fp32"
"""What models predict in unless the user says otherwise: all kinds of devices agree within 1e-4, and so do the same
documents extracted, reported, explained and evaluated."""
