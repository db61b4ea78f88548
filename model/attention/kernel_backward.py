"""The backward kernels: with out = (Q K^T * M) V, all three gradients are sums like the forward's.

dQ = (dO V^T * M) K takes the forward's states k^T v, transposed; dK = (V dO^T * M^T) Q and dV = (K Q^T * M^T) dO take
the states q^T dO of the opposite sides. Both are made in one launch, and so are the gradients.
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
    through_features,
    through_norm,
    times_state,
)

_SIZES = ["heads", "pairs", "tokens", "chunks", "groups", "rows", "columns", "scanned"]
_STRIDES = [f"{name}_{axis}" for name in "qkvgdw" for axis in "bhn"]


@triton.jit
def _gradient(g, normed, scales, n, tokens, g_n, rows, columns, E: tl.constexpr, NORM: tl.constexpr):
    """Tokens n of dO, before the norm."""
    gradient = load_tokens(g, n, tokens, g_n, rows, columns, E)
    if NORM:
        gradient = _unnormed(gradient, load_tokens(normed, n, tokens, g_n, rows, columns, E), scales, n, tokens, E)
    return gradient


@triton.jit
def _unnormed(gradient, normed, scales, n, tokens, E: tl.constexpr):
    return through_norm(gradient, normed, tl.load(scales + n, mask=n < tokens, other=0.0), E)


@triton.jit(do_not_specialize=[*_SIZES, *_STRIDES])
def backward_states_kernel(
    q, k, v, g, normed, scales, slopes, states, totals,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, g_b, g_h, g_n, heads, pairs, tokens, chunks, groups, rows, columns,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, DIRECTION: tl.constexpr, TRANSPOSED: tl.constexpr,
    ACTIVATE: tl.constexpr, NORM: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """As `states_kernel`: half of the programs the lines of k^T v, half those of q^T dO, on the opposite sides."""
    if DEPENDENT:
        gdc_launch_dependents()
    pair, group = tl.program_id(0) // groups, tl.program_id(0) % groups
    n = group * (4 * CHUNK) + tl.arange(0, CHUNK)
    if pair < pairs:
        slope = slope_of(slopes, pair, heads)
        k, v = head_of(k, pair, heads, k_b, k_h), head_of(v, pair, heads, v_b, v_h)
        ka, kb, kc, kd = load_group(k, n, tokens, k_n, rows, columns, CHUNK, D)
        va, vb, vc, vd = load_group(v, n, tokens, v_n, rows, columns, CHUNK, E)
        ka, kb = features(ka, 1.0, ACTIVATE), features(kb, 1.0, ACTIVATE)
        kc, kd = features(kc, 1.0, ACTIVATE), features(kd, 1.0, ACTIVATE)
        store_states(
            ka, kb, kc, kd, va, vb, vc, vd, slope, states, totals, pair, pairs, group, chunks, groups,
            CHUNK, DIRECTION, PRECISION, D, E,
        )  # fmt: skip
    else:
        line = pair + pairs if DIRECTION == 2 else pair
        pair -= pairs
        slope = slope_of(slopes, pair, heads)
        q, g = head_of(q, pair, heads, q_b, q_h), head_of(g, pair, heads, g_b, g_h)
        normed, scales = head_of(normed, pair, heads, g_b, g_h), scales + pair.to(tl.int64) * tokens
        qa, qb, qc, qd = load_group(q, n, tokens, q_n, rows, columns, CHUNK, D)
        ga, gb, gc, gd = load_group(g, n, tokens, g_n, rows, columns, CHUNK, E)
        if NORM:
            na, nb, nc, nd = load_group(normed, n, tokens, g_n, rows, columns, CHUNK, E)
            ga, gb = _unnormed(ga, na, scales, n, tokens, E), _unnormed(gb, nb, scales, n + CHUNK, tokens, E)
            gc = _unnormed(gc, nc, scales, n + 2 * CHUNK, tokens, E)
            gd = _unnormed(gd, nd, scales, n + 3 * CHUNK, tokens, E)
        qa, qb = features(qa, 1.0 / D, ACTIVATE), features(qb, 1.0 / D, ACTIVATE)
        qc, qd = features(qc, 1.0 / D, ACTIVATE), features(qd, 1.0 / D, ACTIVATE)
        store_states(
            qa, qb, qc, qd, ga, gb, gc, gd, slope, states, totals, line, pairs, group, chunks, groups,
            CHUNK, TRANSPOSED, PRECISION, D, E,
        )  # fmt: skip


@triton.jit(do_not_specialize=[*_SIZES, *_STRIDES])
def gradients_kernel(
    q, k, v, g, normed, scales, slopes, states, totals, far, dq, dk, dv,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, g_b, g_h, g_n, d_b, d_h, d_n, w_b, w_h, w_n,
    heads, pairs, tokens, chunks, groups, rows, columns, scanned,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, DIRECTION: tl.constexpr, TRANSPOSED: tl.constexpr,
    ACTIVATE: tl.constexpr, NORM: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """The gradients of one chunk. Program: pair and chunk."""
    pair, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    slope = slope_of(slopes, pair, heads)
    n = chunk * CHUNK + tl.arange(0, CHUNK)
    place = tl.arange(0, CHUNK).to(tl.float32)
    from_start, from_end = tl.exp2(-slope * (place + 1)), tl.exp2(-slope * (CHUNK - place))
    q_raw = load_tokens(head_of(q, pair, heads, q_b, q_h), n, tokens, q_n, rows, columns, D)
    k_raw = load_tokens(head_of(k, pair, heads, k_b, k_h), n, tokens, k_n, rows, columns, D)
    values = load_tokens(head_of(v, pair, heads, v_b, v_h), n, tokens, v_n, rows, columns, E)
    g, normed = head_of(g, pair, heads, g_b, g_h), head_of(normed, pair, heads, g_b, g_h)
    scales += pair.to(tl.int64) * tokens
    gradient = _gradient(g, normed, scales, n, tokens, g_n, rows, columns, E, NORM)
    queries, keys = features(q_raw, 1.0 / D, ACTIVATE), features(k_raw, 1.0, ACTIVATE)
    zeros_d, zeros_e = tl.zeros((CHUNK, D), tl.float32), tl.zeros((CHUNK, E), tl.float32)
    weights = scores(gradient, values, n, n, slope, DIRECTION, PRECISION)
    to_q = add_seen(zeros_d, weights, keys, n, n, DIRECTION, PRECISION)
    weights = scores(values, gradient, n, n, slope, TRANSPOSED, PRECISION)
    to_k = add_seen(zeros_d, weights, queries, n, n, TRANSPOSED, PRECISION)
    weights = scores(keys, queries, n, n, slope, TRANSPOSED, PRECISION)
    to_v = add_seen(zeros_e, weights, gradient, n, n, TRANSPOSED, PRECISION)
    if DEPENDENT:
        gdc_wait()
    line = pair
    if DIRECTION != 1:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, False, D, E)
        to_q += times_state(gradient, from_start, tl.trans(state), PRECISION)
        line += pairs
    if DIRECTION != 0:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, True, D, E)
        to_q += times_state(gradient, from_end, tl.trans(state), PRECISION)
        line += pairs
    if TRANSPOSED != 1:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, False, D, E)
        to_k += times_state(values, from_start, tl.trans(state), PRECISION)
        to_v += times_state(keys, from_start, state, PRECISION)
        line += pairs
    if TRANSPOSED != 0:
        state = entering(states, totals, far, line, chunk, chunks, groups, scanned, slope * CHUNK, True, D, E)
        to_k += times_state(values, from_end, tl.trans(state), PRECISION)
        to_v += times_state(keys, from_end, state, PRECISION)
    to_q, to_k = through_features(to_q, q_raw, 1.0 / D, ACTIVATE), through_features(to_k, k_raw, 1.0, ACTIVATE)
    store_tokens(head_of(dq, pair, heads, d_b, d_h), n, tokens, d_n, rows, columns, to_q, D)
    store_tokens(head_of(dk, pair, heads, d_b, d_h), n, tokens, d_n, rows, columns, to_k, D)
    store_tokens(head_of(dv, pair, heads, w_b, w_h), n, tokens, w_n, rows, columns, to_v, E)


@triton.jit(do_not_specialize=[*_SIZES, *_STRIDES])
def short_gradients_kernel(
    q, k, v, g, normed, scales, slopes, dq, dk, dv,
    q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, g_b, g_h, g_n, d_b, d_h, d_n, w_b, w_h, w_n,
    heads, tokens, rows, columns,
    D: tl.constexpr, E: tl.constexpr, BLOCK: tl.constexpr, PART: tl.constexpr,
    DIRECTION: tl.constexpr, TRANSPOSED: tl.constexpr,
    ACTIVATE: tl.constexpr, NORM: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """The gradients of BLOCK tokens from all tokens, PART of them at a time."""
    blocks = tl.cdiv(tokens, BLOCK)
    pair, block = tl.program_id(0) // blocks, tl.program_id(0) % blocks
    slope = slope_of(slopes, pair, heads)
    q, k = head_of(q, pair, heads, q_b, q_h), head_of(k, pair, heads, k_b, k_h)
    v, g = head_of(v, pair, heads, v_b, v_h), head_of(g, pair, heads, g_b, g_h)
    normed, scales = head_of(normed, pair, heads, g_b, g_h), scales + pair.to(tl.int64) * tokens
    i = block * BLOCK + tl.arange(0, BLOCK)
    keys = features(load_tokens(k, i, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
    values = load_tokens(v, i, tokens, v_n, rows, columns, E)
    gradient = _gradient(g, normed, scales, i, tokens, g_n, rows, columns, E, NORM)
    to_q, to_k = tl.zeros((BLOCK, D), tl.float32), tl.zeros((BLOCK, D), tl.float32)
    to_v = tl.zeros((BLOCK, E), tl.float32)
    for begin in range(0, tokens, PART):
        j = begin + tl.arange(0, PART)
        their_queries = load_tokens(q, j, tokens, q_n, rows, columns, D)
        their_keys = load_tokens(k, j, tokens, k_n, rows, columns, D)
        their_values = load_tokens(v, j, tokens, v_n, rows, columns, E)
        their_gradient = _gradient(g, normed, scales, j, tokens, g_n, rows, columns, E, NORM)
        their_queries = features(their_queries, 1.0 / D, ACTIVATE)
        their_keys = features(their_keys, 1.0, ACTIVATE)
        weights = scores(gradient, their_values, i, j, slope, DIRECTION, PRECISION)
        to_q = add_seen(to_q, weights, their_keys, i, j, DIRECTION, PRECISION)
        weights = scores(values, their_gradient, i, j, slope, TRANSPOSED, PRECISION)
        to_k = add_seen(to_k, weights, their_queries, i, j, TRANSPOSED, PRECISION)
        weights = scores(keys, their_queries, i, j, slope, TRANSPOSED, PRECISION)
        to_v = add_seen(to_v, weights, their_gradient, i, j, TRANSPOSED, PRECISION)
    to_q = through_features(to_q, load_tokens(q, i, tokens, q_n, rows, columns, D), 1.0 / D, ACTIVATE)
    to_k = through_features(to_k, load_tokens(k, i, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
    store_tokens(head_of(dq, pair, heads, d_b, d_h), i, tokens, d_n, rows, columns, to_q, D)
    store_tokens(head_of(dk, pair, heads, d_b, d_h), i, tokens, d_n, rows, columns, to_k, D)
    store_tokens(head_of(dv, pair, heads, w_b, w_h), i, tokens, w_n, rows, columns, to_v, E)
