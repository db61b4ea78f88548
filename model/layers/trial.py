"""A trial of the fused layers: each once on a few tokens, so that a kernel that a GPU refuses is found out here."""

from __future__ import annotations

import torch
from torch import nn

from model.layers import fused
from model.precision import Precision

_STARTS = ((32, 2), (32, 4), (96, 4))
"""Widths of the first stage and sides of its tokens: the presets', so that most of what is compiled here is used later."""
_WIDE = 192
"""Beyond what the narrow kernels take."""
_LINES = (2, 64)
"""Few tokens and many have tiles of their own."""


def try_out(device: torch.device) -> None:
    """Run every layer, and its backward where gradients are on, in the type that the GPU will compute in.

    Raises what the compiler or the driver raises. Attention has a trial of its own.
    """
    backward, dtype = torch.is_grad_enabled(), Precision(device).dtype
    # Weights are drawn at random, which must change nothing outside.
    with torch.random.fork_rng([]), torch.autocast(device.type, dtype, dtype != torch.float32, cache_enabled=False):
        total = sum(_image(device, backward, *start).float().sum() for start in _STARTS)
        for lines in _LINES:
            x = torch.zeros(1, lines, 128, _WIDE, dtype=dtype, device=device, requires_grad=backward)
            total = total + _block(x).float().sum()
    if backward:
        with torch.autocast(device.type, enabled=False):  # whoever asks may be in another type's
            total.backward()


def _image(device: torch.device, backward: bool, width: int, patch: int) -> torch.Tensor:
    """From pixels through a stage, to a deeper one and back: logits (B, H, W, classes)."""
    images = torch.zeros(2, 1, 64, 64, device=device)
    mean = torch.zeros(3, 1, 1, device=device)
    convolution = nn.Conv2d(3, width, patch, stride=patch).to(device)
    skip = _block(fused.embed(images, mean, mean + 1, 8, convolution, _norm(width, device)))
    deep = fused.merge(skip, _norm(4 * width, device))
    deep = fused.linear(deep, _linear(4 * width, 4 * width, device))
    x = fused.rejoin(deep, 2, _norm(width, device), skip, _linear(2 * width, width, device))
    inner = width // patch
    last = _linear(width, patch**2 * inner, device), _norm(inner, device), _linear(inner, 2, device)
    if not backward:
        fused.classify(x, patch, *last, images.shape[2:])
    return fused.head(x, patch, *last)


def _block(x: torch.Tensor) -> torch.Tensor:
    width, device = x.shape[-1], x.device
    local = nn.Conv2d(width, width, 3, padding=1, groups=width).to(device)
    x, qkv = fused.enter(x, local, _norm(width, device), _linear(width, 3 * width, device))
    inside = _linear(width, 4 * width, device), _linear(4 * width, width, device)
    y = qkv[..., :width].contiguous()
    return fused.leave(x, y, _linear(width, width, device), _norm(width, device), *inside)


def _norm(width: int, device: torch.device) -> nn.LayerNorm:
    return nn.LayerNorm(width, device=device)


def _linear(width: int, out: int, device: torch.device) -> nn.Linear:
    return nn.Linear(width, out).to(device)
