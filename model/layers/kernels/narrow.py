"""What surrounds the attention of a narrow block, without gradients: two kernels whose products never leave the chip.

A product's width need not be a power of two: it is cut into the largest power of two inside it and the rest.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import nn

from model.layers.kernels.activation import gaussian
from model.layers.kernels.depthwise import convolved, place_of
from model.layers.kernels.launch import on_device
from model.layers.kernels.norm import standardise

WIDEST = 128
"""Channels up to which a program holds its tokens' products; wider ones are faster as products of their own."""
_FEW = 1 << 16
"""Tokens up to which latency counts more than traffic."""
_ROOMY = 96
"""Channels up to which the registers of a processor are enough for larger tiles."""


def leave(
    x: torch.Tensor, y: torch.Tensor, project: nn.Linear, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear
) -> torch.Tensor:
    """s + second(GELU(first(norm(s)))) with s = x + project(y), for x and y (..., C)."""
    out, width = torch.empty_like(x), x.shape[-1]
    tokens, block_r = x.numel() // width, 64
    # Of 30 tiles measured on an H200 this is within 5 % of the best for few tokens and for many; with more registers only
    # two programs would fit on a processor.
    block_h, registers = (64, 168) if width <= _ROOMY else (32, None)
    with on_device(x):
        _leave[(triton.cdiv(tokens, block_r),)](
            x, y.contiguous(), *_of(project, x), after.weight, after.bias, *_of(first, x), *_of(second, x), out,
            tokens, after.eps, width, first.out_features, *parts(width), block_r, block_h, num_warps=4,
            num_stages=3 if tokens <= _FEW and width <= _ROOMY else 2, maxnreg=registers,
        )  # fmt: skip
    return out


def can_enter(x: torch.Tensor) -> bool:
    """Whether `enter` is worth it: it saves a launch, but many tokens are faster through its two parts."""
    width = x.shape[-1]
    return width <= _ROOMY and x.numel() <= _FEW * width


def enter(x: torch.Tensor, local: nn.Conv2d, after: nn.LayerNorm, qkv: nn.Linear) -> tuple[torch.Tensor, torch.Tensor]:
    """s = x + local(x), a depthwise 3x3 convolution, and qkv(norm(s)), for x (B, h, w, C)."""
    batch, height, across, width = x.shape
    total, out = torch.empty_like(x), x.new_empty(*x.shape[:3], qkv.out_features)
    block_r, kernel = 64, local.weight
    strips = triton.cdiv(across, block_r)
    with on_device(x):
        _enter[(strips * height * batch,)](
            x, kernel, local.bias, after.weight, after.bias, *_of(qkv, x), total, out, batch, strips, height, across,
            after.eps, kernel.stride(0), kernel.stride(3), width, qkv.out_features, *parts(width), block_r, 64,
            num_warps=4, num_stages=2,
        )  # fmt: skip
    return total, out


def parts(width: int) -> tuple[int, int]:
    """The two powers of two that hold `width` channels; the second is 0 where the first holds them all."""
    first = max(16, 1 << (width.bit_length() - 1))
    return first, max(16, triton.next_power_of_2(width - first)) if width > first else 0


def _of(layer: nn.Linear, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    return layer.weight.to(x.dtype), layer.bias


@triton.jit
def turned(weight, inside, outside, width: tl.constexpr, outputs: tl.constexpr):
    """The part of a layer's weight (outputs, width) that takes channels `inside` to `outside`, (inside, outside)."""
    mask = (inside < width)[:, None] & (outside < outputs)[None, :]
    return tl.load(weight + outside[None, :] * width + inside[:, None], mask=mask, other=0.0)


@triton.jit
def vector(values, place, count: tl.constexpr):
    return tl.load(values + place, mask=place < count, other=0.0).to(tl.float32)[None, :]


@triton.jit
def _tile(x, token, tokens, channel, width: tl.constexpr):
    mask = (token < tokens)[:, None] & (channel < width)[None, :]
    return tl.load(x + token.to(tl.int64)[:, None] * width + channel[None, :], mask=mask, other=0.0)


@triton.jit
def _store(x, value, token, tokens, channel, width: tl.constexpr):
    mask = (token < tokens)[:, None] & (channel < width)[None, :]
    place = token.to(tl.int64)[:, None] * width + channel[None, :]
    tl.store(x + place, value.to(x.dtype.element_ty), mask=mask)


@triton.jit
def dot(x, y):
    return tl.dot(x, y, input_precision="ieee")


@triton.jit
def standardise_two(a, b, in_a, in_b, eps, width: tl.constexpr):
    """`standardise` for rows of which a and b are the two parts."""
    mean = (tl.sum(a, 1) + tl.sum(b, 1)) / width
    a = tl.where(in_a[None, :], a - mean[:, None], 0.0)
    b = tl.where(in_b[None, :], b - mean[:, None], 0.0)
    scale = 1.0 / tl.sqrt((tl.sum(a * a, 1) + tl.sum(b * b, 1)) / width + eps)
    return a * scale[:, None], b * scale[:, None]


@triton.jit(do_not_specialize=["tokens"])
def _leave(
    x, y, project, project_bias, weight, bias, first, first_bias, second, second_bias, out, tokens, eps,
    width: tl.constexpr, inner: tl.constexpr, part_a: tl.constexpr, part_b: tl.constexpr,
    block_r: tl.constexpr, block_h: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    token = tl.program_id(0) * block_r + tl.arange(0, block_r)
    a = tl.arange(0, part_a)
    y_a = _tile(y, token, tokens, a, width)
    total_a = dot(y_a, turned(project, a, a, width, width))
    if part_b > 0:
        b = part_a + tl.arange(0, part_b)
        y_b = _tile(y, token, tokens, b, width)
        total_a += dot(y_b, turned(project, b, a, width, width))
        total_b = dot(y_a, turned(project, a, b, width, width)) + dot(y_b, turned(project, b, b, width, width))
        total_b += _tile(x, token, tokens, b, width).to(tl.float32) + vector(project_bias, b, width)
    total_a += _tile(x, token, tokens, a, width).to(tl.float32) + vector(project_bias, a, width)
    if part_b > 0:
        normed_a, normed_b = standardise_two(total_a, total_b, a < width, b < width, eps, width)
        normed_b = (normed_b * vector(weight, b, width) + vector(bias, b, width)).to(dtype)
        total_b += vector(second_bias, b, width)
    else:
        normed_a, _ = standardise(total_a, a < width, eps, width)
    normed_a = (normed_a * vector(weight, a, width) + vector(bias, a, width)).to(dtype)
    total_a += vector(second_bias, a, width)
    for start in range(0, inner, block_h):
        h = start + tl.arange(0, block_h)
        value = dot(normed_a, turned(first, a, h, width, inner)) + vector(first_bias, h, inner)
        if part_b > 0:
            value += dot(normed_b, turned(first, b, h, width, inner))
        value = (value * gaussian(value)).to(dtype)
        total_a += dot(value, turned(second, h, a, inner, width))
        if part_b > 0:
            total_b += dot(value, turned(second, h, b, inner, width))
    _store(out, total_a, token, tokens, a, width)
    if part_b > 0:
        _store(out, total_b, token, tokens, b, width)


@triton.jit(do_not_specialize=["batch", "strips", "height", "across"])
def _enter(
    x, kernel, kernel_bias, weight, bias, product, product_bias, total, out, batch, strips, height, across, eps,
    step_c: tl.constexpr, step_t: tl.constexpr, width: tl.constexpr, outputs: tl.constexpr,
    part_a: tl.constexpr, part_b: tl.constexpr, block_r: tl.constexpr, block_o: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    image, line, column = place_of(tl.program_id(0), strips, height, across, block_r)
    tokens = batch * height * across
    token = tl.where(column < across, (image * height + line) * across + column, tokens)
    a = tl.arange(0, part_a)
    value_a = convolved(x, kernel, kernel_bias, image, line, height, column, across, a, step_c, step_t, width)
    _store(total, value_a, token, tokens, a, width)
    if part_b > 0:
        b = part_a + tl.arange(0, part_b)
        value_b = convolved(x, kernel, kernel_bias, image, line, height, column, across, b, step_c, step_t, width)
        _store(total, value_b, token, tokens, b, width)
        value_a, value_b = standardise_two(value_a, value_b, a < width, b < width, eps, width)
        normed_b = (value_b * vector(weight, b, width) + vector(bias, b, width)).to(dtype)
    else:
        value_a, _ = standardise(value_a, a < width, eps, width)
    normed_a = (value_a * vector(weight, a, width) + vector(bias, a, width)).to(dtype)
    for start in range(0, outputs, block_o):
        o = start + tl.arange(0, block_o)
        value = dot(normed_a, turned(product, a, o, width, outputs)) + vector(product_bias, o, outputs)
        if part_b > 0:
            value += dot(normed_b, turned(product, b, o, width, outputs))
        _store(out, value, token, tokens, o, outputs)
