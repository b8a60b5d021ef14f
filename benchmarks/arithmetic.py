"""What the machine can multiply, and what the relation stage has to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import Clock, timed
from bran.encoding.batches import Batch
from bran.nn.model import Bran

PRODUCTS = ((1024, 1024, 1024), (2048, 1024, 2048), (4096, 768, 3072), (8192, 1280, 256))
"""Rows, inner size and columns of the matrix products whose best rate is the peak."""


class Peak:
    """The best rate at which torch multiplies large matrices here, in either of its libraries.

    The same product is asked of the BLAS library, as a matrix product, and of oneDNN, as a convolution of
    width 1: in 32 bits, oneDNN can be more than twice as fast, where BLAS was made for another maker's processors.

    Args:
        dtype: number format of the matrices.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._matrices = [
            (torch.randn(rows, inner).to(dtype), torch.randn(columns, inner).to(dtype))
            for rows, inner, columns in PRODUCTS
        ]

    @torch.inference_mode()
    def measure(self, clock: Clock) -> dict[str, float]:
        """Seconds of each product in each library."""
        seconds = {}
        for index, (left, right) in enumerate(self._matrices):
            for name, product in (("matmul", functional.linear), ("convolution", _convolution)):
                seconds[f"{name} {index}"], _ = timed(clock, lambda run=product, a=left, b=right: run(a, b))
        return seconds

    @staticmethod
    def rates(seconds: Mapping[str, float]) -> dict[str, float]:
        """Best operations per second of each library, from the medians of :meth:`measure`."""
        operations = [2.0 * rows * inner * columns for rows, inner, columns in PRODUCTS]
        return {
            name: max(count / seconds[f"{name} {index}"] for index, count in enumerate(operations))
            for name in ("matmul", "convolution")
        }


def operations(network: Bran, batches: Iterable[Batch]) -> float:
    """Floating-point operations of the matrix products that the scores of ``batches`` take, padding included.

    A multiplication and an addition are two. What is no product (softmax, norms, pooling) is not counted.
    """
    # The counter does not know the fused attention of CPUs; written out, it is the same two products.
    with torch.inference_mode(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        for batch in batches:
            network(batch)
    return float(counter.get_total_flops())


def _convolution(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right.t()``: the rows are the pixels of images, channels last (torch asks oneDNN for several only)."""
    images = left.unflatten(0, (8, -1)).transpose(1, 2).unsqueeze(2)
    return functional.conv2d(images, right[:, :, None, None])
