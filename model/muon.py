"""Muon: momentum whose matrices are made orthogonal before each step, so that every direction learns at the same pace.

Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; scaled to AdamW's pace as by Liu et al. 2025,
"Muon is scalable for LLM training" (arXiv 2502.16982).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

import torch
from torch import nn

from model.branches import Branches
from model.device import computes_in_bfloat16

MOMENTUM = 0.95
PACE = 0.2
"""The root mean square of AdamW's updates, to which Muon's are scaled."""
RATE = 2.0
"""Its learning rate over AdamW's: with the same, both pace alike."""
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_SMALLEST = 16
_AT_ONCE = 4
"""Shapes whose matrices are made orthogonal at a time."""


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
        matrices = [_Matrix(one, place, count) for one, count in parameters.items() for place in range(count)]
        self._matrices = sorted(matrices, key=lambda one: (one.shape, one.is_upright))
        self._sizes = [math.prod(one.shape) for one in self._matrices]
        device = next((one.device for one in parameters), torch.device("cpu"))
        self.momentum = torch.zeros(sum(self._sizes), device=device)
        """Of all matrices, one behind the other: those of one shape together, the upright ones last."""
        self._decay = weight_decay
        self._branches = Branches(device, _AT_ONCE)

    @torch.no_grad()
    def step(self, rate: torch.Tensor, shrink: torch.Tensor, lost: torch.Tensor) -> None:
        """Move by `rate` () along gradients divided by `shrink` (), or, when `lost` () is 1, not at all."""
        if not self._matrices:
            return
        rate, share = rate * RATE * (1 - lost), (1 - MOMENTUM) * (1 - lost)
        gradients = torch.cat([one.within(one.parameter.grad).flatten() for one in self._matrices])
        gradients.div_(shrink).nan_to_num_(0.0, 0.0, 0.0)
        self.momentum.lerp_(gradients, share)
        updates = gradients.lerp_(self.momentum, MOMENTUM)
        self._branches.run(partial(_straighten, *stack) for stack in self._stacks(updates))
        updates *= rate
        weights = [one.within(one.parameter) for one in self._matrices]
        torch._foreach_mul_(weights, 1 - self._decay * rate)
        changes = zip(weights, updates.split(self._sizes), strict=True)
        torch._foreach_sub_(weights, [change.view(weight.shape) for weight, change in changes])

    def _stacks(self, whole: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """The matrices of each shape in `whole`, which lies as the momentum: (k, rows, columns), (l, columns, rows)."""
        start = 0
        for (rows, columns), alike in itertools.groupby(self._matrices, key=lambda one: one.shape):
            upright = [one.is_upright for one in alike]
            counts = len(upright) - sum(upright), sum(upright)
            lengths = [rows * columns * count for count in counts]
            lying, standing = whole[start : start + sum(lengths)].split(lengths)
            yield lying.view(counts[0], rows, columns), standing.view(counts[1], columns, rows)
            start += sum(lengths)


@dataclass(frozen=True, eq=False)
class _Matrix:
    """One of the `count` matrices of a parameter."""

    parameter: nn.Parameter
    place: int
    count: int

    def within(self, whole: torch.Tensor) -> torch.Tensor:
        """The part of the parameter, or of its gradient."""
        return whole.chunk(self.count)[self.place]

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Its sides, the shorter one first."""
        rows, columns = sorted(self.within(self.parameter).flatten(1).shape)
        return rows, columns

    @cached_property
    def is_upright(self) -> bool:
        matrix = self.within(self.parameter).flatten(1)
        return matrix.shape[0] > matrix.shape[1]


def _straighten(lying: torch.Tensor, upright: torch.Tensor) -> None:
    """(k, rows, columns) and (l, columns, rows) in their places: orthogonal, at AdamW's pace."""
    straight = orthogonal(torch.cat([lying, upright.mT])) * (PACE * lying.shape[2] ** 0.5)
    lying.copy_(straight[: len(lying)])
    upright.copy_(straight[len(lying) :].mT)


def orthogonal(x: torch.Tensor) -> torch.Tensor:
    """(k, rows, columns), rows <= columns -> about the nearest matrices of orthonormal rows, float32.

    By a Newton-Schulz iteration of degree five, whose singular values end within 0.7 and 1.2. In bfloat16 where a GPU has it.
    """
    a, b, c = _NEWTON_SCHULZ
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    x = x.bfloat16() if computes_in_bfloat16(x.device) else x
    for _ in range(_ROUNDS):
        square = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.float()


def _is_inner(weight: torch.Tensor) -> bool:
    """Not a depthwise kernel, nor the first layer's."""
    return weight.shape[1] > 3 and min(weight.shape[0], weight[0].numel()) >= _SMALLEST
