"""The depthwise 3x3 convolution, added to what came in, and the norm of that sum, in one pass."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, rows_of, warps_of
from model.layers.kernels.norm import norm_gradients, standardise


class Depthwise(torch.autograd.Function):
    """(x + convolution(x), its norm) for x (B, h, w, C). Kept for the backward: x and the sum."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        kernel: torch.Tensor,
        kernel_bias: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        eps: float,
        dtype: torch.dtype,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        x = x.contiguous()
        total, out = torch.empty_like(x, dtype=dtype), torch.empty_like(x, dtype=dtype)
        launch_depthwise(x, kernel, kernel_bias, weight, bias, total, out, eps)
        ctx.save_for_backward(x, total, kernel, weight)
        ctx.eps = eps
        return total, out

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad_total: torch.Tensor, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, total, kernel, weight = ctx.saved_tensors
        grad_total, *norm_grads = norm_gradients(total, weight, grad_total, grad, ctx.eps)
        grad_x, sums = _convolution_gradients(x, kernel, grad_total)
        return grad_x, sums[:9].t().reshape(kernel.shape), sums[9], *norm_grads, None, None


def launch_depthwise(
    x: torch.Tensor,
    kernel: torch.Tensor,
    kernel_bias: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    total: torch.Tensor,
    out: torch.Tensor,
    eps: float,
) -> None:
    height, across, width = x.shape[1:]
    block_c = triton.next_power_of_2(width)
    block_r, tokens = rows_of(block_c), x.numel() // width
    with on_device(x):
        _forward[(triton.cdiv(tokens, block_r),)](
            x, kernel, kernel_bias, weight, bias, total, out, tokens, height, across, eps,
            kernel.stride(0), kernel.stride(3), width, block_r, block_c, num_warps=warps_of(block_r * block_c),
        )  # fmt: skip


def _convolution_gradients(
    x: torch.Tensor, kernel: torch.Tensor, grad: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of x, and (10, C) float32: those of the nine weights and of the bias."""
    height, across, width = x.shape[1:]
    block_c = min(128, width & -width) if width % 16 == 0 else min(128, triton.next_power_of_2(width))
    block_r, tokens = rows_of(block_c, 1024), x.numel() // width
    programs = min(PROGRAMS, triton.cdiv(tokens, block_r))
    grad_x, partials = torch.empty_like(x), x.new_empty(programs, 10, width, dtype=torch.float32)
    with on_device(x):
        _backward[programs, triton.cdiv(width, block_c)](
            x, kernel, grad, grad_x, partials, tokens, height, across,
            kernel.stride(0), kernel.stride(3), width, block_r, block_c, num_warps=4,
        )  # fmt: skip
    return grad_x, partials.sum(0)


@triton.jit
def _neighbour(x, token, row, column, down: tl.constexpr, right: tl.constexpr, tokens, height, across, channel, inside,
               width: tl.constexpr):  # fmt: skip
    """What lies `down` rows and `right` columns from each token, zeros beyond the image."""
    seen = (row + down >= 0) & (row + down < height) & (column + right >= 0) & (column + right < across)
    place = (token + down * across + right).to(tl.int64)[:, None] * width + channel
    return tl.load(x + place, mask=(seen & (token < tokens))[:, None] & inside, other=0.0).to(tl.float32)


@triton.jit(do_not_specialize=["tokens", "height", "across"])
def _forward(
    x, kernel, kernel_bias, weight, bias, total, out, tokens, height, across, eps,
    channel_step: tl.constexpr, tap_step: tl.constexpr,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block_r + tl.arange(0, block_r)
    channel = tl.arange(0, block_c)
    inside = channel < width
    row, column = (token // across) % height, token % across
    value = tl.zeros((block_r, block_c), tl.float32)
    value += tl.load(kernel_bias + channel, mask=inside, other=0.0).to(tl.float32)
    for tap in tl.static_range(9):
        near = _neighbour(x, token, row, column, tap // 3 - 1, tap % 3 - 1, tokens, height, across, channel, inside,
                          width)  # fmt: skip
        part = tl.load(kernel + channel * channel_step + tap * tap_step, mask=inside, other=0.0).to(tl.float32)
        if tap == 4:
            part += 1.0
        value += near * part
    mask = (token < tokens)[:, None] & inside
    place = token.to(tl.int64)[:, None] * width + channel
    rounded = value.to(total.dtype.element_ty)
    tl.store(total + place, rounded, mask=mask)
    scaled, _ = standardise(rounded.to(tl.float32), inside, eps, width)
    gain = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + place, (scaled * gain + shift).to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["tokens", "height", "across"])
def _backward(
    x, kernel, grad, grad_x, partials, tokens, height, across,
    channel_step: tl.constexpr, tap_step: tl.constexpr,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    """A neighbour's gradient serves twice: with the tap that leads there for x, with x for that tap."""
    program = tl.program_id(0)
    channel = tl.program_id(1) * block_c + tl.arange(0, block_c)
    inside = channel < width
    sum0 = tl.zeros((block_r, block_c), tl.float32)
    sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, sum9 = sum0, sum0, sum0, sum0, sum0, sum0, sum0, sum0, sum0
    for start in range(program * block_r, tokens, tl.num_programs(0) * block_r):
        token = start + tl.arange(0, block_r)
        row, column = (token // across) % height, token % across
        mask = (token < tokens)[:, None] & inside
        place = token.to(tl.int64)[:, None] * width + channel
        value = tl.load(x + place, mask=mask, other=0.0).to(tl.float32)
        here = tl.load(grad + place, mask=mask, other=0.0).to(tl.float32)
        result = here
        for tap in tl.static_range(9):
            near = here
            if tap != 4:
                near = _neighbour(grad, token, row, column, 1 - tap // 3, 1 - tap % 3, tokens, height, across, channel,
                                  inside, width)  # fmt: skip
            part = tl.load(kernel + channel * channel_step + tap * tap_step, mask=inside, other=0.0).to(tl.float32)
            result += near * part
            product = value * near
            if tap == 0:
                sum0 += product
            elif tap == 1:
                sum1 += product
            elif tap == 2:
                sum2 += product
            elif tap == 3:
                sum3 += product
            elif tap == 4:
                sum4 += product
            elif tap == 5:
                sum5 += product
            elif tap == 6:
                sum6 += product
            elif tap == 7:
                sum7 += product
            else:
                sum8 += product
        sum9 += here
        tl.store(grad_x + place, result.to(grad_x.dtype.element_ty), mask=mask)
    partials += program * 10 * width + channel
    for tap in tl.static_range(10):
        tl.store(partials + tap * width, tl.sum((sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, sum9)[tap], 0),
                 mask=inside)  # fmt: skip
