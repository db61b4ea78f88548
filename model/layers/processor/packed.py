"""Products with a layer's weights by oneDNN: weights kept in its layout, what follows a product computed within it.

PyTorch lays weights out anew for each call, and has no public way to keep them. Its compiler's operators do; where they
are missing or refuse, the public ones compute the same.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import nn

_ROWS = 2048
"""Tokens at a time that the layout is chosen for; any number may come."""
_NAMES = ("_linear_pointwise", "_reorder_linear_weight", "_convolution_pointwise_", "_reorder_convolution_weight")
_ONE = ([0, 0], [1, 1], [1, 1], 1)
"""Padding, stride, dilation and groups of a 1x1 convolution."""
_KEPT: weakref.WeakKeyDictionary[nn.Module, dict[object, _Packed]] = weakref.WeakKeyDictionary()
"""Follows from the weights alone, and goes with the layer: as large as the weights."""


class _Packed:
    """A layout of a layer's weights, of those that were there when it was made."""

    def __init__(self, weight: torch.Tensor, make: Callable[[torch.Tensor], torch.Tensor]) -> None:
        self._source, self._state = weakref.ref(weight), _state(weight)
        self.weight = make(weight.detach())

    def is_of(self, weight: torch.Tensor) -> bool:
        return self._source() is weight and self._state == _state(weight)


def can_pack(x: torch.Tensor, *weights: torch.Tensor) -> bool:
    """Whether `product` and `add_product` compute with these; if not, the layers' plain form does."""
    if x.dtype != torch.float32 or torch.is_autocast_enabled("cpu") or not _available():
        return False
    # A tensor made in inference mode does not count its changes.
    return all(weight.dtype == torch.float32 and not weight.is_inference() for weight in weights)


def product(x: torch.Tensor, layer: nn.Linear, gelu: bool = False) -> torch.Tensor:
    """x (T, C) -> (T, out), with `gelu` GELU of it."""
    weight = _packed(layer, "product", lambda w: torch.ops.mkldnn._reorder_linear_weight(w, _ROWS))
    after = ("gelu", [], "none") if gelu else ("none", [], "")
    return torch.ops.mkldnn._linear_pointwise(x, weight, layer.bias, *after)


def add_product(out: torch.Tensor, x: torch.Tensor, layer: nn.Linear, first: int = 0) -> None:
    """Add to `out` (T, out) what the layer makes of x (T, C), its channels from `first` on; without the bias then."""

    def pack(weight: torch.Tensor) -> torch.Tensor:
        part = weight[:, first : first + x.shape[1], None, None].contiguous()
        return torch.ops.mkldnn._reorder_convolution_weight(part, *_ONE, [1, x.shape[1], 1, _ROWS])

    weight, bias = _packed(layer, ("add", first), pack), None if first else layer.bias
    after = ("add", 1.0, None, [], None)
    torch.ops.mkldnn._convolution_pointwise_(_as_image(out), _as_image(x), weight, bias, *_ONE, *after)


def _as_image(x: torch.Tensor) -> torch.Tensor:
    """(T, C) -> (1, C, 1, T), channels last."""
    return x.as_strided((1, x.shape[1], 1, x.shape[0]), (x.numel(), 1, x.numel(), x.shape[1]))


def _packed(layer: nn.Module, kind: object, make: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    kinds = _KEPT.setdefault(layer, {})
    kept = kinds.get(kind)
    if kept is None or not kept.is_of(layer.weight):
        kept = kinds[kind] = _Packed(layer.weight, make)
    return kept.weight


def _state(weight: torch.Tensor) -> tuple[int, int]:
    return weight.data_ptr(), weight._version


@functools.cache
def _available() -> bool:
    """Whether this PyTorch has the operators, and they compute what they are taken for."""
    if not torch.backends.mkldnn.is_available() or not all(hasattr(torch.ops.mkldnn, name) for name in _NAMES):
        return False
    with torch.inference_mode(False), torch.no_grad(), torch.random.fork_rng(devices=[]):
        layer, x, out = nn.Linear(24, 40), torch.rand(7, 24), torch.rand(7, 40)
        plain = F.linear(x, layer.weight, layer.bias)
        expected = F.gelu(plain), out + plain
        try:
            got = product(x, layer, gelu=True)
            add_product(out, x, layer)
        except (RuntimeError, TypeError):  # another PyTorch's operators, or another processor's
            return False
        return all(torch.allclose(a, b, 1e-4, 1e-5) for a, b in zip((got, out), expected, strict=True))
