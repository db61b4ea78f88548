"""The wide inside of an MLP without gradients: a matrix product whose result passes through GELU before it is stored."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import nn

from model.layers.kernels.activation import gaussian
from model.layers.kernels.launch import on_device

_PROGRAMS = 264
"""Twice the processors of a large GPU: fewer programs than that leave some idle, so tiles become smaller."""


def inner(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """GELU(layer(x)) for x (rows, width), in x's type."""
    rows, width = x.shape
    outputs = layer.out_features
    out = x.new_empty(rows, outputs)
    block_r, block_o, warps = _tile(rows, outputs)
    programs = triton.cdiv(rows, block_r) * triton.cdiv(outputs, block_o)
    with on_device(x):
        _inner[(programs,)](
            x, layer.weight.to(x.dtype), layer.bias, out, rows, width, outputs, block_r, block_o, 64,
            num_warps=warps, num_stages=3,
        )  # fmt: skip
    return out


def _tile(rows: int, outputs: int) -> tuple[int, int, int]:
    for block_r, block_o, warps in ((128, 128, 8), (64, 128, 4), (64, 64, 4)):
        if triton.cdiv(rows, block_r) * triton.cdiv(outputs, block_o) >= _PROGRAMS:
            break
    return block_r, block_o, warps


@triton.jit(do_not_specialize=["rows"])
def _inner(
    x, weight, bias, out, rows, width: tl.constexpr, outputs: tl.constexpr,
    block_r: tl.constexpr, block_o: tl.constexpr, block_k: tl.constexpr,
):  # fmt: skip
    across: tl.constexpr = (outputs + block_o - 1) // block_o
    row = tl.program_id(0) // across * block_r + tl.arange(0, block_r)
    output = tl.program_id(0) % across * block_o + tl.arange(0, block_o)
    channel = tl.arange(0, block_k)
    x += row.to(tl.int64)[:, None] * width + channel[None, :]
    weight += output[None, :] * width + channel[:, None]
    value = tl.zeros((block_r, block_o), tl.float32)
    for start in range(0, width, block_k):
        inside = channel + start < width
        part = tl.load(x + start, mask=(row < rows)[:, None] & inside[None, :], other=0.0)
        by = tl.load(weight + start, mask=(output < outputs)[None, :] & inside[:, None], other=0.0)
        value = tl.dot(part, by, value, input_precision="ieee")
    value += tl.load(bias + output, mask=output < outputs, other=0.0).to(tl.float32)[None, :]
    value *= gaussian(value)
    place = out + row.to(tl.int64)[:, None] * outputs + output[None, :]
    tl.store(place, value.to(out.dtype.element_ty), mask=(row < rows)[:, None] & (output < outputs)[None, :])
