"""Where a narrow decoder stage begins, without gradients: tokens expanded, normed, and joined with the encoder's."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import nn

from model.layers.kernels.launch import on_device
from model.layers.kernels.narrow import dot, parts, standardise_two, turned, vector
from model.layers.kernels.norm import places, standardise


def rejoin(x: torch.Tensor, factor: int, after: nn.LayerNorm, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """As `plain.rejoin`, where the layer has as many outputs as the norm has channels, and twice as many inputs."""
    out, rows, block_r = torch.empty_like(skip), x.numel() // len(after.weight), 64
    with on_device(x):
        _rejoin[(triton.cdiv(rows, block_r),)](
            x, skip, after.weight, after.bias, layer.weight.to(x.dtype), layer.bias, out, rows, x.shape[2], after.eps,
            factor, len(after.weight), *parts(len(after.weight)), block_r, num_warps=4,
        )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["rows", "across"])
def _rejoin(
    x, skip, weight, bias, product, product_bias, out, rows, across, eps, factor: tl.constexpr, width: tl.constexpr,
    part_a: tl.constexpr, part_b: tl.constexpr, block_r: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    row = tl.program_id(0) * block_r + tl.arange(0, block_r)
    a = tl.arange(0, part_a)
    known_a = (row < rows)[:, None] & (a < width)[None, :]
    before, after_a = places(row, a, across, 2, factor, width)
    normed_a = tl.load(x + before, mask=known_a, other=0.0).to(tl.float32)
    skip_a = tl.load(skip + after_a, mask=known_a, other=0.0)
    if part_b > 0:
        b = part_a + tl.arange(0, part_b)
        known_b = (row < rows)[:, None] & (b < width)[None, :]
        before, after_b = places(row, b, across, 2, factor, width)
        normed_b = tl.load(x + before, mask=known_b, other=0.0).to(tl.float32)
        skip_b = tl.load(skip + after_b, mask=known_b, other=0.0)
        normed_a, normed_b = standardise_two(normed_a, normed_b, a < width, b < width, eps, width)
        normed_b = (normed_b * vector(weight, b, width) + vector(bias, b, width)).to(dtype)
    else:
        normed_a, _ = standardise(normed_a, a < width, eps, width)
    normed_a = (normed_a * vector(weight, a, width) + vector(bias, a, width)).to(dtype)
    value = dot(normed_a, turned(product, a, a, 2 * width, width)) + vector(product_bias, a, width)
    value += dot(skip_a, turned(product, width + a, a, 2 * width, width))
    if part_b > 0:
        value += dot(normed_b, turned(product, b, a, 2 * width, width))
        value += dot(skip_b, turned(product, width + b, a, 2 * width, width))
    tl.store(out + after_a, value.to(dtype), mask=known_a)
    if part_b > 0:
        value = dot(normed_a, turned(product, a, b, 2 * width, width)) + vector(product_bias, b, width)
        value += dot(skip_a, turned(product, width + a, b, 2 * width, width))
        value += dot(normed_b, turned(product, b, b, 2 * width, width))
        value += dot(skip_b, turned(product, width + b, b, 2 * width, width))
        tl.store(out + after_b, value.to(dtype), mask=known_b)
