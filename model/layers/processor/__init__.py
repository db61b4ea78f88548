"""The layers on a CPU without gradients: a few tokens at a time, so that what is inside stays in the cache.

Where weights cannot be packed (other types than float32, autocast) a layer is `plain`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from model.layers import plain
from model.layers.plain import add, depthwise, enter, leave, merge, mlp, norm
from model.layers.processor.blocks import attend, block
from model.layers.processor.packed import can_pack, pack

__all__ = [
    "add",
    "attend",
    "block",
    "classify",
    "depthwise",
    "embed",
    "enter",
    "expand",
    "head",
    "join",
    "leave",
    "linear",
    "merge",
    "mlp",
    "norm",
    "rejoin",
]

_CACHED = 1 << 20
"""Numbers in float32 (4 MB) that are worth holding in a processor's cache."""
_LARGEST = (32 << 20) - (64 << 10)
"""Bytes of the largest array that glibc takes as a hint on how much memory to keep."""


def embed(
    images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, step: int, layer: nn.Conv2d, after: nn.LayerNorm
) -> torch.Tensor:
    """As `plain.embed`; the convolution normalises, and as channels come last it gives tokens."""
    # glibc returns freed memory to the system beyond twice the largest array it has seen freed, and fresh memory costs a
    # page fault for every 4 kB, 20 ms an image. After this, which touches no page, it keeps up to 64 MB.
    torch.empty(_LARGEST, dtype=torch.uint8)
    if not can_pack(images, layer):
        return plain.embed(images, mean, std, step, layer, after)
    height, width = images.shape[2:]
    if height % step or width % step:
        images = F.pad(images, (0, -width % step, 0, -height % step), mode="replicate")
    images = images.expand(-1, 3, -1, -1).contiguous(memory_format=torch.channels_last)
    weight = layer.weight / std
    bias = layer.bias - (weight * mean).sum((1, 2, 3))
    return norm(F.conv2d(images, weight, bias, stride=layer.stride).permute(0, 2, 3, 1).contiguous(), after)


def linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """As `plain.linear`."""
    if not can_pack(x, layer):
        return plain.linear(x, layer)
    return pack(layer)(_tokens(x)).view(*x.shape[:-1], -1)


def expand(x: torch.Tensor, factor: int, layer: nn.LayerNorm) -> torch.Tensor:
    """As `plain.expand`, but the norm comes first, of what lies together."""
    x = norm(x.unflatten(-1, (factor, factor, -1)), layer)
    return x.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)


def join(x: torch.Tensor, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """As `plain.join`, without laying them side by side."""
    if not can_pack(x, layer):
        return plain.join(x, skip, layer)
    out = x.new_empty(*x.shape[:-1], layer.out_features)
    of_x, of_skip = pack(layer, (0, x.shape[-1])), pack(layer, (x.shape[-1], None))
    for part, a, b in _slabs(layer.in_features, _tokens(out), _tokens(x), _tokens(skip)):
        torch.add(of_x(a), of_skip(b), out=part)
    return out


def rejoin(x: torch.Tensor, factor: int, after: nn.LayerNorm, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """As `plain.rejoin`."""
    return join(expand(x, factor, after), skip, layer)


def head(x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear) -> torch.Tensor:
    """As `plain.head`."""
    batch, height, width = x.shape[:3]
    out = x.new_empty(batch, factor * height, factor * width, classes.out_features)
    rows = max(1, _CACHED // (batch * width * enlarge.out_features))
    for first in range(0, height, rows):
        part = out[:, factor * first : factor * (first + rows)].unflatten(2, (-1, factor)).unflatten(1, (-1, factor))
        part.copy_(_head(x[:, first : first + rows].contiguous(), factor, enlarge, after, classes))
    return out


def classify(
    x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear, shape: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """As `plain.classify`."""
    return plain.classes_of(head(x, factor, enlarge, after, classes), shape)


def _head(x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear) -> torch.Tensor:
    """`head` of a few rows, (B, h, factor, w, factor, classes): pixels move last, when they are the fewest numbers."""
    x = norm(linear(x, enlarge).unflatten(-1, (factor * factor, -1)), after)
    return linear(x.flatten(2, 3), classes).unflatten(2, (-1, factor, factor)).transpose(2, 3)


def _tokens(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, x.shape[-1])


def _slabs(width: int, *tokens: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """A few of the `tokens` (T, C) at a time, for a layer that is `width` channels wide inside."""
    count = len(tokens[0])
    slabs = -(-count * width // _CACHED)
    return zip(*(x.split(-(-count // slabs)) for x in tokens), strict=True)
