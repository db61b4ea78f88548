"""The layers on a CPU without gradients: a few rows of tokens at a time, so that what is inside stays in the cache."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from model.layers import plain
from model.layers.plain import add, attend, classify, depthwise, embed, enter, expand, join, linear, merge, norm

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
]

_CACHED = 1 << 20
"""Numbers in float32 (4 MB) that are worth holding in a processor's cache."""


def leave(
    x: torch.Tensor, y: torch.Tensor, project: nn.Linear, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear
) -> torch.Tensor:
    """As `plain.leave`."""
    x, normed = add(x, linear(y, project), after)
    return mlp(x, normed, first, second)


def mlp(x: torch.Tensor, normed: torch.Tensor, first: nn.Linear, second: nn.Linear) -> torch.Tensor:
    """As `plain.mlp`."""
    return _by_rows(lambda rows, inner: plain.mlp(rows, inner, first, second), first.out_features, x, normed)


def head(x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear) -> torch.Tensor:
    """As `plain.head`."""
    return _by_rows(lambda rows: plain.head(rows, factor, enlarge, after, classes), enlarge.out_features, x)


def _by_rows(layer: Callable[..., torch.Tensor], width: int, *images: torch.Tensor) -> torch.Tensor:
    """layer(*images) for a layer that treats tokens singly and is `width` channels wide inside."""
    rows = max(1, _CACHED // (images[0].shape[2] * width))
    if rows >= images[0].shape[1]:
        return layer(*images)
    return torch.cat([layer(*parts) for parts in zip(*(x.split(rows, dim=1) for x in images), strict=True)], dim=1)
