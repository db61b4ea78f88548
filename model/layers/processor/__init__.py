"""The layers on a CPU without gradients: a few tokens at a time, so that what is inside stays in the cache.

Large arrays are few, since fresh memory costs a page fault for every 4 kB: what `enter` gives as x is overwritten by
`leave`. Where weights cannot be packed (other types than float32, autocast) a layer is `plain`'s.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import nn

from model.layers import plain
from model.layers.plain import add, merge, mlp, norm
from model.layers.processor import attention
from model.layers.processor.packed import can_pack, product

__all__ = [
    "add",
    "attend",
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
    return product(_tokens(x), layer).view(*x.shape[:-1], -1)


def enter(
    x: torch.Tensor, local: nn.Conv2d | None, after: nn.LayerNorm, qkv: nn.Linear
) -> tuple[torch.Tensor, torch.Tensor]:
    """As `plain.enter`; the x that it gives is `leave`'s to overwrite."""
    if not can_pack(x, qkv):
        return plain.enter(x, local, after, qkv)
    x = x.clone() if local is None else _near(x, local)
    return x, linear(norm(x, after), qkv)


def leave(
    x: torch.Tensor, y: torch.Tensor, project: nn.Linear, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear
) -> torch.Tensor:
    """As `plain.leave`, in x."""
    if not can_pack(x, project, first, second):
        return plain.leave(x, y, project, after, first, second)
    for rows, inner in _slabs(first.out_features, _tokens(x), _tokens(y)):
        rows += product(inner, project)
        rows += product(product(norm(rows, after), first, gelu=True), second)
    return x


def depthwise(x: torch.Tensor, layer: nn.Conv2d, after: nn.LayerNorm) -> tuple[torch.Tensor, torch.Tensor]:
    """As `plain.depthwise`."""
    x = _near(x, layer)
    return x, norm(x, after)


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool, form: str) -> torch.Tensor:
    """As `plain.attend`."""
    if form != "auto" or qkv.dtype != torch.float32:
        return plain.attend(qkv, slopes, direction, by_columns, form)
    return attention.attend(qkv, slopes, direction, by_columns)


def expand(x: torch.Tensor, factor: int, layer: nn.LayerNorm) -> torch.Tensor:
    """As `plain.expand`, but the norm comes first, of what lies together."""
    x = norm(x.unflatten(-1, (factor, factor, -1)), layer)
    return x.permute(0, 1, 3, 2, 4, 5).flatten(3, 4).flatten(1, 2)


def join(x: torch.Tensor, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """As `plain.join`, without laying them side by side."""
    if not can_pack(x, layer):
        return plain.join(x, skip, layer)
    out = x.new_empty(*x.shape[:-1], layer.out_features)
    for part, a, b in _slabs(layer.in_features, _tokens(out), _tokens(x), _tokens(skip)):
        torch.add(product(a, layer), product(b, layer, first=a.shape[1]), out=part)
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


def _near(x: torch.Tensor, layer: nn.Conv2d) -> torch.Tensor:
    """x + layer(x), in one convolution."""
    weight = layer.weight.detach().clone()
    weight[:, :, 1, 1] += 1
    out = F.conv2d(x.permute(0, 3, 1, 2), weight, layer.bias, padding=1, groups=len(weight))
    return out.permute(0, 2, 3, 1).contiguous()


def _tokens(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, x.shape[-1])


def _slabs(width: int, *tokens: torch.Tensor) -> Iterator[tuple[torch.Tensor, ...]]:
    """A few of the `tokens` (T, C) at a time, for a layer that is `width` channels wide inside."""
    count = len(tokens[0])
    slabs = -(-count * width // _CACHED)
    return zip(*(x.split(-(-count // slabs)) for x in tokens), strict=True)
