"""Lightning attention straight from qkv, a slab of chunks at a time, so that what is inside stays in the cache.

out = (Q K^T * M) V as in `model.attention.chunk`: masked products inside chunks of tokens, decaying states between them.
A first pass, from the end to the start, leaves the states of what comes after each chunk; a second, from the start,
carries the states of what comes before along and computes what comes out.
"""

from __future__ import annotations

import math

import torch

from model.layers.processor.grid import Grid, choose_grid, in_chunks, in_order

_SLAB = 96
"""Chunks of a slab, counted for each head: six arrays of 64 x 32 numbers for each are 5 MB."""
_NEGLIGIBLE = 80.0
"""exp(-80) is 2e-35. What is smaller would soon be denormal, which processors are slow at."""


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool) -> torch.Tensor:
    """As `plain.attend`, in float32."""
    height, width, channels = qkv.shape[1:]
    out = qkv.new_empty(*qkv.shape[:3], channels // 3)
    grid = choose_grid(height, width, by_columns)
    for tokens, result in zip(qkv, out, strict=True):
        if grid is not None:
            _scan(tokens, result, slopes, direction, grid)
            continue
        ordered = in_order(tokens, by_columns)
        found = ordered.new_empty(*ordered.shape[:2], channels // 3)
        _scan(ordered, found, slopes, direction, choose_grid(1, ordered.shape[1], by_columns=False))
        result = result.transpose(0, 1) if by_columns else result
        result.copy_(found[0, : height * width].view(result.shape))
    return out


def _scan(tokens: torch.Tensor, result: torch.Tensor, slopes: torch.Tensor, direction: str, grid: Grid) -> None:
    """tokens (h, w, 3C) -> result (h, w, C)."""
    heads = len(slopes)
    q, k, v = in_chunks(tokens, grid, 3 * heads).unflatten(0, (3, heads))
    out = in_chunks(result, grid, heads)
    size = max(1, round(_SLAB / (heads * grid.inner)))
    slabs = [slice(first, first + size) for first in range(0, grid.outer, size)]
    slab = _Slab(slopes, direction, grid, out.shape[-1])
    after = [slab.states(k[:, part], v[:, part]) for part in reversed(slabs) if direction != "causal"]
    for part in slabs:
        slab.attend(q[:, part], k[:, part], v[:, part], after.pop() if after else None, out[:, part])


class _Slab:
    """What the slabs of a scan need, room for their arrays, and what one hands on to the next.

    Inside, arrays are (heads x chunks, tokens of a chunk, D). `reverse` is for what comes after, instead of before.
    """

    def __init__(self, slopes: torch.Tensor, direction: str, grid: Grid, width: int) -> None:
        self.slopes, self.heads, self.chunk, self.width = slopes.float()[:, None, None], len(slopes), grid.chunk, width
        self.direction = direction
        step = torch.arange(grid.chunk, dtype=torch.float32)
        distance = step[:, None] - step
        seen = {"causal": distance >= 0, "anticausal": distance <= 0}.get(direction, torch.ones(()))
        self.inside = (_decay(self.slopes * distance.abs()) * seen)[:, None]
        sides = {False: step[:, None], True: step.flip(0)[:, None]}
        self.to_edge = {side: _decay(self.slopes * (grid.chunk - 1 - steps))[:, None] for side, steps in sides.items()}
        self.from_edge = {side: _decay(self.slopes * (steps + 1))[:, None] for side, steps in sides.items()}
        self.carry = {side: torch.zeros(self.heads, 1, width * width) for side in sides}
        self._between: dict[tuple[int, bool], tuple[torch.Tensor, torch.Tensor]] = {}
        self._room: dict[str, torch.Tensor] = {}

    def attend(
        self, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, after: torch.Tensor | None, out: torch.Tensor
    ) -> None:
        """Parts of a grid's views -> `out`; `after` are the states that `states` gave from the other side."""
        k, v = self._load("k", k, silu=True), self._load("v", v)
        before = self._states(k, v, reverse=False) if self.direction != "anticausal" else None
        q = self._load("q", q, silu=True)
        weights = torch.bmm(q, k.transpose(1, 2), out=self._take("weights", len(q), self.chunk, self.chunk))
        self._by_head(weights).mul_(self.inside)
        found = torch.bmm(weights, v, out=self._take("found", *v.shape))
        for reverse, states in ((False, before), (True, after)):
            if states is not None:
                found.baddbmm_(self._decayed(q, self.from_edge[reverse]), states)
        # The mean square of plain's q / D, and its eps.
        power = torch.linalg.vector_norm(found, dim=-1, keepdim=True).square_()
        scale = power.add_(1e-6 * self.width**3).rsqrt_().mul_(math.sqrt(self.width))
        torch.mul(found.view(out.shape), scale.view(*out.shape[:-1], 1), out=out)

    def states(self, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
        """What enters each chunk of a slab from behind, (heads x chunks, D, D); slabs come from the last to the first."""
        return self._states(self._load("k", k, silu=True), self._load("v", v), reverse=True).clone()

    def _states(self, k: torch.Tensor, v: torch.Tensor, reverse: bool) -> torch.Tensor:
        keys = self._decayed(k, self.to_edge[reverse]).transpose(1, 2)
        own = torch.bmm(keys, v, out=self._take("own", len(k), self.width, self.width)).view(
            self.heads, -1, self.width**2
        )
        between, entered = self._distances(own.shape[1], reverse)
        states = torch.bmm(between, own, out=self._take("states", *own.shape))
        states.addcmul_(entered, self.carry[reverse])
        last = slice(0, 1) if reverse else slice(-1, None)
        passed = _decay(self.slopes * self.chunk)
        self.carry[reverse] = torch.addcmul(own[:, last], states[:, last], passed)
        return states.view(len(k), self.width, self.width)

    def _distances(self, chunks: int, reverse: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """The decays of whole chunks: between the chunks of a slab (heads, chunks, chunks), and to the slab's edge."""
        if (chunks, reverse) not in self._between:
            row = torch.arange(chunks, dtype=torch.float32)
            row = row.flip(0) if reverse else row
            apart = row[:, None] - 1 - row
            between = _decay(self.slopes * self.chunk * apart.clamp(min=0)) * (apart >= 0)
            self._between[chunks, reverse] = between, _decay(self.slopes * self.chunk * row[:, None])
        return self._between[chunks, reverse]

    def _decayed(self, x: torch.Tensor, decay: torch.Tensor) -> torch.Tensor:
        return torch.mul(self._by_head(x), decay, out=self._by_head(self._take("decayed", *x.shape))).flatten(0, 1)

    def _by_head(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(self.heads, -1, *x.shape[1:])

    def _load(self, name: str, x: torch.Tensor, silu: bool = False) -> torch.Tensor:
        """A part of a grid's view -> (heads x chunks, tokens, D) of it, contiguous."""
        room = self._take(name, *x.shape)
        if silu:
            torch.ops.aten.silu.out(x, out=room)
        else:
            room.copy_(x)
        return room.view(-1, self.chunk, self.width)

    def _take(self, name: str, *shape: int) -> torch.Tensor:
        """Room that stays from slab to slab; the first is the largest."""
        size = math.prod(shape)
        if name not in self._room or self._room[name].numel() < size:
            self._room[name] = torch.empty(size)
        return self._room[name][:size].view(shape)


def _decay(exponent: torch.Tensor) -> torch.Tensor:
    return torch.exp(-exponent) * (exponent < _NEGLIGIBLE)
