"""The layers on a GPU: Triton kernels where they save memory traffic or launches, cuBLAS for the matrix products.

What the kernels cannot take (float64, channels beyond what a program holds) is computed by `plain`.
"""

from __future__ import annotations

import torch
from torch import nn

import model.attention.kernels as attention
from model.layers import plain
from model.layers.kernels import classify as classifier
from model.layers.kernels import narrow, patches
from model.layers.kernels import norm as norms
from model.layers.kernels import rejoin as rejoins
from model.layers.kernels.depthwise import Depthwise
from model.layers.kernels.head import Head
from model.layers.kernels.inner import inner
from model.layers.kernels.norm import EXPANDED, MERGED, ROWS, Norm
from model.layers.kernels.products import Join, Linear, Mlp

_DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def embed(
    images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, step: int, layer: nn.Conv2d, after: nn.LayerNorm
) -> torch.Tensor:
    fits = layer.kernel_size in patches.SIDES and layer.out_channels <= patches.WIDEST and not images.requires_grad
    if not fits or images.dtype not in (*_DTYPES, torch.uint8):
        return plain.embed(images, mean, std, step, layer, after)
    dtype = _dtype(layer.weight)
    shape = tuple(-(-side // step) * step // layer.kernel_size[0] for side in images.shape[2:])
    parameters = layer.weight, layer.bias, after.weight, after.bias
    return patches.Embed.apply(images, mean, std, *parameters, after.eps, shape, dtype)


def linear(x: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    return Linear.apply(x, layer.weight, layer.bias, _dtype(x)) if _supported(x) else plain.linear(x, layer)


def norm(x: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
    return _norm(x, None, layer, ROWS, 1)[1] if _supported(x, layer) else plain.norm(x, layer)


def block(x: torch.Tensor, parts: plain.BlockParts) -> torch.Tensor:
    return plain.compose(x, parts, enter, attend, leave)


def enter(
    x: torch.Tensor, local: nn.Conv2d | None, after: nn.LayerNorm, qkv: nn.Linear
) -> tuple[torch.Tensor, torch.Tensor]:
    if local is None:
        return x, linear(norm(x, after), qkv)
    if _narrow(x) and narrow.can_enter(x):
        return narrow.enter(x.contiguous(), local, after, qkv)
    x, normed = depthwise(x, local, after)
    return x, linear(normed, qkv)


def leave(
    x: torch.Tensor, y: torch.Tensor, project: nn.Linear, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear
) -> torch.Tensor:
    if _narrow(x):
        return narrow.leave(x.contiguous(), y, project, after, first, second)
    if _halves(x) and _supported(x, after):
        return _leave(x, linear(y, project), after, first, second)
    x, normed = add(x, linear(y, project), after)
    return mlp(x, normed, first, second)


def depthwise(x: torch.Tensor, layer: nn.Conv2d, after: nn.LayerNorm) -> tuple[torch.Tensor, torch.Tensor]:
    if not _supported(x, after):
        return plain.depthwise(x, layer, after)
    return Depthwise.apply(x, layer.weight, layer.bias, after.weight, after.bias, after.eps, _dtype(x))


def add(x: torch.Tensor, y: torch.Tensor, after: nn.LayerNorm) -> tuple[torch.Tensor, torch.Tensor]:
    return _norm(x, y.contiguous(), after, ROWS, 1) if _supported(x, after) else plain.add(x, y, after)


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool, form: str) -> torch.Tensor:
    if form == "auto" and attention.attend_refusal(qkv, len(slopes), direction) is None:
        return attention.attend(qkv.contiguous(), slopes, direction, by_columns)
    return plain.attend(qkv, slopes, direction, by_columns, form)


def mlp(x: torch.Tensor, normed: torch.Tensor, first: nn.Linear, second: nn.Linear) -> torch.Tensor:
    if not _supported(x):
        return plain.mlp(x, normed, first, second)
    return Mlp.apply(
        x, normed, first.weight, first.bias, second.weight, second.bias, _dtype(x), torch.is_grad_enabled()
    )


def merge(x: torch.Tensor, layer: nn.LayerNorm) -> torch.Tensor:
    return _norm(x, None, layer, MERGED, 2)[1] if _supported(x, layer) else plain.merge(x, layer)


def expand(x: torch.Tensor, factor: int, layer: nn.LayerNorm) -> torch.Tensor:
    return _norm(x, None, layer, EXPANDED, factor)[1] if _supported(x, layer) else plain.expand(x, factor, layer)


def join(x: torch.Tensor, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    if not _supported(x):
        return plain.join(x, skip, layer)
    return Join.apply(x, skip, layer.weight, layer.bias, _dtype(x))


def rejoin(x: torch.Tensor, factor: int, after: nn.LayerNorm, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
    width = len(after.weight)
    if _halves(x) and skip.dtype == x.dtype and layer.weight.shape == (width, 2 * width) and width <= narrow.WIDEST:
        return rejoins.rejoin(x.contiguous(), factor, after, skip.contiguous(), layer)
    return join(expand(x, factor, after), skip, layer)


def head(x: torch.Tensor, factor: int, enlarge: nn.Linear, after: nn.LayerNorm, classes: nn.Linear) -> torch.Tensor:
    if not _supported(x) or max(classes.weight.shape) > 256:
        return plain.head(x, factor, enlarge, after, classes)
    parameters = after.weight, after.bias, classes.weight, classes.bias
    return Head.apply(linear(x, enlarge), *parameters, after.eps, factor)


def classify(
    x: torch.Tensor,
    factor: int,
    enlarge: nn.Linear,
    after: nn.LayerNorm,
    classes: nn.Linear,
    shape: tuple[int, int],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    if x.dtype == _dtype(x) and _supported(x) and classifier.fits(x, factor):
        return classifier.classify(x, factor, enlarge, after, classes, shape)
    return plain.classes_of(head(x, factor, enlarge, after, classes), shape)


def _leave(x: torch.Tensor, y: torch.Tensor, after: nn.LayerNorm, first: nn.Linear, second: nn.Linear) -> torch.Tensor:
    """Without gradients: the last product is added in place to x + y, which has got its bias beforehand."""
    total, normed = torch.empty_like(y), torch.empty_like(y)
    norms.launch_norm(x.contiguous(), y, after.weight, after.bias, total, normed, after.eps, extra=second.bias)
    wide = inner(normed.flatten(0, -2), first)
    total.flatten(0, -2).addmm_(wide, second.weight.to(wide.dtype).t())
    return total


def _norm(
    x: torch.Tensor, y: torch.Tensor | None, layer: nn.LayerNorm, order: int, factor: int
) -> tuple[torch.Tensor | None, torch.Tensor]:
    return Norm.apply(x, y, layer.weight, layer.bias, layer.eps, order, factor, _dtype(x))


def _narrow(x: torch.Tensor) -> bool:
    return _halves(x) and x.shape[-1] <= narrow.WIDEST


def _halves(x: torch.Tensor) -> bool:
    """Whether the products without gradients take x; in float32 cuBLAS is faster than a kernel without TF32."""
    return x.dtype in (torch.float16, torch.bfloat16) and x.dtype == _dtype(x) and not torch.is_grad_enabled()


def _supported(x: torch.Tensor, after: nn.LayerNorm | None = None) -> bool:
    return x.dtype in _DTYPES and (after is None or len(after.weight) <= norms.WIDEST)


def _dtype(x: torch.Tensor) -> torch.dtype:
    """What the stream between layers is held in: autocast's type, outside autocast that of x."""
    device = x.device.type
    return torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else x.dtype
