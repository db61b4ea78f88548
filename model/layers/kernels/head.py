"""The last layer with gradients: each token's channels as factor x factor pixels, their norm, one score per class."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, sum_rows
from model.layers.kernels.norm import places, standardise, standardise_gradient


class Head(torch.autograd.Function):
    """x (B, h, w, factor^2 Q) -> scores (B, factor h, factor w, K); only x is kept for the backward."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        class_weight: torch.Tensor,
        class_bias: torch.Tensor,
        eps: float,
        factor: int,
    ) -> torch.Tensor:
        x = x.contiguous()
        batch, height, across, _ = x.shape
        classes, width = class_weight.shape
        out = x.new_empty(batch, height * factor, across * factor, classes)
        rows, block_r, tile = _layout(x, width, classes)
        with on_device(x):
            _forward[(triton.cdiv(rows, block_r),)](
                x, weight, bias, class_weight, class_bias, out, rows, across, eps, factor, width, classes, *tile,
                num_warps=4,
            )  # fmt: skip
        ctx.save_for_backward(x, weight, bias, class_weight)
        ctx.rest = eps, factor
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, bias, class_weight = ctx.saved_tensors
        eps, factor = ctx.rest
        classes, width = class_weight.shape
        rows, block_r, tile = _layout(x, width, classes)
        programs = min(PROGRAMS, triton.cdiv(rows, block_r))
        grad_x = torch.empty_like(x)
        partials = x.new_empty(programs, classes * width + classes + 2 * width, dtype=torch.float32)
        with on_device(x):
            _backward[(programs,)](
                x, weight, bias, class_weight, grad.contiguous(), grad_x, partials, rows, x.shape[2], eps,
                factor, width, classes, *tile, num_warps=4,
            )  # fmt: skip
        by_class, *others = sum_rows(partials).split([classes * width, classes, width, width])
        return grad_x, *others[1:], by_class.view(classes, width), others[0], None, None


def _layout(x: torch.Tensor, width: int, classes: int) -> tuple[int, int, tuple[int, int, int]]:
    """Pixels, pixels of a tile, and the tile's (pixels, channels, classes); a matrix product takes no fewer than 16."""
    block_c, block_k = (max(16, triton.next_power_of_2(number)) for number in (width, classes))
    block_r = max(16, min(64, 4096 // max(block_c, block_k)))
    return x.numel() // width, block_r, (block_r, block_c, block_k)


@triton.jit
def class_weights(weight, classes: tl.constexpr, width: tl.constexpr, block_k: tl.constexpr, block_c: tl.constexpr):
    """(classes, width), zeros outside."""
    row, column = tl.arange(0, block_k)[:, None], tl.arange(0, block_c)
    return tl.load(weight + row * width + column, mask=(row < classes) & (column < width), other=0.0)


@triton.jit(do_not_specialize=["rows", "across"])
def _forward(
    x, weight, bias, class_weight, class_bias, out, rows, across, eps,
    factor: tl.constexpr, width: tl.constexpr, classes: tl.constexpr,
    block_r: tl.constexpr, block_c: tl.constexpr, block_k: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    row = tl.program_id(0) * block_r + tl.arange(0, block_r)
    column, label = tl.arange(0, block_c), tl.arange(0, block_k)
    inside = column < width
    before, _ = places(row, column, across, 2, factor, width)
    value = tl.load(x + before, mask=(row < rows)[:, None] & inside, other=0.0).to(tl.float32)
    scaled, _ = standardise(value, inside, eps, width)
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    by_class = class_weights(class_weight, classes, width, block_k, block_c).to(dtype)
    scores = tl.dot((scaled * gain + shift).to(dtype), tl.trans(by_class), input_precision="ieee")
    scores += tl.load(class_bias + label, mask=label < classes, other=0.0).to(tl.float32)
    _, after = places(row, label, across, 2, factor, classes)
    tl.store(out + after, scores.to(dtype), mask=(row < rows)[:, None] & (label < classes))


@triton.jit(do_not_specialize=["rows", "across"])
def _backward(
    x, weight, bias, class_weight, grad, grad_x, partials, rows, across, eps,
    factor: tl.constexpr, width: tl.constexpr, classes: tl.constexpr,
    block_r: tl.constexpr, block_c: tl.constexpr, block_k: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = x.dtype.element_ty
    program = tl.program_id(0)
    column, label = tl.arange(0, block_c), tl.arange(0, block_k)
    inside = column < width
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    by_class = class_weights(class_weight, classes, width, block_k, block_c).to(dtype)
    class_sum = tl.zeros((block_k, block_c), tl.float32)
    label_sum = tl.zeros((block_k,), tl.float32)
    gain_sum = tl.zeros((block_c,), tl.float32)
    shift_sum = tl.zeros((block_c,), tl.float32)
    for start in range(program * block_r, rows, tl.num_programs(0) * block_r):
        row = start + tl.arange(0, block_r)
        mask = (row < rows)[:, None] & inside
        before, _ = places(row, column, across, 2, factor, width)
        scaled, scale = standardise(tl.load(x + before, mask=mask, other=0.0).to(tl.float32), inside, eps, width)
        _, after = places(row, label, across, 2, factor, classes)
        down = tl.load(grad + after, mask=(row < rows)[:, None] & (label < classes), other=0.0).to(dtype)
        class_sum += tl.dot(tl.trans(down), (scaled * gain + shift).to(dtype), input_precision="ieee")
        label_sum += tl.sum(down.to(tl.float32), 0)
        normed = tl.dot(down, by_class, input_precision="ieee")
        gain_sum += tl.sum(normed * scaled, 0)
        shift_sum += tl.sum(normed, 0)
        result = standardise_gradient(normed * gain, scaled, scale, width)
        tl.store(grad_x + before, result.to(dtype), mask=mask)
    partials += program * (classes * width + classes + 2 * width)
    place = label[:, None] * width + column
    tl.store(partials + place, class_sum, mask=(label < classes)[:, None] & inside)
    partials += classes * width
    tl.store(partials + label, label_sum, mask=label < classes)
    tl.store(partials + classes + column, gain_sum, mask=inside)
    tl.store(partials + classes + width + column, shift_sum, mask=inside)
