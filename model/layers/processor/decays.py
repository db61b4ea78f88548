"""The decays of a scan: inside a chunk of tokens, from a token to its chunk's edge, and between chunks."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch

_NEGLIGIBLE = 80.0
"""exp(-80) is 2e-35. What is smaller would soon be denormal, which processors are slow at."""


@functools.lru_cache(maxsize=32)
def decays_of(slopes: tuple[float, ...], direction: str, chunk: int, width: int) -> Decays:
    """Kept for the few scans of a network: to compute them takes as long as a tenth of a small scan."""
    return Decays(slopes, direction, chunk, width)


class Decays:
    """`sides` are those that a token looks to: False for what comes before, True for what comes after.

    `to_edge` and `from_edge` have for each side (heads, 1, tokens of a chunk, width), one number over the whole width.
    """

    def __init__(self, slopes: tuple[float, ...], direction: str, chunk: int, width: int) -> None:
        self.slopes, self.heads = torch.tensor(slopes)[:, None, None], len(slopes)
        self.chunk, self.width = chunk, width
        self.sides = {"causal": (False,), "anticausal": (True,)}.get(direction, (False, True))
        step = torch.arange(chunk, dtype=torch.float32)
        distance = step[:, None] - step
        seen = {"causal": distance >= 0, "anticausal": distance <= 0}.get(direction, torch.ones(()))
        self.inside = (_decay(self.slopes * distance.abs()) * seen)[:, None]
        steps = [step.flip(0) if side else step for side in self.sides]
        self.to_edge = tuple(self._by_token(chunk - 1 - one) for one in steps)
        self.from_edge = tuple(self._by_token(one + 1) for one in steps)
        self.of_chunks = functools.lru_cache(maxsize=8)(self._of_chunks)

    def _by_token(self, steps: torch.Tensor) -> torch.Tensor:
        decays = _decay(self.slopes * steps[:, None])[:, None]
        return decays.expand(-1, -1, -1, self.width).contiguous()

    def _of_chunks(self, groups: int, group: int, reverse: bool) -> tuple[Steps, Steps]:
        """Between the chunks of each of a slab's groups, (heads x groups, group, group), and between its groups."""
        chunks = Steps.over(self.slopes * self.chunk, group, reverse)
        within = chunks.between[:, None].expand(-1, groups, -1, -1).flatten(0, 1)
        chunks = Steps(within, chunks.from_edge[:, None], chunks.whole[:, None])
        return chunks, Steps.over(self.slopes * self.chunk * group, groups, reverse)


@dataclass(frozen=True, eq=False)
class Steps:
    """Decays of a row of steps: `between` them (heads, count, count), a step's own excepted; `from_edge` where the row is
    entered to each (heads, count, 1); over the `whole` of a step (heads, 1, 1).
    """

    between: torch.Tensor
    from_edge: torch.Tensor
    whole: torch.Tensor

    @staticmethod
    def over(slopes: torch.Tensor, count: int, reverse: bool) -> Steps:
        """`slopes` (heads, 1, 1) are those of a step."""
        row = torch.arange(count, dtype=torch.float32)
        row = row.flip(0) if reverse else row
        apart = row[:, None] - 1 - row
        between = _decay(slopes * apart.clamp(min=0)) * (apart >= 0)
        return Steps(between, _decay(slopes * row[:, None]), _decay(slopes))


def _decay(exponent: torch.Tensor) -> torch.Tensor:
    return torch.exp(-exponent) * (exponent < _NEGLIGIBLE)
