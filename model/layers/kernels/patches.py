"""Images to tokens: normalised, each 4x4 patch one token, and its norm, in one pass."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, sum_rows
from model.layers.kernels.norm import standardise, standardise_gradient

WIDEST = 512
"""Channels whose products one program can hold."""


class Embed(torch.autograd.Function):
    """images (B, 1 or 3, H, W) -> tokens (B, *shape, C); beyond an image's edge its last row and column repeat.

    The backward reads the images again and saves nothing else; images have no gradient.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        images: torch.Tensor,
        mean: torch.Tensor,
        std: torch.Tensor,
        kernel: torch.Tensor,
        kernel_bias: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        eps: float,
        shape: tuple[int, int],
        dtype: torch.dtype,
    ) -> torch.Tensor:
        out = images.new_empty(len(images), *shape, len(weight), dtype=dtype)
        tokens, block_r, sizes = _layout(images, shape, out)
        kernel = kernel.to(dtype)
        with on_device(images):
            _forward[(triton.cdiv(tokens, block_r),)](
                images, mean, std, kernel, kernel_bias, weight, bias, out, *sizes[:-3], eps, *sizes[-3:], num_warps=4
            )
        ctx.save_for_backward(images, mean, std, kernel, kernel_bias, weight)
        ctx.rest = eps, shape
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        images, mean, std, kernel, kernel_bias, weight = ctx.saved_tensors
        eps, shape = ctx.rest
        tokens, block_r, sizes = _layout(images, shape, grad)
        programs = min(PROGRAMS, triton.cdiv(tokens, block_r))
        partials = grad.new_empty(programs, 51, len(weight), dtype=torch.float32)
        with on_device(images):
            _backward[(programs,)](
                images, mean, std, kernel, kernel_bias, weight, grad.contiguous(), partials, *sizes[:-3], eps,
                *sizes[-3:], num_warps=4,
            )  # fmt: skip
        sums = sum_rows(partials)
        return None, None, None, sums[:48].t().reshape(kernel.shape), *sums[48:], None, None, None


def _layout(images: torch.Tensor, shape: tuple[int, int], out: torch.Tensor) -> tuple[int, int, tuple[int, ...]]:
    """Tokens, tokens of a tile, and the kernels' sizes: the images' strides and sides, the tokens, the tile."""
    batch, planes, height, across = images.shape
    steps = images.stride(0), images.stride(1) if planes == 3 else 0, images.stride(2), images.stride(3)
    width = out.shape[-1]
    block_c, tokens = max(16, triton.next_power_of_2(width)), batch * shape[0] * shape[1]
    block_r = max(16, min(32, 4096 // block_c))
    return tokens, block_r, (*steps, height, across, tokens, *shape, width, block_r, block_c)


_SIZES = ["step_b", "step_p", "step_y", "height", "across", "tokens", "down", "right"]


@triton.jit
def _patch(images, mean, std, kernel, plane: tl.constexpr, step_b, step_p, step_y, step_x, height, across,
           token, tokens, down, right, channel, width: tl.constexpr, dtype: tl.constexpr):  # fmt: skip
    """A plane's normalised patches (tokens, 16), and what the convolution weighs them with, (16, channels)."""
    pixel = tl.arange(0, 16)
    y = tl.minimum(((token // right) % down)[:, None] * 4 + pixel // 4, height - 1)
    x = tl.minimum((token % right)[:, None] * 4 + pixel % 4, across - 1)
    image = (token // (right * down)).to(tl.int64)[:, None] * step_b + plane * step_p
    place = image + y.to(tl.int64) * step_y + x * step_x
    value = tl.load(images + place, mask=(token < tokens)[:, None], other=0.0).to(tl.float32)
    if images.dtype.element_ty == tl.uint8:
        value = value / 255.0
    value = (value - tl.load(mean + plane).to(tl.float32)) / tl.load(std + plane).to(tl.float32)
    taps = kernel + channel[None, :] * 48 + plane * 16 + pixel[:, None]
    return value.to(dtype), tl.load(taps, mask=(channel < width)[None, :], other=0.0).to(dtype)


@triton.jit(do_not_specialize=_SIZES)
def _forward(
    images, mean, std, kernel, kernel_bias, weight, bias, out,
    step_b, step_p, step_y, step_x, height, across, tokens, down, right, eps,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block_r + tl.arange(0, block_r)
    channel = tl.arange(0, block_c)
    inside = channel < width
    value = tl.zeros((block_r, block_c), tl.float32)
    for plane in tl.static_range(3):
        patch, taps = _patch(images, mean, std, kernel, plane, step_b, step_p, step_y, step_x, height, across, token,
                             tokens, down, right, channel, width, out.dtype.element_ty)  # fmt: skip
        value += tl.dot(patch, taps, input_precision="ieee")
    value += tl.load(kernel_bias + channel, mask=inside, other=0.0).to(tl.float32)
    scaled, _ = standardise(value, inside, eps, width)
    gain = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    shift = tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
    place = token.to(tl.int64)[:, None] * width + channel
    result = (scaled * gain + shift).to(out.dtype.element_ty)
    tl.store(out + place, result, mask=(token < tokens)[:, None] & inside)


@triton.jit(do_not_specialize=_SIZES)
def _backward(
    images, mean, std, kernel, kernel_bias, weight, grad, partials,
    step_b, step_p, step_y, step_x, height, across, tokens, down, right, eps,
    width: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = kernel.dtype.element_ty
    program = tl.program_id(0)
    channel = tl.arange(0, block_c)
    inside = channel < width
    gain = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    start_value = tl.load(kernel_bias + channel, mask=inside, other=0.0).to(tl.float32)
    sum0 = tl.zeros((16, block_c), tl.float32)
    sum1 = tl.zeros((16, block_c), tl.float32)
    sum2 = tl.zeros((16, block_c), tl.float32)
    bias_sum = tl.zeros((block_c,), tl.float32)
    gain_sum = tl.zeros((block_c,), tl.float32)
    shift_sum = tl.zeros((block_c,), tl.float32)
    for start in range(program * block_r, tokens, tl.num_programs(0) * block_r):
        token = start + tl.arange(0, block_r)
        patch0, taps0 = _patch(images, mean, std, kernel, 0, step_b, step_p, step_y, step_x, height, across, token,
                               tokens, down, right, channel, width, dtype)  # fmt: skip
        patch1, taps1 = _patch(images, mean, std, kernel, 1, step_b, step_p, step_y, step_x, height, across, token,
                               tokens, down, right, channel, width, dtype)  # fmt: skip
        patch2, taps2 = _patch(images, mean, std, kernel, 2, step_b, step_p, step_y, step_x, height, across, token,
                               tokens, down, right, channel, width, dtype)  # fmt: skip
        value = tl.dot(patch0, taps0, input_precision="ieee") + start_value
        value += tl.dot(patch1, taps1, input_precision="ieee")
        value += tl.dot(patch2, taps2, input_precision="ieee")
        scaled, scale = standardise(value, inside, eps, width)
        place = token.to(tl.int64)[:, None] * width + channel
        above = tl.load(grad + place, mask=(token < tokens)[:, None] & inside, other=0.0).to(tl.float32)
        gain_sum += tl.sum(above * scaled, 0)
        shift_sum += tl.sum(above, 0)
        result = standardise_gradient(above * gain, scaled, scale, width)
        bias_sum += tl.sum(result, 0)
        result = result.to(dtype)
        sum0 += tl.dot(tl.trans(patch0), result, input_precision="ieee")
        sum1 += tl.dot(tl.trans(patch1), result, input_precision="ieee")
        sum2 += tl.dot(tl.trans(patch2), result, input_precision="ieee")
    partials += program * 51 * width + channel
    pixel = tl.arange(0, 16)[:, None] * width
    tl.store(partials[None, :] + pixel, sum0, mask=inside[None, :])
    tl.store(partials[None, :] + 16 * width + pixel, sum1, mask=inside[None, :])
    tl.store(partials[None, :] + 32 * width + pixel, sum2, mask=inside[None, :])
    tl.store(partials + 48 * width, bias_sum, mask=inside)
    tl.store(partials + 49 * width, gain_sum, mask=inside)
    tl.store(partials + 50 * width, shift_sum, mask=inside)
