"""The layers in PyTorch as they are defined: any device, any type, differentiable."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from model.attention import lightning_attention


class Scan(NamedTuple):
    """How a block's attention goes over its tokens, see `attend`."""

    slopes: torch.Tensor
    direction: str
    by_columns: bool
    form: str


class BlockParts(NamedTuple):
    """What a block computes with, see `enter` and `leave`."""

    local: nn.Conv2d | None
    before: nn.LayerNorm
    qkv: nn.Linear
    scan: Scan
    project: nn.Linear
    after: nn.LayerNorm
    first: nn.Linear
    second: nn.Linear


def embed(
    images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, step: int, layer: nn.Conv2d, after: nn.LayerNorm
) -> torch.Tensor:
    """images (B, 1 or 3, H, W), floating point in 0..1 or uint8 -> tokens (B, h, w, C): normalised, each patch one token.

    An image whose sides are no multiples of `step` is filled up by its last row and column.
    """
    height, width = images.shape[2:]
    images = images / 255 if images.dtype == torch.uint8 else images
    x = (images.expand(-1, 3, -1, -1) - mean) / std
    x = F.pad(x, (0, -width % step, 0, -height % step), mode="replicate")
    x = F.conv2d(x, layer.weight, layer.bias, stride=layer.stride)
    return norm(x.permute(0, 2, 3, 1).contiguous(), after)


def linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """On a CPU it runs as a 1x1 convolution, by oneDNN: twice as fast as the matrix product of MKL on AMD processors,
    the same on others.
    """
    if x.device.type != "cpu":
        return F.linear(x, layer.weight, layer.bias)
    x = F.conv2d(x.permute(0, 3, 1, 2), layer.weight[:, :, None, None], layer.bias)
    return x.permute(0, 2, 3, 1)


def norm(x: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
    return F.layer_norm(x, layer.normalized_shape, layer.weight, layer.bias, layer.eps)


def block(x: torch.Tensor, parts: BlockParts) -> torch.Tensor:
    """A whole block, (B, h, w, C) -> (B, h, w, C)."""
    return compose(x, parts, enter, attend, leave)


def compose(
    x: torch.Tensor,
    parts: BlockParts,
    enter: Callable[..., tuple[torch.Tensor, torch.Tensor]],
    attend: Callable[..., torch.Tensor],
    leave: Callable[..., torch.Tensor],
) -> torch.Tensor:
    """A whole block by the three functions of a form."""
    x, qkv = enter(x, parts.local, parts.before, parts.qkv)
    return leave(x, attend(qkv, *parts.scan), parts.project, parts.after, parts.first, parts.second)


def enter(
    x: torch.Tensor, local: nn.Conv2d | None, after: nn.LayerNorm, qkv: nn.Linear
) -> tuple[torch.Tensor, torch.Tensor]:
    """What comes before a block's attention: x + local(x), as `depthwise`, and qkv of the norm of that sum."""
    if local is None:
        return x, linear(norm(x, after), qkv)
    x, normed = depthwise(x, local, after)
    return x, linear(normed, qkv)


def leave(
    x: torch.Tensor, y: torch.Tensor, project: nn.Linear, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear
) -> torch.Tensor:
    """What comes after a block's attention, which gave y: s = x + project(y), then s + the MLP of the norm of s."""
    x, normed = add(x, linear(y, project), after)
    return mlp(x, normed, first, second)


def depthwise(x: torch.Tensor, layer: nn.Conv2d, after: nn.LayerNorm) -> tuple[torch.Tensor, torch.Tensor]:
    """x + layer(x), a 3x3 convolution of each channel by itself with zeros around; and the norm of that sum."""
    weight, bias = layer.weight, layer.bias
    near = F.conv2d(x.permute(0, 3, 1, 2), weight, bias, padding=1, groups=len(weight)).permute(0, 2, 3, 1)
    return add(x, near, after)


def add(x: torch.Tensor, y: torch.Tensor, after: nn.LayerNorm) -> tuple[torch.Tensor, torch.Tensor]:
    """x + y, and the norm of that sum."""
    x = x + y
    return x, norm(x, after)


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool, form: str) -> torch.Tensor:
    """qkv (B, h, w, 3C), its last axis laid out (3, heads, C/heads) -> (B, h, w, C).

    Lightning attention over all tokens of an image, row by row or column by column, SiLU on q and k, each head's output
    brought to unit RMS.
    """
    qkv = qkv.unflatten(-1, (3, len(slopes), -1))
    qkv = qkv.permute(3, 0, 4, 2, 1, 5) if by_columns else qkv.permute(3, 0, 4, 1, 2, 5)
    sides = qkv.shape[3:5]
    qkv = qkv.flatten(3, 4)
    q, k = F.silu(qkv[:2])
    q = q / q.shape[-1]  # the norm below undoes it: it keeps sums over many tokens within float16
    out = lightning_attention(q, k, qkv[2], slopes, direction, form)
    out = F.rms_norm(out, out.shape[-1:], eps=1e-6).unflatten(2, sides)
    return (out.permute(0, 3, 2, 1, 4) if by_columns else out.permute(0, 2, 3, 1, 4)).flatten(3)


def mlp(x: torch.Tensor, normed: torch.Tensor, first: nn.Linear, second: nn.Linear) -> torch.Tensor:
    """x + second(GELU(first(normed)))."""
    return x + linear(F.gelu(linear(normed, first)), second)


def merge(x: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
    """(B, h, w, C) -> (B, h/2, w/2, 4C), the norm of four neighbours: first the upper two, then the lower two."""
    x = x.unflatten(2, (-1, 2)).unflatten(1, (-1, 2)).permute(0, 1, 3, 2, 4, 5)
    return norm(x.flatten(3), layer)


def expand(x: torch.Tensor, factor: int, layer: nn.LayerNorm) -> torch.Tensor:
    """(B, h, w, factor^2 C) -> (B, factor h, factor w, C): channels laid out as factor x factor tokens, normed."""
    x = x.unflatten(-1, (factor, factor, -1)).permute(0, 1, 3, 2, 4, 5)
    return norm(x.flatten(3, 4).flatten(1, 2), layer)


def join(x: torch.Tensor, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """The linear layer of x and skip side by side."""
    return linear(torch.cat([x, skip], dim=-1), layer)


def rejoin(x: torch.Tensor, factor: int, after: nn.LayerNorm, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    """x expanded, then joined with skip."""
    return join(expand(x, factor, after), skip, layer)


def head(x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear) -> torch.Tensor:
    """Tokens (B, h, w, C) -> logits (B, factor h, factor w, classes): enlarge, expand, then one score per class."""
    return linear(expand(linear(x, enlarge), factor, after), classes)


def classify(
    x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear, shape: tuple[int, int]
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """What `classes_of` makes of the head's logits."""
    return classes_of(head(x, factor, enlarge, after, classes), shape)


def classes_of(logits: torch.Tensor, shape: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits (B, h, w, K), K at most 256, of which images of `shape` (H, W) fill the upper left part -> all uint8:
    the best channel (B, H, W), how sure it is (B, H, W; 255 = certain, 0 only where logits are no numbers), and the
    mean probabilities of 4x4 pixels (B, K, ceil(H / 4), ceil(W / 4); 255 = certain).
    """
    # A CPU takes the softmax of planes ten times as fast as that of a few channels that lie together.
    planes = logits[:, : shape[0], : shape[1]].float().permute(0, 3, 1, 2).contiguous()
    probabilities = planes.softmax(dim=1)
    best, channel = probabilities.max(dim=1)
    pooled = F.avg_pool2d(probabilities, 4, ceil_mode=True)
    return channel.to(torch.uint8), _to_bytes(best), _to_bytes(pooled)


def _to_bytes(probabilities: torch.Tensor) -> torch.Tensor:
    return (probabilities.nan_to_num(0) * 255).round().to(torch.uint8)
