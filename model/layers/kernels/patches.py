"""Images to tokens: normalised, each patch one token, and its norm, in one pass."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, sum_rows
from model.layers.kernels.norm import standardise, standardise_gradient

WIDEST = 256
"""Channels whose products one program can hold."""
SIDES = ((2, 2), (4, 4))
"""Patches in pixels, as a convolution names them."""


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
        kernel = kernel.to(dtype)
        tokens, block_r, sizes, tile = _layout(images, shape, kernel)
        with on_device(images):
            _forward[(triton.cdiv(tokens, block_r),)](
                images, mean, std, kernel, kernel_bias, weight, bias, out, *sizes, eps, *tile, num_warps=4
            )
        ctx.save_for_backward(images, mean, std, kernel, kernel_bias, weight)
        ctx.rest = eps, shape
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        images, mean, std, kernel, kernel_bias, weight = ctx.saved_tensors
        eps, shape = ctx.rest
        tokens, block_r, sizes, tile = _layout(images, shape, kernel)
        programs, taps = min(PROGRAMS, triton.cdiv(tokens, block_r)), kernel[0].numel()
        partials = grad.new_empty(programs, taps + 3, len(weight), dtype=torch.float32)
        with on_device(images):
            _backward[(programs,)](
                images, mean, std, kernel, kernel_bias, weight, grad.contiguous(), partials, *sizes, eps, *tile,
                num_warps=4,
            )  # fmt: skip
        sums = sum_rows(partials)
        return None, None, None, sums[:taps].t().reshape(kernel.shape), *sums[taps:], None, None, None


def _layout(
    images: torch.Tensor, shape: tuple[int, int], kernel: torch.Tensor
) -> tuple[int, int, tuple[int, ...], tuple[int, ...]]:
    """Tokens, tokens of a tile, the kernels' sizes (the images' strides and sides, the tokens), and the tile: channels,
    a patch's side, and the powers of two that hold a tile's tokens, the numbers of a patch and the channels.
    """
    batch, planes, height, across = images.shape
    steps = images.stride(0), images.stride(1) if planes == 3 else 0, images.stride(2), images.stride(3)
    width, tokens = len(kernel), batch * shape[0] * shape[1]
    block_k, block_c = (max(16, triton.next_power_of_2(number)) for number in (kernel[0].numel(), width))
    block_r = max(16, min(32, 4096 // block_c))
    tile = width, kernel.shape[-1], block_r, block_k, block_c
    return tokens, block_r, (*steps, height, across, tokens, *shape), tile


_SIZES = ["step_b", "step_p", "step_y", "height", "across", "tokens", "down", "right"]


@triton.jit
def _patches(images, mean, std, step_b, step_p, step_y, step_x, height, across, token, tokens, down, right,
             side: tl.constexpr, block_k: tl.constexpr, dtype: tl.constexpr):  # fmt: skip
    """Normalised patches (tokens, block_k): plane by plane, row by row, then zeros."""
    area: tl.constexpr = side * side
    tap = tl.arange(0, block_k)
    known = tap < 3 * area
    plane, pixel = tap // area, tap % area
    y = tl.minimum(((token // right) % down)[:, None] * side + pixel // side, height - 1)
    x = tl.minimum((token % right)[:, None] * side + pixel % side, across - 1)
    image = (token // (right * down)).to(tl.int64)[:, None] * step_b + plane * step_p
    place = image + y.to(tl.int64) * step_y + x * step_x
    value = tl.load(images + place, mask=(token < tokens)[:, None] & known, other=0.0).to(tl.float32)
    if images.dtype.element_ty == tl.uint8:
        value = value / 255.0
    middle = tl.load(mean + plane, mask=known, other=0.0).to(tl.float32)
    value = (value - middle) / tl.load(std + plane, mask=known, other=1.0).to(tl.float32)
    return tl.where(known, value, 0.0).to(dtype)


@triton.jit
def _taps(kernel, channel, width: tl.constexpr, side: tl.constexpr, block_k: tl.constexpr):
    """What the convolution weighs a patch with, (block_k, channels)."""
    count: tl.constexpr = 3 * side * side
    tap = tl.arange(0, block_k)[:, None]
    return tl.load(kernel + channel * count + tap, mask=(tap < count) & (channel < width), other=0.0)


@triton.jit(do_not_specialize=_SIZES)
def _forward(
    images, mean, std, kernel, kernel_bias, weight, bias, out,
    step_b, step_p, step_y, step_x, height, across, tokens, down, right, eps,
    width: tl.constexpr, side: tl.constexpr, block_r: tl.constexpr, block_k: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    token = tl.program_id(0) * block_r + tl.arange(0, block_r)
    channel = tl.arange(0, block_c)
    inside = channel < width
    patch = _patches(images, mean, std, step_b, step_p, step_y, step_x, height, across, token, tokens, down, right,
                     side, block_k, out.dtype.element_ty)  # fmt: skip
    value = tl.dot(patch, _taps(kernel, channel, width, side, block_k), input_precision="ieee")
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
    width: tl.constexpr, side: tl.constexpr, block_r: tl.constexpr, block_k: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    dtype: tl.constexpr = kernel.dtype.element_ty
    count: tl.constexpr = 3 * side * side
    program = tl.program_id(0)
    channel = tl.arange(0, block_c)
    inside = channel < width
    gain = tl.load(weight + channel, mask=inside, other=0.0).to(tl.float32)
    start_value = tl.load(kernel_bias + channel, mask=inside, other=0.0).to(tl.float32)
    taps = _taps(kernel, channel, width, side, block_k)
    kernel_sum = tl.zeros((block_k, block_c), tl.float32)
    bias_sum = tl.zeros((block_c,), tl.float32)
    gain_sum = tl.zeros((block_c,), tl.float32)
    shift_sum = tl.zeros((block_c,), tl.float32)
    for start in range(program * block_r, tokens, tl.num_programs(0) * block_r):
        token = start + tl.arange(0, block_r)
        patch = _patches(images, mean, std, step_b, step_p, step_y, step_x, height, across, token, tokens, down, right,
                         side, block_k, dtype)  # fmt: skip
        value = tl.dot(patch, taps, input_precision="ieee") + start_value
        scaled, scale = standardise(value, inside, eps, width)
        place = token.to(tl.int64)[:, None] * width + channel
        above = tl.load(grad + place, mask=(token < tokens)[:, None] & inside, other=0.0).to(tl.float32)
        gain_sum += tl.sum(above * scaled, 0)
        shift_sum += tl.sum(above, 0)
        result = standardise_gradient(above * gain, scaled, scale, width)
        bias_sum += tl.sum(result, 0)
        kernel_sum += tl.dot(tl.trans(patch), result.to(dtype), input_precision="ieee")
    partials += program * (count + 3) * width + channel
    tap = tl.arange(0, block_k)[:, None]
    tl.store(partials[None, :] + tap * width, kernel_sum, mask=(tap < count) & inside)
    tl.store(partials + count * width, bias_sum, mask=inside)
    tl.store(partials + (count + 1) * width, gain_sum, mask=inside)
    tl.store(partials + (count + 2) * width, shift_sum, mask=inside)
