"""Muon: momentum whose matrices are made orthogonal before each step, so that every direction learns at the same pace.

Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; scaled to AdamW's pace as by Liu et al. 2025,
"Muon is scalable for LLM training" (arXiv 2502.16982).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

MOMENTUM = 0.95
PACE = 0.2
"""The root mean square of AdamW's updates, to which Muon's are scaled."""
RATE = 2.0
"""Its learning rate over AdamW's: with the same, both pace alike."""
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_SMALLEST = 16


def inner_matrices(network: nn.Module) -> dict[nn.Parameter, int]:
    """The weights between hidden layers: of linear layers and dense convolutions, a kernel as (out, all the rest); and how
    many matrices a weight is, one below the other, as its layer's `matrices` says.

    Not those that read the image, nor those of the last layer, whose rows are classes and learn by themselves.
    """
    layers = [one for one in network.modules() if isinstance(one, (nn.Linear, nn.Conv2d))]
    inner = [one for one in layers[:-1] if one.weight.requires_grad and _is_inner(one.weight)]
    return {one.weight: getattr(one, "matrices", 1) for one in inner}


class Muon:
    """`step` only launches work, so that it can be recorded as a CUDA graph. Matrices of one shape move together."""

    def __init__(self, parameters: Mapping[nn.Parameter, int], weight_decay: float) -> None:
        """Each parameter with the number of its matrices, as `inner_matrices` finds them."""
        alike: dict[tuple[int, int], list[_Matrix]] = {}
        for parameter, count in parameters.items():
            for one in (_Matrix(parameter, place, count) for place in range(count)):
                rows, columns = sorted(one.within(parameter).flatten(1).shape)
                alike.setdefault((rows, columns), []).append(one)
        self._groups = list(alike.values())
        self.momenta = [alike[shape][0].parameter.new_zeros((len(alike[shape]), *shape)) for shape in alike]
        """Of each group: (k, rows, columns), rows <= columns."""
        self._decay = weight_decay

    @torch.no_grad()
    def step(self, rate: torch.Tensor, shrink: torch.Tensor, lost: torch.Tensor) -> None:
        """Move by `rate` () along gradients divided by `shrink` (), or, when `lost` () is 1, not at all."""
        rate, share = rate * RATE * (1 - lost), (1 - MOMENTUM) * (1 - lost)
        for group, momentum in zip(self._groups, self.momenta, strict=True):
            weights = [one.within(one.parameter) for one in group]
            gradient = torch.stack([_lying(one.within(one.parameter.grad)) for one in group]) / shrink
            gradient.nan_to_num_(0.0, 0.0, 0.0)
            momentum.lerp_(gradient, share)
            updates = orthogonal(gradient.lerp_(momentum, MOMENTUM))
            updates *= PACE * momentum.shape[2] ** 0.5 * rate
            torch._foreach_mul_(weights, 1 - self._decay * rate)
            torch._foreach_sub_(weights, [_as(one, update) for one, update in zip(weights, updates, strict=True)])


@dataclass(frozen=True, eq=False)
class _Matrix:
    """One of the `count` matrices of a parameter."""

    parameter: nn.Parameter
    place: int
    count: int

    def within(self, whole: torch.Tensor) -> torch.Tensor:
        """The part of the parameter, or of its gradient."""
        return whole.chunk(self.count)[self.place]


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """(k, rows, columns), rows <= columns -> about the nearest matrices of orthonormal rows, float32.

    By a Newton-Schulz iteration of degree five, whose singular values end within 0.7 and 1.2. In bfloat16 on a GPU.
    """
    a, b, c = _NEWTON_SCHULZ
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16() if x.is_cuda else x
    for _ in range(_ROUNDS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.float()


def _is_inner(weight: torch.Tensor) -> bool:
    """Not a depthwise kernel, nor the first layer's."""
    return weight.shape[1] > 3 and min(weight.shape[0], weight[0].numel()) >= _SMALLEST


def _lying(gradient: torch.Tensor) -> torch.Tensor:
    matrix = gradient.flatten(1)
    return matrix.mT if _is_upright(matrix) else matrix


def _as(weight: torch.Tensor, update: torch.Tensor) -> torch.Tensor:
    return (update.mT if _is_upright(weight.flatten(1)) else update).reshape(weight.shape)


def _is_upright(matrix: torch.Tensor) -> bool:
    return matrix.shape[0] > matrix.shape[1]
