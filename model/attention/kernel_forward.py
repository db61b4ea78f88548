"""The forward kernels: the states of the chunks, their sums over groups of chunks, the outputs; or all in one launch.

A chunk's state is k^T v of its tokens, decayed to the chunk's end (what follows sees it so) and to its start. One program
sums those of a group of four; a scan over the groups' totals adds what lies further away. An output is the masked product
inside its own chunk plus q times the states that enter it. Loads stand before what needs them: they wait together.
"""

from __future__ import annotations

import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

from model.attention.kernel_tiles import (
    add_seen,
    entering,
    features,
    head_of,
    load_group,
    load_tokens,
    scores,
    slope_of,
    store_states,
    store_tokens,
    times_state,
)

SIZES = ["heads", "pairs", "tokens", "chunks", "groups", "rows", "columns", "keep", "scanned", "reversed_sides"]
STRIDES = [f"{name}_{axis}" for name in "qkvo" for axis in "bhn"]


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def states_kernel(
    k, v, slopes, states, totals, k_b, k_h, k_n, v_b, v_h, v_n, heads, pairs, tokens, chunks, groups, rows, columns,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, SLICES: tl.constexpr, DIRECTION: tl.constexpr,
    ACTIVATE: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """states[line, chunk] and totals[line, group] (D, E), see `store_states`.

    A line is a side, a pair of image and head, and a slice of v's width. Program: a line of the first side, and group.
    """
    line, group = tl.program_id(0) // groups, tl.program_id(0) % groups
    pair, part = line // SLICES, line % SLICES
    n = group * (4 * CHUNK) + tl.arange(0, CHUNK)
    k = head_of(k, pair, heads, k_b, k_h)
    v = head_of(v, pair, heads, v_b, v_h) + part * E
    ka, kb, kc, kd = load_group(k, n, tokens, k_n, rows, columns, CHUNK, D)
    va, vb, vc, vd = load_group(v, n, tokens, v_n, rows, columns, CHUNK, E)
    ka, kb = features(ka, 1.0, ACTIVATE), features(kb, 1.0, ACTIVATE)
    kc, kd = features(kc, 1.0, ACTIVATE), features(kd, 1.0, ACTIVATE)
    if DEPENDENT:
        gdc_launch_dependents()
    slope = slope_of(slopes, pair, heads)
    store_states(
        ka, kb, kc, kd, va, vb, vc, vd, slope, states, totals, line, pairs * SLICES, group, chunks, groups,
        CHUNK, DIRECTION, PRECISION, D, E,
    )  # fmt: skip


@triton.jit(do_not_specialize=[*SIZES])
def scan_kernel(
    totals, far, slopes, heads, pairs, tokens, groups, reversed_sides,
    SLICES: tl.constexpr, SIZE: tl.constexpr, WIDE: tl.constexpr, RUN: tl.constexpr,
    DIRECTION: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """For a moderate number of groups, see `_scan`."""
    _scan(totals, far, slopes, heads, pairs, tokens, groups, reversed_sides,
          SLICES, SIZE, WIDE, RUN, DIRECTION, PRECISION, DEPENDENT)  # fmt: skip


@triton.jit(do_not_specialize=[*SIZES])
def long_scan_kernel(
    totals, far, slopes, heads, pairs, tokens, groups, reversed_sides,
    SLICES: tl.constexpr, SIZE: tl.constexpr, WIDE: tl.constexpr, RUN: tl.constexpr,
    DIRECTION: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """The same for many, in longer runs. RUN is a constant of a kernel, so each has one of its own, and one variant."""
    _scan(totals, far, slopes, heads, pairs, tokens, groups, reversed_sides,
          SLICES, SIZE, WIDE, RUN, DIRECTION, PRECISION, DEPENDENT)  # fmt: skip


@triton.jit
def _scan(
    totals, far, slopes, heads, pairs, tokens, groups, reversed_sides,
    SLICES: tl.constexpr, SIZE: tl.constexpr, WIDE: tl.constexpr, RUN: tl.constexpr,
    DIRECTION: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """far[line, group]: the totals of all groups before this one (on a reversed side: after it), decayed to its edge.
    Groups have `tokens` each.

    Program: a line, and WIDE of a state's SIZE numbers. RUN groups at a time are one product with a matrix of decays.
    """
    line = tl.program_id(0) // (SIZE // WIDE)
    pair = line // SLICES % pairs
    reverse = (reversed_sides >> (line // SLICES // pairs)) & 1
    inside = tl.program_id(0) % (SIZE // WIDE) * WIDE + tl.arange(0, WIDE)
    slope = slope_of(slopes, pair, heads) * tokens
    row = tl.arange(0, RUN)
    before = tl.maximum(row[:, None] - 1 - row[None, :], 0)
    decays = tl.where(row[:, None] > row[None, :], tl.exp2(-slope * before.to(tl.float32)), 0.0)
    from_start = tl.exp2(-slope * row.to(tl.float32))
    to_end = tl.exp2(-slope * (RUN - 1 - row).to(tl.float32))
    carry = tl.zeros((WIDE,), tl.float32)
    if DEPENDENT:
        gdc_wait()
        gdc_launch_dependents()
    for begin in range(0, groups, RUN):
        group = begin + row
        group = tl.where(reverse == 1, groups - 1 - group, group)
        at = (line * groups + group).to(tl.int64)[:, None] * SIZE + inside[None, :]
        mask = (begin + row < groups)[:, None]
        total = tl.load(totals + at, mask=mask, other=0.0)
        sums = from_start[:, None] * carry[None, :]
        sums = add_seen(sums, decays, total, row - 1, row, 0 if DIRECTION != 2 else 2, PRECISION)
        tl.store(far + at, sums.to(far.dtype.element_ty), mask=mask)
        if begin + RUN < groups:
            carry = carry * tl.exp2(-slope * RUN) + tl.sum(total * to_end[:, None], axis=0)


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def outputs_kernel(
    q, k, v, out, scales, slopes, states, totals, far,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, o_b, o_h, o_n,
    heads, pairs, tokens, chunks, groups, rows, columns, keep, scanned,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, SLICES: tl.constexpr, DIRECTION: tl.constexpr,
    ACTIVATE: tl.constexpr, NORM: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """The outputs of one chunk. Program: pair, slice of v's width, and chunk."""
    line, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    pair, part = line // SLICES, line % SLICES
    slope = slope_of(slopes, pair, heads)
    n = chunk * CHUNK + tl.arange(0, CHUNK)
    place = tl.arange(0, CHUNK).to(tl.float32)
    queries = load_tokens(head_of(q, pair, heads, q_b, q_h), n, tokens, q_n, rows, columns, D)
    keys = load_tokens(head_of(k, pair, heads, k_b, k_h), n, tokens, k_n, rows, columns, D)
    values = load_tokens(head_of(v, pair, heads, v_b, v_h) + part * E, n, tokens, v_n, rows, columns, E)
    queries, keys = features(queries, 1.0 / D, ACTIVATE), features(keys, 1.0, ACTIVATE)
    weights = scores(queries, keys, n, n, slope, DIRECTION, PRECISION)
    total = add_seen(tl.zeros((CHUNK, E), tl.float32), weights, values, n, n, DIRECTION, PRECISION)
    if DEPENDENT:
        gdc_wait()
    if DIRECTION != 1:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, False, D, E)
        total += times_state(queries, tl.exp2(-slope * (place + 1)), state, PRECISION)
        line += pairs * SLICES
    if DIRECTION != 0:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, True, D, E)
        total += times_state(queries, tl.exp2(-slope * (CHUNK - place)), state, PRECISION)
    finish(out, scales, total, pair, part, n, tokens, heads, o_b, o_h, o_n, rows, columns, keep, E, NORM)


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def short_kernel(
    q, k, v, out, scales, slopes, q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, o_b, o_h, o_n,
    heads, tokens, rows, columns, keep,
    D: tl.constexpr, E: tl.constexpr, BLOCK: tl.constexpr, PART: tl.constexpr, SLICES: tl.constexpr,
    DIRECTION: tl.constexpr, ACTIVATE: tl.constexpr, NORM: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """BLOCK outputs from all tokens, PART of them at a time: quadratic, and the fastest for few tokens."""
    blocks = tl.cdiv(tokens, BLOCK)
    line, block = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    pair, part = line // SLICES, line % SLICES
    slope = slope_of(slopes, pair, heads)
    k = head_of(k, pair, heads, k_b, k_h)
    v = head_of(v, pair, heads, v_b, v_h) + part * E
    i = block * BLOCK + tl.arange(0, BLOCK)
    queries = load_tokens(head_of(q, pair, heads, q_b, q_h), i, tokens, q_n, rows, columns, D)
    queries = features(queries, 1.0 / D, ACTIVATE)
    total = tl.zeros((BLOCK, E), tl.float32)
    for begin in range(0, tokens, PART):
        j = begin + tl.arange(0, PART)
        keys = load_tokens(k, j, tokens, k_n, rows, columns, D)
        values = load_tokens(v, j, tokens, v_n, rows, columns, E)
        keys = features(keys, 1.0, ACTIVATE)
        weights = scores(queries, keys, i, j, slope, DIRECTION, PRECISION)
        total = add_seen(total, weights, values, i, j, DIRECTION, PRECISION)
    finish(out, scales, total, pair, part, i, tokens, heads, o_b, o_h, o_n, rows, columns, keep, E, NORM)


@triton.jit
def finish(
    out, scales, total, pair, part, n, tokens, heads, o_b, o_h, o_n, rows, columns, keep,
    E: tl.constexpr, NORM: tl.constexpr,
):  # fmt: skip
    """Store the outputs, where asked for at unit RMS, and then for a backward what they were multiplied with."""
    if NORM:
        scale = tl.rsqrt(tl.sum(total * total, axis=1) * (1.0 / E) + 1e-6)
        total *= scale[:, None]
        tl.store(scales + pair.to(tl.int64) * tokens + n, scale, mask=(n < tokens) & (keep > 0))
    store_tokens(head_of(out, pair, heads, o_b, o_h) + part * E, n, tokens, o_n, rows, columns, total, E)
