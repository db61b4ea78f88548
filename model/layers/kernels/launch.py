"""What all kernels of the layers share: how a launch is laid out, and how sums over tokens are taken."""

from __future__ import annotations

import contextlib

import torch
import triton
import triton.language as tl

PROGRAMS = 512
"""Programs that share a sum over all tokens: each adds up its part in a fixed order, so results repeat to the bit."""


def on_device(x: torch.Tensor) -> contextlib.AbstractContextManager:
    """A launch goes to the current device, which need not be that of `x`."""
    return torch.cuda.device(x.device) if x.is_cuda else contextlib.nullcontext()


def rows_of(block: int, elements: int = 2048) -> int:
    """Rows of a tile of `block` columns that holds about as many elements as are asked for."""
    return max(1, elements // block)


def warps_of(elements: int) -> int:
    """Warps that give each thread 16 elements of a tile."""
    return min(16, max(1, elements // 512))


def column_sums(x: torch.Tensor) -> torch.Tensor:
    """(rows, columns) -> (columns,) float32."""
    rows, columns = x.shape
    block_c = min(128, triton.next_power_of_2(columns))
    block_r = rows_of(block_c, 4096)
    parts = triton.cdiv(columns, block_c)
    programs = max(1, min(PROGRAMS // parts, triton.cdiv(rows, block_r)))
    partials = x.new_empty(programs, columns, dtype=torch.float32)
    with on_device(x):
        _column_sums[programs, parts](x, partials, rows, columns, block_r, block_c, num_warps=4)
    return sum_rows(partials)


def sum_rows(partials: torch.Tensor) -> torch.Tensor:
    """(programs, ...) float32 -> (...), always in the same order."""
    programs, columns = len(partials), partials[0].numel()
    out = partials.new_empty(partials.shape[1:])
    with on_device(partials):
        _sum_rows[(triton.cdiv(columns, 32),)](partials, out, programs, columns, 64, 32, num_warps=4)
    return out


@triton.jit(do_not_specialize=["rows", "columns"])
def _sum_rows(x, out, rows, columns, block_r: tl.constexpr, block_c: tl.constexpr):
    column = tl.program_id(0) * block_c + tl.arange(0, block_c)
    total = tl.zeros((block_r, block_c), tl.float32)
    for start in range(0, rows, block_r):
        row = start + tl.arange(0, block_r)[:, None]
        total += tl.load(x + row * columns + column, mask=(row < rows) & (column < columns), other=0.0)
    tl.store(out + column, tl.sum(total, 0), mask=column < columns)


@triton.jit(do_not_specialize=["rows"])
def _column_sums(x, partials, rows, columns: tl.constexpr, block_r: tl.constexpr, block_c: tl.constexpr):
    program = tl.program_id(0)
    column = tl.program_id(1) * block_c + tl.arange(0, block_c)
    inside = column < columns
    total = tl.zeros((block_r, block_c), tl.float32)
    for start in range(program * block_r, rows, tl.num_programs(0) * block_r):
        row = start + tl.arange(0, block_r)
        tile = x + row.to(tl.int64)[:, None] * columns + column
        total += tl.load(tile, mask=(row < rows)[:, None] & inside, other=0.0).to(tl.float32)
    tl.store(partials + program * columns + column, tl.sum(total, 0), mask=inside)
