"""The depthwise 3x3 convolution, added to what came in, and the norm of that sum, in one pass."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, rows_of, sum_rows, warps_of
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
        _convolve(x, kernel, kernel_bias, weight, bias, total, out, eps)
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


def _convolve(
    x: torch.Tensor,
    kernel: torch.Tensor,
    kernel_bias: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor,
    total: torch.Tensor,
    out: torch.Tensor,
    eps: float,
) -> None:
    batch, height, across, width = x.shape
    block_c = triton.next_power_of_2(width)
    block_r = rows_of(block_c)
    strips = triton.cdiv(across, block_r)
    with on_device(x):
        _forward[(strips * height * batch,)](
            x, kernel, kernel_bias, weight, bias, total, out, strips, height, across, eps,
            kernel.stride(0), kernel.stride(3), width, block_r, block_c, num_warps=warps_of(block_r * block_c),
        )  # fmt: skip


def _convolution_gradients(
    x: torch.Tensor, kernel: torch.Tensor, grad: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The gradient of x, and (10, C) float32: those of the nine weights and of the bias."""
    batch, height, across, width = x.shape
    block_c = min(128, width & -width) if width % 16 == 0 else min(128, triton.next_power_of_2(width))
    block_r, parts = rows_of(block_c, 1024), triton.cdiv(width, block_c)
    strips = triton.cdiv(across, block_r)
    programs = max(1, min(PROGRAMS // parts, batch * strips * height // 4))
    grad_x, partials = torch.empty_like(x), x.new_empty(programs, 10, width, dtype=torch.float32)
    with on_device(x):
        _backward[programs, parts](
            x, kernel, grad, grad_x, partials, height, across, strips, batch * strips * height,
            kernel.stride(0), kernel.stride(3), width, block_r, block_c, num_warps=4,
        )  # fmt: skip
    return grad_x, sum_rows(partials)


@triton.jit
def _three(image, line, height, column, across, channel, inside, width: tl.constexpr):
    """What lies left of a line's tokens, the tokens, and what lies right of them; zeros beyond the image."""
    seen = (line >= 0) & (line < height)
    x = image + tl.cast(line * across, tl.int64) * width + (column[:, None] * width + channel)
    left = tl.load(x - width, mask=(seen & (column > 0) & (column <= across))[:, None] & inside, other=0.0)
    here = tl.load(x, mask=(seen & (column < across))[:, None] & inside, other=0.0)
    right = tl.load(x + width, mask=(seen & (column + 1 < across))[:, None] & inside, other=0.0)
    return left.to(tl.float32), here.to(tl.float32), right.to(tl.float32)


@triton.jit
def _weights(kernel, channel, inside, step_c: tl.constexpr, step_t: tl.constexpr, line: tl.constexpr):
    place = kernel + channel * step_c + 3 * line * step_t
    left = tl.load(place, mask=inside, other=0.0).to(tl.float32)
    here = tl.load(place + step_t, mask=inside, other=0.0).to(tl.float32)
    right = tl.load(place + 2 * step_t, mask=inside, other=0.0).to(tl.float32)
    return left, here, right


@triton.jit
def place_of(program, strips, height, across, block_r: tl.constexpr):
    """The image, the line and the columns that a program works on: a part of one line needs no division by token."""
    column = program % strips * block_r + tl.arange(0, block_r)
    return program // (strips * height), program // strips % height, column


@triton.jit
def convolved(
    x, kernel, kernel_bias, image, line, height, column, across, channel, step_c: tl.constexpr, step_t: tl.constexpr,
    width: tl.constexpr,
):  # fmt: skip
    """x + its convolution, for some channels of some columns of a line, (columns, channels)."""
    inside = channel < width
    x += image.to(tl.int64) * height * across * width
    bias = tl.load(kernel_bias + channel, mask=inside, other=0.0).to(tl.float32)
    left, here, right = _three(x, line - 1, height, column, across, channel, inside, width)
    a, b, c = _weights(kernel, channel, inside, step_c, step_t, 0)
    value = left * a + bias
    value += here * b
    value += right * c
    left, here, right = _three(x, line, height, column, across, channel, inside, width)
    a, b, c = _weights(kernel, channel, inside, step_c, step_t, 1)
    value += left * a
    value += here * (b + 1.0)
    value += right * c
    left, here, right = _three(x, line + 1, height, column, across, channel, inside, width)
    a, b, c = _weights(kernel, channel, inside, step_c, step_t, 2)
    value += left * a
    value += here * b
    return value + right * c


@triton.jit(do_not_specialize=["strips", "height", "across"])
def _forward(
    x, kernel, kernel_bias, weight, bias, total, out, strips, height, across, eps,
    step_c: tl.constexpr, step_t: tl.constexpr, width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    image, line, column = place_of(tl.program_id(0), strips, height, across, block_r)
    channel = tl.arange(0, block_c)
    inside = channel < width
    value = convolved(x, kernel, kernel_bias, image, line, height, column, across, channel, step_c, step_t, width)
    mask = (column < across)[:, None] & inside
    place = ((image * height + line) * across + column).to(tl.int64)[:, None] * width + channel
    rounded = value.to(total.dtype.element_ty)
    tl.store(total + place, rounded, mask=mask)
    scaled, _ = standardise(rounded.to(tl.float32), inside, eps, width)
    gain = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + place, (scaled * gain + shift).to(out.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["height", "across", "strips", "units"])
def _backward(
    x, kernel, grad, grad_x, partials, height, across, strips, units,
    step_c: tl.constexpr, step_t: tl.constexpr, width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    """A neighbour's gradient serves twice: with the tap that leads there for x, with x for that tap.

    A unit is one line of a strip; a program takes units that lie one below the other.
    """
    program = tl.program_id(0)
    share = (units + tl.num_programs(0) - 1) // tl.num_programs(0)
    channel = tl.program_id(1) * block_c + tl.arange(0, block_c)
    inside = channel < width
    a0, a1, a2 = _weights(kernel, channel, inside, step_c, step_t, 0)
    b0, b1, b2 = _weights(kernel, channel, inside, step_c, step_t, 1)
    c0, c1, c2 = _weights(kernel, channel, inside, step_c, step_t, 2)
    zero = tl.zeros((block_r, block_c), tl.float32)
    sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, sum9 = (
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
        zero,
    )
    for unit in range(program * share, tl.minimum((program + 1) * share, units)):
        line, strip = unit % height, unit // height
        column = strip % strips * block_r + tl.arange(0, block_r)
        mask = (column < across)[:, None] & inside
        image = (strip // strips).to(tl.int64) * height * across * width
        place = image + (line * across + column).to(tl.int64)[:, None] * width + channel
        value = tl.load(x + place, mask=mask, other=0.0).to(tl.float32)
        left, here, right = _three(grad + image, line - 1, height, column, across, channel, inside, width)
        result = left * c2 + here * c1 + right * c0
        sum6 += value * right
        sum7 += value * here
        sum8 += value * left
        left, here, right = _three(grad + image, line, height, column, across, channel, inside, width)
        result += left * b2 + here * (b1 + 1.0) + right * b0
        sum3 += value * right
        sum4 += value * here
        sum5 += value * left
        sum9 += here
        left, here, right = _three(grad + image, line + 1, height, column, across, channel, inside, width)
        result += left * a2 + here * a1 + right * a0
        sum0 += value * right
        sum1 += value * here
        sum2 += value * left
        tl.store(grad_x + place, result.to(grad_x.dtype.element_ty), mask=mask)
    partials += program * 10 * width + channel
    sums = (sum0, sum1, sum2, sum3, sum4, sum5, sum6, sum7, sum8, sum9)
    for tap in tl.static_range(10):
        tl.store(partials + tap * width, tl.sum(sums[tap], 0), mask=inside)
