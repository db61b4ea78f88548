"""Lightning attention straight from qkv, a slab of chunks at a time, so that what is inside stays in the cache.

out = (Q K^T * M) V as in `model.attention.chunk`: masked products inside chunks of tokens, decaying states between them.
A first pass, from the end to the start, leaves the states of what comes after each chunk; a second, from the start,
carries the states of what comes before along and computes what comes out.
"""

from __future__ import annotations

import functools

import torch

from model.layers.processor.grid import Grid, choose_grid, in_chunks, in_order

_SLAB = 96 * 64
"""Tokens of a slab, counted for each head: six arrays of 32 numbers for each are 5 MB."""
_NEGLIGIBLE = 80.0
"""exp(-80) is 2e-35. What is smaller would soon be denormal, which processors are slow at."""

_silu = torch.ops.aten.silu.out


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool) -> torch.Tensor:
    """As `plain.attend`, in float32. What it gives lies where q was, which spares fresh memory."""
    height, width, channels = qkv.shape[1:]
    grid = choose_grid(height, width, by_columns)
    for tokens in qkv:
        if grid is not None:
            _scan(tokens, slopes, direction, grid)
            continue
        ordered = in_order(tokens, by_columns)
        _scan(ordered, slopes, direction, choose_grid(1, ordered.shape[1], by_columns=False))
        tokens = tokens.transpose(0, 1) if by_columns else tokens
        tokens.copy_(ordered[0, : height * width].view(tokens.shape))
    return qkv[..., : channels // 3]


def _scan(tokens: torch.Tensor, slopes: torch.Tensor, direction: str, grid: Grid) -> None:
    """tokens (h, w, 3C); what comes out replaces q."""
    heads = len(slopes)
    size = max(1, round(_SLAB / (heads * grid.inner * grid.chunk)))
    parts = [x.split(size, dim=1) for x in in_chunks(tokens, grid, 3 * heads).split(heads)]
    slabs = _slabs(parts[0], _decays(tuple(slopes.tolist()), direction, grid.chunk))
    carry = dict.fromkeys((False, True), tokens.new_zeros(heads, 1, parts[0][0].shape[-1] ** 2))
    after = []
    if direction != "causal":
        for slab, _, k, v in reversed(list(zip(slabs, *parts, strict=True))):
            slab.load(k, v)
            states, carry[True] = slab.states(carry[True], reverse=True)
            after.append(states)
    for slab, q, k, v in zip(slabs, *parts, strict=True):
        slab.load(k, v)
        entering = {True: after.pop()} if after else {}
        if direction != "anticausal":
            entering[False], carry[False] = slab.states(carry[False], reverse=False)
        slab.attend(q, entering)


def _slabs(parts: tuple[torch.Tensor, ...], decays: _Decays) -> list[_Slab]:
    """A slab for each part; those of one shape are the same."""
    kinds: dict[torch.Size, _Slab] = {}
    return [kinds.setdefault(part.shape, kinds.get(part.shape) or _Slab(part.shape, decays)) for part in parts]


class _Slab:
    """Room for the arrays of a slab, (heads x chunks, tokens of a chunk, D), and what is computed in it.

    Views are made once: there are so many small steps that making them anew takes a tenth of the time.
    """

    def __init__(self, shape: torch.Size, decays: _Decays) -> None:
        """`shape` is that of a grid's view, (heads, outer, inner, lines, length, D)."""
        heads, width = shape[0], shape[-1]
        chunks = shape[1] * shape[2]
        self._decays, self._width, self._single = decays, width, shape[:-1] + (1,)
        self._q, self._k, self._v, self._decayed, self._found = torch.empty(5, heads * chunks, decays.chunk, width)
        self._weights = torch.empty(heads * chunks, decays.chunk, decays.chunk)
        self._own = torch.empty(heads * chunks, width, width)
        self._loaded = {name: getattr(self, name).view(shape) for name in ("_q", "_k", "_v", "_found")}
        by_head = ("_q", "_k", "_decayed", "_weights")
        self._by_head = {name: getattr(self, name).unflatten(0, (heads, chunks)) for name in by_head}
        self._own_rows = self._own.view(heads, chunks, width * width)
        self._between = {side: decays.of_chunks(chunks, side) for side in decays.sides}

    def load(self, k: torch.Tensor, v: torch.Tensor) -> None:
        """Parts of a grid's view."""
        _silu(k, out=self._loaded["_k"])
        self._loaded["_v"].copy_(v)

    def states(self, carry: torch.Tensor, reverse: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """What enters each chunk from before, (heads x chunks, D, D), and what the slab hands on; so does `carry`."""
        torch.mul(self._by_head["_k"], self._decays.to_edge[reverse], out=self._by_head["_decayed"])
        torch.bmm(self._decayed.transpose(1, 2), self._v, out=self._own)
        between, from_edge = self._between[reverse]
        states = torch.bmm(between, self._own_rows).addcmul_(from_edge, carry)
        last = slice(0, 1) if reverse else slice(-1, None)
        carry = torch.addcmul(self._own_rows[:, last], states[:, last], self._decays.whole)
        return states.view(self._own.shape), carry

    def attend(self, q: torch.Tensor, entering: dict[bool, torch.Tensor]) -> None:
        """Replace q, a part of a grid's view, by what comes out; `entering` are the states of each side."""
        _silu(q, out=self._loaded["_q"])
        torch.bmm(self._q, self._k.transpose(1, 2), out=self._weights)
        self._by_head["_weights"].mul_(self._decays.inside)
        found = torch.bmm(self._weights, self._v, out=self._found)
        for reverse, states in entering.items():
            torch.mul(self._by_head["_q"], self._decays.from_edge[reverse], out=self._by_head["_decayed"])
            found.baddbmm_(self._decayed, states)
        # The root mean square of plain's q / D, and its eps.
        size = torch.linalg.vector_norm(found, dim=-1, keepdim=True).mul_(self._width**-0.5)
        size = size.hypot_(size.new_tensor(1e-3 * self._width))
        torch.div(self._loaded["_found"], size.view(self._single), out=q)


@functools.lru_cache(maxsize=32)
def _decays(slopes: tuple[float, ...], direction: str, chunk: int) -> _Decays:
    """Kept for the few scans of a network: to compute them takes as long as a tenth of a small scan."""
    return _Decays(slopes, direction, chunk)


class _Decays:
    """What of the distance between two tokens lies inside a chunk, from a token to its chunk's edge, and beyond.

    `reverse` is for what comes after, instead of before.
    """

    def __init__(self, slopes: tuple[float, ...], direction: str, chunk: int) -> None:
        self.slopes, self.chunk = torch.tensor(slopes)[:, None, None], chunk
        self.sides = {"causal": (False,), "anticausal": (True,)}.get(direction, (False, True))
        step = torch.arange(chunk, dtype=torch.float32)
        distance = step[:, None] - step
        seen = {"causal": distance >= 0, "anticausal": distance <= 0}.get(direction, torch.ones(()))
        self.inside = (_decay(self.slopes * distance.abs()) * seen)[:, None]
        steps = {False: step[:, None], True: step.flip(0)[:, None]}
        self.to_edge = {side: _decay(self.slopes * (chunk - 1 - steps[side]))[:, None] for side in self.sides}
        self.from_edge = {side: _decay(self.slopes * (steps[side] + 1))[:, None] for side in self.sides}
        self.whole = _decay(self.slopes * chunk)
        self.of_chunks = functools.lru_cache(maxsize=8)(self._of_chunks)

    def _of_chunks(self, chunks: int, reverse: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Between the chunks of a slab (heads, chunks, chunks), and from the slab's edge to each (heads, chunks, 1)."""
        row = torch.arange(chunks, dtype=torch.float32)
        row = row.flip(0) if reverse else row
        apart = row[:, None] - 1 - row
        between = _decay(self.slopes * self.chunk * apart.clamp(min=0)) * (apart >= 0)
        return between, _decay(self.slopes * self.chunk * row[:, None])


def _decay(exponent: torch.Tensor) -> torch.Tensor:
    return torch.exp(-exponent) * (exponent < _NEGLIGIBLE)
