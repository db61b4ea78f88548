"""The training loss and its gradient in three launches: sums over all pixels, what follows from them, the gradient.

`model.losses` defines what is computed. Logits are read twice and their gradient is written once; nothing else of that
size is stored.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.launch import PROGRAMS, on_device, rows_of, warps_of


class SegmentationLoss(torch.autograd.Function):
    """Logits (B, C, H, W), any strides; target (B, H, W) of whole numbers, 255 for untouched; weights (C,) or None."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None
    ) -> torch.Tensor:
        logits = logits.permute(0, 2, 3, 1)
        logits = logits if logits.stride(-1) == 1 else logits.contiguous()
        target, classes = target.contiguous(), logits.shape[-1]
        weights = None if weights is None else weights.float().contiguous()
        block_c, block_r = _tile(classes)
        programs = max(1, min(PROGRAMS, triton.cdiv(target.numel(), block_r)))
        partials = logits.new_empty(programs, 4, block_c, dtype=torch.float32)
        slopes = logits.new_empty(3, block_c, dtype=torch.float32)
        loss = logits.new_empty((), dtype=torch.float32)
        with on_device(logits):
            _sums[(programs,)](
                logits, target, partials, target.numel(), *_places(logits), classes, block_r, block_c,
                num_warps=warps_of(block_r * block_c),
            )  # fmt: skip
            rows = max(1, 1024 // block_c)
            _settle[(1,)](partials, weights, slopes, loss, programs, weights is not None, classes, rows, block_c)
        ctx.save_for_backward(logits, target, slopes)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        logits, target, slopes = ctx.saved_tensors
        classes = logits.shape[-1]
        block_c, block_r = _tile(classes)
        out = torch.empty(logits.shape, dtype=logits.dtype, device=logits.device)
        with on_device(logits):
            _gradient[(max(1, triton.cdiv(target.numel(), block_r)),)](
                logits, target, slopes, grad.contiguous(), out, target.numel(), *_places(logits),
                classes, block_r, block_c, num_warps=warps_of(block_r * block_c),
            )  # fmt: skip
        return out.permute(0, 3, 1, 2), None, None


def _tile(classes: int) -> tuple[int, int]:
    """Columns for the classes, and pixels that go with them."""
    block_c = triton.next_power_of_2(classes)
    return block_c, rows_of(block_c)


def _places(logits: torch.Tensor) -> tuple[int, ...]:
    """What `_read` needs to find a pixel of (B, H, W, C)."""
    return logits.shape[1], logits.shape[2], *logits.stride()[:3]


@triton.jit
def _read(
    logits, target, pixel, pixels, height, width, stride_b, stride_h, stride_w,
    classes: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    """Which of the pixels are labelled, their log-probabilities, and a one in the column of each one's channel."""
    column = tl.arange(0, block_c)
    inside = pixel < pixels
    place = (pixel // (height * width)).to(tl.int64) * stride_b
    place += (pixel // width % height).to(tl.int64) * stride_h + (pixel % width).to(tl.int64) * stride_w
    channel = tl.load(target + pixel, mask=inside, other=255).to(tl.int32)
    known = channel != 255
    mask = known[:, None] & (column < classes)
    value = tl.load(logits + place[:, None] + column, mask=mask, other=0.0).to(tl.float32)
    value = tl.where(column < classes, value, float("-inf"))
    value -= tl.max(value, 1)[:, None]
    value -= tl.log(tl.sum(tl.exp(value), 1))[:, None]
    return known, value, channel[:, None] == column


@triton.jit(do_not_specialize=["pixels", "height", "width", "stride_b", "stride_h", "stride_w"])
def _sums(
    logits, target, partials, pixels, height, width, stride_b, stride_h, stride_w,
    classes: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    """By class: probability where it is the truth, probability anywhere, labelled pixels, minus their log-probability."""
    program = tl.program_id(0)
    hit = tl.zeros((block_r, block_c), tl.float32)
    predicted = tl.zeros((block_r, block_c), tl.float32)
    count = tl.zeros((block_r, block_c), tl.float32)
    surprise = tl.zeros((block_r, block_c), tl.float32)
    for start in range(program * block_r, pixels, tl.num_programs(0) * block_r):
        pixel = start + tl.arange(0, block_r)
        known, value, truth = _read(
            logits, target, pixel, pixels, height, width, stride_b, stride_h, stride_w, classes, block_c
        )
        probability = tl.where(known[:, None], tl.exp(value), 0.0)
        hit += tl.where(truth, probability, 0.0)
        predicted += probability
        count += tl.where(truth, 1.0, 0.0)
        surprise -= tl.where(truth, value, 0.0)
    partials += program * 4 * block_c + tl.arange(0, block_c)
    tl.store(partials, tl.sum(hit, 0))
    tl.store(partials + block_c, tl.sum(predicted, 0))
    tl.store(partials + 2 * block_c, tl.sum(count, 0))
    tl.store(partials + 3 * block_c, tl.sum(surprise, 0))


@triton.jit
def _total(partials, programs, rows: tl.constexpr, block_c: tl.constexpr):
    total = tl.zeros((rows, block_c), tl.float32)
    for start in range(0, programs, rows):
        row = start + tl.arange(0, rows)
        place = row[:, None] * 4 * block_c + tl.arange(0, block_c)
        total += tl.load(partials + place, mask=(row < programs)[:, None], other=0.0)
    return tl.sum(total, 0)


@triton.jit(do_not_specialize=["programs"])
def _settle(
    partials, weights, slopes, loss, programs, weighted: tl.constexpr,
    classes: tl.constexpr, rows: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    """The loss; and by class how it changes with a hit, with a prediction, and with a labelled pixel's surprise."""
    column = tl.arange(0, block_c)
    hit = _total(partials, programs, rows, block_c)
    predicted = _total(partials + block_c, programs, rows, block_c)
    count = _total(partials + 2 * block_c, programs, rows, block_c)
    surprise = _total(partials + 3 * block_c, programs, rows, block_c)
    weight = tl.full((block_c,), 1.0, tl.float32)
    if weighted:
        weight = tl.load(weights + column, mask=column < classes, other=0.0)
    weight /= tl.maximum(tl.sum(weight * count, 0), 1e-6)
    present = tl.where(count > 0, 1.0, 0.0)
    share = present / tl.maximum(tl.sum(present, 0), 1.0)
    both = predicted + count + 1
    score = (2 * hit + 1) / both
    tl.store(loss, tl.sum(weight * surprise, 0) + tl.sum((1 - score) * share, 0))
    tl.store(slopes + column, -2 / both * share)
    tl.store(slopes + block_c + column, score / both * share)
    tl.store(slopes + 2 * block_c + column, weight)


@triton.jit(do_not_specialize=["pixels", "height", "width", "stride_b", "stride_h", "stride_w"])
def _gradient(
    logits, target, slopes, grad, out, pixels, height, width, stride_b, stride_h, stride_w,
    classes: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr,
):  # fmt: skip
    column = tl.arange(0, block_c)
    pixel = tl.program_id(0) * block_r + tl.arange(0, block_r)
    known, value, truth = _read(
        logits, target, pixel, pixels, height, width, stride_b, stride_h, stride_w, classes, block_c
    )
    upstream = tl.load(grad)
    on_hit = tl.load(slopes + column)
    on_predicted = tl.load(slopes + block_c + column)
    weight = tl.sum(tl.where(truth, tl.load(slopes + 2 * block_c + column), 0.0), 1)
    probability = tl.exp(value)
    slope = on_predicted + tl.where(truth, on_hit, 0.0)
    dice = probability * (slope - tl.sum(probability * slope, 1)[:, None])
    entropy = weight[:, None] * (probability - tl.where(truth, 1.0, 0.0))
    result = tl.where(known[:, None], (dice + entropy) * upstream, 0.0)
    place = pixel.to(tl.int64)[:, None] * classes + column
    mask = (pixel < pixels)[:, None] & (column < classes)
    tl.store(out + place, result.to(out.dtype.element_ty), mask=mask)
