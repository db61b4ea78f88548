"""A whole block, a slab of tokens at a time: what lies between its norms, products and attention stays in the cache.

Tokens go in the order of the scan from the convolution on, so that a slab is always a few rows of memory.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from model.layers import plain
from model.layers.plain import BlockParts, norm
from model.layers.processor.attention import scan
from model.layers.processor.packed import can_pack, pack


def block(x: torch.Tensor, parts: BlockParts) -> torch.Tensor:
    """As `plain.block`."""
    slopes, direction, by_columns, form = parts.scan
    if form != "auto" or not can_pack(x, parts.qkv, parts.project, parts.first, parts.second):
        return plain.block(x, parts)
    x = x.clone(memory_format=torch.contiguous_format) if parts.local is None else near(x, parts.local)
    x = x.transpose(1, 2).contiguous() if by_columns else x
    for tokens in x.flatten(1, 2):
        _scan(tokens, parts, slopes, direction)
    return x.transpose(1, 2).contiguous() if by_columns else x


def near(x: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
    """x + layer(x), in one convolution."""
    weight = layer.weight.detach().clone()
    weight[:, :, 1, 1] += 1
    out = F.conv2d(x.permute(0, 3, 1, 2), weight, layer.bias, padding=1, groups=len(weight))
    return out.permute(0, 2, 3, 1).contiguous()


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool, form: str) -> torch.Tensor:
    """As `plain.attend`."""
    if form != "auto" or qkv.dtype != torch.float32:
        return plain.attend(qkv, slopes, direction, by_columns, form)
    qkv = qkv.transpose(1, 2) if by_columns else qkv
    out = qkv.new_empty(*qkv.shape[:3], qkv.shape[3] // 3)
    for tokens, results in zip(qkv.flatten(1, 2), out.flatten(1, 2), strict=True):
        qk, v = F.silu(tokens[:, : 2 * out.shape[3]]), tokens[:, 2 * out.shape[3] :]

        def load(place: slice, qk: torch.Tensor = qk, v: torch.Tensor = v) -> tuple[torch.Tensor, torch.Tensor]:
            return qk[place], v[place]

        def store(place: slice, y: torch.Tensor, results: torch.Tensor = results) -> None:
            results[place] = y

        scan(len(tokens), slopes, direction, out.shape[3] // len(slopes), load, store)
    return out.transpose(1, 2).contiguous() if by_columns else out


def _scan(tokens: torch.Tensor, parts: BlockParts, slopes: torch.Tensor, direction: str) -> None:
    """What follows the convolution, in the place of `tokens` (T, C)."""
    channels, before, after = tokens.shape[1], parts.before, parts.after
    qk, v = pack(parts.qkv, outputs=(0, 2 * channels)), pack(parts.qkv, outputs=(2 * channels, None))
    project, first, second = pack(parts.project), pack(parts.first), pack(parts.second)

    def load(place: slice) -> tuple[torch.Tensor, torch.Tensor]:
        normed = norm(tokens[place], before)
        return qk(normed, "silu"), v(normed)

    def store(place: slice, y: torch.Tensor) -> None:
        rows = tokens[place]
        rows += project(y)
        rows += second(first(norm(rows, after), "gelu"))

    scan(len(tokens), slopes, direction, channels // len(slopes), load, store)
