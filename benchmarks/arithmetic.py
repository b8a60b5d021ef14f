"""What the machine can multiply, and what the relation stage has to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from math import prod

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.timing import Clock, timed
from bran.encoding.batches import Batch
from bran.nn.model import Bran

MATMUL, CONVOLUTION = "matmul", "convolution"
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    MATMUL: ((1024, 1024, 1024), (2048, 1024, 2048), (4096, 768, 3072), (8192, 1280, 256)),
    CONVOLUTION: ((8, 512, 256, 256, 5), (8, 512, 512, 512, 5)),
}
"""Of a matrix product: rows, inner size, columns. Of a convolution: images, pixels of their one row, channels in and
out, width. Multiplied, the numbers of a shape are its multiplications."""


class Peak:
    """The best rates at which torch multiplies here, in each of its two libraries.

    A matrix product is BLAS's in 32 bits and oneDNN's in bfloat16; a convolution is oneDNN's in both, and can be
    more than twice as fast where BLAS was made for another maker's processors.

    Args:
        dtype: number format.
    """

    def __init__(self, dtype: torch.dtype) -> None:
        self._products = [
            (torch.randn(rows, inner).to(dtype), torch.randn(columns, inner).to(dtype))
            for rows, inner, columns in SHAPES[MATMUL]
        ]
        self._convolutions = [
            (torch.randn(images, pixels, inner).to(dtype), torch.randn(outer, inner, 1, width).to(dtype))
            for images, pixels, inner, outer, width in SHAPES[CONVOLUTION]
        ]

    @torch.inference_mode()
    def measure(self, clock: Clock) -> dict[str, float]:
        """Seconds of each shape."""
        calls = [(f"{MATMUL} {index}", partial(functional.linear, *pair)) for index, pair in enumerate(self._products)]
        calls += [
            (f"{CONVOLUTION} {index}", partial(_convolve, *pair)) for index, pair in enumerate(self._convolutions)
        ]
        return {name: timed(clock, call)[0] for name, call in calls}

    @staticmethod
    def rates(seconds: Mapping[str, float]) -> dict[str, float]:
        """The best rate of each kind in operations per second, from the medians of :meth:`measure`."""
        return {
            kind: max(2 * prod(shape) / seconds[f"{kind} {index}"] for index, shape in enumerate(shapes))
            for kind, shapes in SHAPES.items()
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


def _convolve(rows: Tensor, weight: Tensor) -> Tensor:
    """``weight`` over the rows of pixels, channels last, as many pixels as before."""
    images = rows.transpose(1, 2).unsqueeze(2)
    return functional.conv2d(images, weight, padding=(0, weight.shape[3] // 2))
