"""How the tokens of an image fall into equal chunks of a scan where they lie, without being moved."""

from __future__ import annotations

from dataclasses import dataclass

import torch

_SHORTEST, _CHUNK, _LONGEST = 32, 64, 96
"""Tokens of a chunk: longer ones compute more scores, shorter ones more states."""
_FEW = 2048
"""Up to so many tokens the shortest chunks are the fastest."""


@dataclass(frozen=True)
class Grid:
    """`outer` x `inner` chunks of `lines` x `length` tokens, all counted in the scan's order."""

    by_columns: bool
    outer: int
    inner: int
    lines: int
    length: int

    @property
    def chunk(self) -> int:
        return self.lines * self.length


def choose_grid(height: int, width: int, by_columns: bool) -> Grid | None:
    """The grid whose chunks are nearest to the best length; None where none divides the image."""
    tokens = height * width
    best = _SHORTEST if tokens <= _FEW else _CHUNK
    lengths = sorted(range(_SHORTEST, _LONGEST + 1), key=lambda length: abs(length - best))
    for chunk in (*lengths, tokens) if tokens <= _LONGEST else lengths:
        if not by_columns and tokens % chunk == 0:
            return Grid(by_columns, tokens // chunk, 1, 1, chunk)
        if by_columns and height % chunk == 0:
            return Grid(by_columns, width, height // chunk, 1, chunk)
        if by_columns and chunk % height == 0 and tokens % chunk == 0:
            return Grid(by_columns, tokens // chunk, 1, chunk // height, height)
    return None


def in_chunks(x: torch.Tensor, grid: Grid, parts: int) -> torch.Tensor:
    """x (h, w, C) -> its view (parts, outer, inner, lines, length, C / parts)."""
    if not grid.by_columns:
        x = x.view(grid.outer, grid.inner, grid.lines, grid.length, parts, -1)
    elif grid.lines == 1:
        x = x.view(grid.inner, 1, grid.length, grid.outer, parts, -1).permute(3, 0, 1, 2, 4, 5)
    else:
        x = x.view(grid.length, grid.outer, grid.inner, grid.lines, parts, -1).permute(1, 2, 3, 0, 4, 5)
    return x.permute(4, 0, 1, 2, 3, 5)


def in_order(x: torch.Tensor, by_columns: bool) -> torch.Tensor:
    """x (h, w, C) -> a copy (1, tokens, C) in the scan's order, filled up by zeros to whole chunks."""
    count = x.shape[0] * x.shape[1]
    copy = x.new_zeros(1, count + -count % _CHUNK, x.shape[2])
    ordered = x.transpose(0, 1) if by_columns else x
    copy[0, :count].view(ordered.shape).copy_(ordered)
    return copy
