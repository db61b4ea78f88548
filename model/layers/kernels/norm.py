"""Layer norm in one pass, with what comes right before or after it: a sum, or another order of the tokens."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, rows_of, sum_rows, warps_of

WIDEST = 8192
"""Channels that one program can hold."""
ROWS, MERGED, EXPANDED = 0, 1, 2
"""Order of the tokens: as they are; four neighbours as one; one as factor x factor neighbours."""


class Norm(torch.autograd.Function):
    """(x + y, its norm), or with `y` None (None, the norm of x). The backward reads x again and saves nothing else.

    `order` says how tokens go from x (B, h, w, C) to the result; for MERGED and EXPANDED `y` is None.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        y: torch.Tensor | None,
        weight: torch.Tensor,
        bias: torch.Tensor,
        eps: float,
        order: int,
        factor: int,
        dtype: torch.dtype,
    ) -> tuple[torch.Tensor | None, torch.Tensor]:
        x = x.contiguous()
        total = None if y is None else torch.empty_like(x, dtype=dtype)
        out = x.new_empty(_shape_after(x, order, factor), dtype=dtype)
        launch_norm(x, y, weight, bias, total, out, eps, order, factor)
        ctx.save_for_backward(x if y is None else total, weight)
        ctx.rest = eps, order, factor
        return total, out

    @staticmethod
    @once_differentiable
    def backward(
        ctx: FunctionCtx, grad_total: torch.Tensor | None, grad: torch.Tensor
    ) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        grad_x, *others = norm_gradients(x, weight, grad_total, grad, *ctx.rest)
        return grad_x, None if grad_total is None else grad_x, *others, None, None, None, None


def launch_norm(
    x: torch.Tensor,
    y: torch.Tensor | None,
    weight: torch.Tensor,
    bias: torch.Tensor,
    total: torch.Tensor | None,
    out: torch.Tensor,
    eps: float,
    order: int = ROWS,
    factor: int = 1,
    extra: torch.Tensor | None = None,
) -> None:
    """`extra` (C,) is added to what is stored in `total`, after the norm."""
    width = len(weight)
    block_c = triton.next_power_of_2(width)
    block_r, rows = rows_of(block_c), x.numel() // width
    with on_device(x):
        _forward[(triton.cdiv(rows, block_r),)](
            x, y, weight, bias, extra, total, out, rows, _across(x, order), eps,
            y is not None, extra is not None, order, factor, width, block_r, block_c, num_warps=warps_of(block_r * block_c),
        )  # fmt: skip


def norm_gradients(
    x: torch.Tensor,
    weight: torch.Tensor,
    grad_total: torch.Tensor | None,
    grad: torch.Tensor,
    eps: float,
    order: int = ROWS,
    factor: int = 1,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradients of x, of weight and of bias, the latter two float32."""
    width = len(weight)
    block_c = triton.next_power_of_2(width)
    block_r, rows = rows_of(block_c), x.numel() // width
    programs = min(PROGRAMS, triton.cdiv(rows, block_r))
    grad_x, partials = torch.empty_like(x), x.new_empty(programs, 2, width, dtype=torch.float32)
    grad, grad_total = grad.contiguous(), None if grad_total is None else grad_total.contiguous()
    with on_device(x):
        _backward[(programs,)](
            x, weight, grad, grad_total, grad_x, partials, rows, _across(x, order), eps,
            grad_total is not None, order, factor, width, block_r, block_c, num_warps=warps_of(block_r * block_c),
        )  # fmt: skip
    return grad_x, *sum_rows(partials)


def _shape_after(x: torch.Tensor, order: int, factor: int) -> tuple[int, ...]:
    if order == ROWS:
        return tuple(x.shape)
    batch, height, across, width = x.shape
    if order == MERGED:
        return batch, height // 2, across // 2, 4 * width
    return batch, height * factor, across * factor, width // factor**2


def _across(x: torch.Tensor, order: int) -> int:
    return x.shape[-2] // 2 if order == MERGED else x.shape[-2]


@triton.jit
def places(row, column, across, order: tl.constexpr, factor: tl.constexpr, width: tl.constexpr):
    """Where channel `column` of token `row` lies before and after: in both, tokens are counted where they are small
    (EXPANDED: before, but each of the factor x factor by itself; MERGED: after).
    """
    plain = row.to(tl.int64)[:, None] * width + column
    if order == 1:
        upper = (row // across).to(tl.int64) * 4 * across + (row % across) * 2
        half: tl.constexpr = width // 2
        quarter: tl.constexpr = width // 4
        inside = (column // half) * (2 * across) * quarter + column % half
        return upper[:, None] * quarter + inside, plain
    if order == 2:
        token = row // (factor * factor)
        part = row % (factor * factor)
        line = (token // across).to(tl.int64) * factor + part // factor
        after = line * (across * factor) + (token % across) * factor + part % factor
        return plain, after[:, None] * width + column
    return plain, plain


@triton.jit(do_not_specialize=["rows", "across"])
def _forward(
    x, y, weight, bias, extra, total, out, rows, across, eps,
    add: tl.constexpr, add_extra: tl.constexpr, order: tl.constexpr, factor: tl.constexpr,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0) * block_r + tl.arange(0, block_r)
    column = tl.arange(0, block_c)
    inside = column < width
    mask = (row < rows)[:, None] & inside
    before, after = places(row, column, across, order, factor, width)
    value = tl.load(x + before, mask=mask, other=0.0).to(tl.float32)
    if add:
        value += tl.load(y + before, mask=mask, other=0.0).to(tl.float32)
        value = value.to(total.dtype.element_ty).to(tl.float32)
        stored = value
        if add_extra:
            stored += tl.load(extra + column, mask=inside, other=0.0).to(tl.float32)
        tl.store(total + before, stored.to(total.dtype.element_ty), mask=mask)
    scaled, _ = standardise(value, inside, eps, width)
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + column, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + after, (scaled * gain + shift).to(out.dtype.element_ty), mask=mask)


@triton.jit
def standardise(value, inside, eps, width: tl.constexpr):
    """Rows of mean 0 and variance 1, and the 1 / deviation of each; columns outside are 0."""
    value = tl.where(inside, value - (tl.sum(value, 1) / width)[:, None], 0.0)
    scale = 1.0 / tl.sqrt(tl.sum(value * value, 1) / width + eps)
    return value * scale[:, None], scale


@triton.jit
def standardise_gradient(grad, scaled, scale, width: tl.constexpr):
    """The gradient of what `standardise` was given; columns outside must be 0 in `grad` and `scaled`, and are not in
    the result.
    """
    along = tl.sum(grad * scaled, 1) / width
    mean = tl.sum(grad, 1) / width
    return (grad - mean[:, None] - scaled * along[:, None]) * scale[:, None]


@triton.jit(do_not_specialize=["rows", "across"])
def _backward(
    x, weight, grad, grad_total, grad_x, partials, rows, across, eps,
    add: tl.constexpr, order: tl.constexpr, factor: tl.constexpr,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    program = tl.program_id(0)
    column = tl.arange(0, block_c)
    inside = column < width
    gain = tl.load(weight + column, mask=inside, other=0.0).to(tl.float32)
    gain_sum = tl.zeros((block_r, block_c), tl.float32)
    shift_sum = tl.zeros((block_r, block_c), tl.float32)
    for start in range(program * block_r, rows, tl.num_programs(0) * block_r):
        row = start + tl.arange(0, block_r)
        mask = (row < rows)[:, None] & inside
        before, after = places(row, column, across, order, factor, width)
        scaled, scale = standardise(tl.load(x + before, mask=mask, other=0.0).to(tl.float32), inside, eps, width)
        down = tl.load(grad + after, mask=mask, other=0.0).to(tl.float32)
        gain_sum += down * scaled
        shift_sum += down
        result = standardise_gradient(down * gain, scaled, scale, width)
        if add:
            result += tl.load(grad_total + before, mask=mask, other=0.0).to(tl.float32)
        tl.store(grad_x + before, result.to(grad_x.dtype.element_ty), mask=mask)
    partials += program * 2 * width + column
    tl.store(partials, tl.sum(gain_sum, 0), mask=inside)
    tl.store(partials + width, tl.sum(shift_sum, 0), mask=inside)
