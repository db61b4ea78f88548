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
_KEPT: weakref.WeakKeyDictionary[nn.Linear, dict[tuple[Span, Span], Packed]] = weakref.WeakKeyDictionary()
"""It follows from the weights alone, and goes with the layer: as much memory as the weights take."""
_CURVES = {"": ("none", [], ""), "gelu": ("gelu", [], "none"), "silu": ("swish", [], "")}

Span = tuple[int, "int | None"]
"""From the first channel to the one behind the last."""


class Packed:
    """Some outputs of some inputs of a layer, in oneDNN's layout, as its weight was when this was made."""

    def __init__(self, layer: nn.Linear, inputs: Span, outputs: Span) -> None:
        self._source, self._state = weakref.ref(layer.weight), _state(layer)
        weight = layer.weight.detach()[slice(*outputs), slice(*inputs)].contiguous()
        self._weight = torch.ops.mkldnn._reorder_linear_weight(weight, _TOKENS)
        # The bias comes with the first inputs. It is no copy, so that its changes count.
        self._bias = None if layer.bias is None or inputs[0] else layer.bias.detach()[slice(*outputs)]
        self._product = torch.ops.mkldnn._linear_pointwise.default

    def is_of(self, layer: nn.Linear) -> bool:
        return self._source() is layer.weight and self._state == _state(layer)

    def __call__(self, x: torch.Tensor, curve: str = "") -> torch.Tensor:
        """Outputs (T, out) for x (T, C); with "gelu" or "silu" that of them."""
        return self._product(x, self._weight, self._bias, *_CURVES[curve])


def can_pack(x: torch.Tensor, *layers: nn.Linear) -> bool:
    """Whether products with these can be packed."""
    if x.dtype != torch.float32 or torch.is_autocast_enabled("cpu") or not _available():
        return False
    # A tensor made in inference mode does not count its changes.
    return not any(layer.weight.is_inference() or layer.weight.dtype != x.dtype for layer in layers)


def pack(layer: nn.Linear, inputs: Span = (0, None), outputs: Span = (0, None)) -> Packed:
    """What computes these channels of the layer as it is now; kept for the next time."""
    kept = _KEPT.setdefault(layer, {})
    packed = kept.get((inputs, outputs))
    if packed is None or not packed.is_of(layer):
        packed = kept[inputs, outputs] = Packed(layer, inputs, outputs)
    return packed


def _state(layer: nn.Linear) -> tuple[int, int, int]:
    return layer.weight.data_ptr(), layer.weight._version, 0 if layer.bias is None else layer.bias.data_ptr()


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
            packed = pack(layer)
            pairs = (packed(x), expected), (packed(x, "gelu"), F.gelu(expected)), (packed(x, "silu"), F.silu(expected))
        except (RuntimeError, TypeError):  # another PyTorch's operators, or a processor they do not know
            return False
        return all(torch.allclose(got, right, 1e-4, 1e-5) for got, right in pairs)
