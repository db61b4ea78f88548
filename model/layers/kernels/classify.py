"""The last layer without gradients: tokens to channels, their certainty and the classes' mean probabilities, all bytes.

A program has all tokens of each 4x4 pixels that are averaged. Neither the pixels' channels nor their logits are stored.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import nn

from model.layers.kernels.head import class_weights
from model.layers.kernels.launch import on_device
from model.layers.kernels.narrow import parts, turned, vector
from model.layers.kernels.norm import standardise

WIDEST = {2: 128, 4: 256}
"""Channels of a token that a program holds, by the pixels a side that they become."""


def fits(x: torch.Tensor, factor: int) -> bool:
    """Whether `classify` can take x (B, h, w, C): its tokens must fill whole cells."""
    return x.shape[-1] <= WIDEST.get(factor, 0) and not any(factor * length % 4 for length in x.shape[1:3])


def classify(
    x: torch.Tensor,
    factor: int,
    enlarge: nn.Linear,
    after: nn.LayerNorm,
    classes: nn.Linear,
    shape: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As `plain.classify` for what `fits`."""
    batch, rows, columns, width = x.shape
    height, across = shape
    numbers, inner = classes.weight.shape
    channel = torch.empty(batch, height, across, dtype=torch.uint8, device=x.device)
    sure = torch.empty_like(channel)
    means = channel.new_empty(batch, numbers, triton.cdiv(height, 4), triton.cdiv(across, 4))
    tokens, block_r = batch * rows * columns, 128 if width <= 128 else 64
    block_q, block_k = (max(16, triton.next_power_of_2(number)) for number in (inner, numbers))
    with on_device(x):
        _classify[(triton.cdiv(tokens, block_r),)](
            x.contiguous(), enlarge.weight.to(x.dtype), after.weight, after.bias, classes.weight, classes.bias,
            channel, sure, means, tokens, rows, columns, height, across, after.eps,
            width, factor, inner, numbers, *parts(width), block_r, block_q, block_k, num_warps=4,
            num_stages=3 if width <= 128 else 2,
        )  # fmt: skip
    return channel, sure, means


@triton.jit
def _byte(value):
    """0..1 as 0..255; what is no number becomes 0."""
    return tl.floor(tl.where(value >= 0, value, 0.0) * 255 + 0.5).to(tl.uint8)


@triton.jit
def _place(cell, rows, columns):
    """The row, the column and the image of a cell."""
    return (cell // columns) % rows, cell % columns, (cell // (columns * rows)).to(tl.int64)


@triton.jit(do_not_specialize=["tokens", "rows", "columns", "height", "across"])
def _classify(
    x, enlarge, weight, bias, class_weight, class_bias, channels, sure, means,
    tokens, rows, columns, height, across, eps,
    width: tl.constexpr, factor: tl.constexpr, inner: tl.constexpr, classes: tl.constexpr,
    part_a: tl.constexpr, part_b: tl.constexpr, block_r: tl.constexpr, block_q: tl.constexpr, block_k: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    side: tl.constexpr = 4 // factor
    number = tl.program_id(0) * block_r + tl.arange(0, block_r)
    cell, part = number // (side * side), number % (side * side)
    row, column, image = _place(cell, rows // side, columns // side)
    row, column = row * side + part // side, column * side + part % side
    place = x + ((image * rows + row) * columns + column)[:, None] * width
    known = (number < tokens)[:, None]
    a, q, label = tl.arange(0, part_a), tl.arange(0, block_q), tl.arange(0, block_k)
    x_a = tl.load(place + a[None, :], mask=known & (a < width)[None, :], other=0.0)
    if part_b > 0:
        b = part_a + tl.arange(0, part_b)
        x_b = tl.load(place + b[None, :], mask=known & (b < width)[None, :], other=0.0)
    gain, shift = vector(weight, q, inner), vector(bias, q, inner)
    by_class = tl.trans(class_weights(class_weight, classes, inner, block_k, block_q).to(dtype))
    class_shift = vector(class_bias, label, classes)
    total = tl.zeros((block_r, block_k), tl.float32)
    for pixel in range(factor * factor):
        wide = enlarge + pixel * inner * width
        value = tl.dot(x_a, turned(wide, a, q, width, inner), input_precision="ieee")
        if part_b > 0:
            value += tl.dot(x_b, turned(wide, b, q, width, inner), input_precision="ieee")
        value, _ = standardise(value, q < inner, eps, inner)
        scores = tl.dot((value * gain + shift).to(dtype), by_class, input_precision="ieee") + class_shift
        scores = tl.where((label < classes)[None, :], scores, float("-inf"))
        chances = tl.exp(scores - tl.max(scores, 1)[:, None])
        chances = chances / tl.sum(chances, 1)[:, None]
        y, z = row * factor + pixel // factor, column * factor + pixel % factor
        seen = (y < height) & (z < across) & (number < tokens)
        at = (image * height + y) * across + z
        tl.store(channels + at, tl.argmax(scores, 1).to(tl.uint8), mask=seen)
        tl.store(sure + at, _byte(tl.max(chances, 1)), mask=seen)
        total += tl.where(seen[:, None], chances, 0.0)
    if side > 1:
        total = tl.sum(tl.reshape(total, (block_r // (side * side), side * side, block_k)), 1)
        cell = tl.program_id(0) * (block_r // (side * side)) + tl.arange(0, block_r // (side * side))
    row, column, image = _place(cell, rows // side, columns // side)
    cells_y, cells_x = (height + 3) // 4, (across + 3) // 4
    pixels = tl.minimum(height - row * 4, 4) * tl.minimum(across - column * 4, 4)
    seen = (row < cells_y) & (column < cells_x) & (cell * side * side < tokens)
    at = ((image * classes)[:, None] + label[None, :]) * cells_y + row[:, None]
    at = at * cells_x + column[:, None]
    tl.store(means + at, _byte(total / pixels.to(tl.float32)[:, None]), mask=seen[:, None] & (label < classes)[None, :])
