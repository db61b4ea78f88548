"""Products with a layer's weights by oneDNN: the weights kept in its layout, and GELU computed within the product.

PyTorch lays weights out anew for each call and has no public way to keep them. Its compiler's operators do; where they
are missing or refuse, the layers are plain's.
"""

from __future__ import annotations

import functools
import weakref

import torch
import torch.nn.functional as F
from torch import nn

_TOKENS = 2048
"""Tokens at a time that the layout is chosen for; any number may come."""
_KEPT: weakref.WeakKeyDictionary[nn.Linear, dict[int, _Packed]] = weakref.WeakKeyDictionary()
"""It follows from the weights alone, and goes with the layer: as much memory as the weights take."""


class _Packed:
    """Columns of a weight (out, in) in oneDNN's layout, as they were when it was made."""

    def __init__(self, weight: torch.Tensor, columns: slice) -> None:
        self._source, self._state = weakref.ref(weight), _state(weight)
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.detach()[:, columns].contiguous(), _TOKENS)

    def is_of(self, weight: torch.Tensor) -> bool:
        return self._source() is weight and self._state == _state(weight)


def can_pack(x: torch.Tensor, *layers: nn.Linear) -> bool:
    """Whether `product` computes with these."""
    if x.dtype != torch.float32 or torch.is_autocast_enabled("cpu") or not _available():
        return False
    # A tensor made in inference mode does not count its changes.
    return not any(layer.weight.is_inference() or layer.weight.dtype != x.dtype for layer in layers)


def product(x: torch.Tensor, layer: nn.Linear, gelu: bool = False, first: int = 0) -> torch.Tensor:
    """The layer's output (T, out) for x (T, C), its input channels from `first` on, or GELU of it.

    The bias comes with the first channels.
    """
    columns = slice(first, first + x.shape[1])
    kept = _KEPT.setdefault(layer, {})
    packed = kept.get(first)
    if packed is None or not packed.is_of(layer.weight):
        packed = kept[first] = _Packed(layer.weight, columns)
    after = ("gelu", [], "none") if gelu else ("none", [], "")
    return torch.ops.mkldnn._linear_pointwise(x, packed.weight, None if first else layer.bias, *after)


def _state(weight: torch.Tensor) -> tuple[int, int]:
    return weight.data_ptr(), weight._version


@functools.cache
def _available() -> bool:
    """Whether this PyTorch has the operators, and they compute what they are taken for."""
    names = ("_linear_pointwise", "_reorder_linear_weight")
    if not torch.backends.mkldnn.is_available() or not all(hasattr(torch.ops.mkldnn, name) for name in names):
        return False
    with torch.inference_mode(False), torch.no_grad(), torch.random.fork_rng(devices=[]):
        layer, x = nn.Linear(24, 40), torch.rand(7, 24)
        expected = F.linear(x, layer.weight, layer.bias)
        try:
            got, curved = product(x, layer), product(x, layer, gelu=True)
        except (RuntimeError, TypeError):  # another PyTorch's operators, or a processor they do not know
            return False
        return torch.allclose(got, expected, 1e-4, 1e-5) and torch.allclose(curved, F.gelu(expected), 1e-4, 1e-5)
