"""What the attention kernels share: where a tile of tokens lies, and what its tokens weigh for each other.

Strides are passed in sixteens of numbers: so every variant is compiled for aligned addresses, whatever the sizes.
A direction is 0 causal, 1 anticausal or 2 bidirectional.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def head_of(x, pair, heads, stride_b, stride_h):
    """Where the tokens of one head of one image begin; `pair` counts heads within images."""
    return x + ((pair // heads).to(tl.int64) * stride_b + (pair % heads).to(tl.int64) * stride_h) * 16


@triton.jit
def slope_of(slopes, pair, heads):
    """Of powers of two, which are what the hardware computes."""
    return tl.load(slopes + pair % heads) * 1.4426950408889634


@triton.jit
def tokens_at(x, n, stride, rows, columns, W: tl.constexpr):
    """Addresses (len(n), W). Token n lies in row n % rows and column n // rows of the image: a scan column by column.
    Row by row is the same with one row of all tokens.
    """
    place = ((n % rows) * columns + n // rows).to(tl.int64) * (stride * 16)
    return x + place[:, None] + tl.arange(0, W)[None, :]


@triton.jit
def load_tokens(x, n, tokens, stride, rows, columns, W: tl.constexpr):
    """Zeros beyond the last token: zeros change no sum."""
    return tl.load(tokens_at(x, n, stride, rows, columns, W), mask=(n < tokens)[:, None], other=0.0)


@triton.jit
def store_tokens(x, n, tokens, stride, rows, columns, tile, W: tl.constexpr):
    tile = tile.to(x.dtype.element_ty)
    tl.store(tokens_at(x, n, stride, rows, columns, W), tile, mask=(n < tokens)[:, None])


@triton.jit
def state_at(states, index, D: tl.constexpr, E: tl.constexpr):
    """Addresses (D, E) of one state."""
    return states + index.to(tl.int64) * (D * E) + tl.arange(0, D)[:, None] * E + tl.arange(0, E)[None, :]


@triton.jit
def features(x, scale, ACTIVATE: tl.constexpr):
    """What the sums take for q and k: themselves, or their SiLU times `scale`."""
    if ACTIVATE:
        wide = x.to(tl.float32)
        return (wide * tl.sigmoid(wide) * scale).to(x.dtype)
    return x


@triton.jit
def through_features(gradient, x, scale, ACTIVATE: tl.constexpr):
    """The gradient of x from that of its features."""
    if ACTIVATE:
        wide = x.to(tl.float32)
        gate = tl.sigmoid(wide)
        return gradient * scale * gate * (1 + wide * (1 - gate))
    return gradient


@triton.jit
def through_norm(gradient, normed, scale, E: tl.constexpr):
    """The gradient of y from that of `normed` = y scale, where scale = 1 / RMS(y)."""
    wide, normed = gradient.to(tl.float32), normed.to(tl.float32)
    along = tl.sum(wide * normed, axis=1) * (1.0 / E)
    return ((wide - normed * along[:, None]) * scale[:, None]).to(gradient.dtype)


@triton.jit
def scores(a, b, i, j, slope, DIRECTION: tl.constexpr, PRECISION: tl.constexpr):
    """a b^T weighted by distance, (len(i), len(j)) float32. What i does not see is 0 even where it is no number."""
    distance = i[:, None] - j[None, :]
    product = tl.dot(a, tl.trans(b), input_precision=PRECISION)
    product *= tl.exp2(-slope * tl.abs(distance).to(tl.float32))
    if DIRECTION == 0:
        product = tl.where(distance >= 0, product, 0.0)
    if DIRECTION == 1:
        product = tl.where(distance <= 0, product, 0.0)
    return product


@triton.jit
def add_seen(total, weights, values, i, j, DIRECTION: tl.constexpr, PRECISION: tl.constexpr):
    """total + weights values. A value that is no number reaches those that see it and, though 0 times it is none
    either, nobody else.
    """
    if DIRECTION == 2:
        return total + tl.dot(weights.to(values.dtype), values, input_precision=PRECISION)
    finite = tl.abs(values.to(tl.float32)) < float("inf")
    clean = tl.where(finite, values, 0.0).to(values.dtype)
    total += tl.dot(weights.to(values.dtype), clean, input_precision=PRECISION)
    if DIRECTION == 0:
        first = tl.min(tl.where(finite, 2147483647, j[:, None]), axis=0)
        return tl.where(i[:, None] >= first[None, :], float("nan"), total)
    last = tl.max(tl.where(finite, -1, j[:, None]), axis=0)
    return tl.where(i[:, None] <= last[None, :], float("nan"), total)


@triton.jit
def times_state(rows, weight, state, PRECISION: tl.constexpr):
    """(rows state) weight. float16 goes through tf32, which has its precision and float32's range."""
    if rows.dtype == tl.bfloat16:
        product = tl.dot(rows, state.to(tl.bfloat16))
    else:
        product = tl.dot(rows.to(tl.float32), state.to(tl.float32), input_precision=PRECISION)
    return product * weight[:, None]


@triton.jit
def load_group(x, n, tokens, stride, rows, columns, CHUNK: tl.constexpr, W: tl.constexpr):
    """Four chunks, of which n is the first: their loads are under way together."""
    a = load_tokens(x, n, tokens, stride, rows, columns, W)
    b = load_tokens(x, n + CHUNK, tokens, stride, rows, columns, W)
    c = load_tokens(x, n + 2 * CHUNK, tokens, stride, rows, columns, W)
    d = load_tokens(x, n + 3 * CHUNK, tokens, stride, rows, columns, W)
    return a, b, c, d


@triton.jit
def store_states(
    ka, kb, kc, kd, va, vb, vc, vd, slope, states, totals, line, lines, group, chunks, groups,
    CHUNK: tl.constexpr, DIRECTION: tl.constexpr, PRECISION: tl.constexpr, D: tl.constexpr, E: tl.constexpr,
):  # fmt: skip
    """Of a group of four chunks: what enters each from the others before it, and the group's total at its end; then,
    `lines` lines further, from the others after it, and the total at the group's start. Nothing enters the outermost.
    """
    place = tl.arange(0, CHUNK)
    if DIRECTION != 1:
        to_end = tl.exp2(-slope * (CHUNK - 1 - place).to(tl.float32))
        _store_side(ka, kb, kc, kd, va, vb, vc, vd, to_end, slope, states, totals, line, group, chunks, groups,
                    1, CHUNK, PRECISION, D, E)  # fmt: skip
        line += lines
    if DIRECTION != 0:
        to_start = tl.exp2(-slope * place.to(tl.float32))
        _store_side(kd, kc, kb, ka, vd, vc, vb, va, to_start, slope, states, totals, line, group, chunks, groups,
                    -1, CHUNK, PRECISION, D, E)  # fmt: skip


@triton.jit
def _store_side(
    ka, kb, kc, kd, va, vb, vc, vd, to_edge, slope, states, totals, line, group, chunks, groups,
    STEP: tl.constexpr, CHUNK: tl.constexpr, PRECISION: tl.constexpr, D: tl.constexpr, E: tl.constexpr,
):  # fmt: skip
    """Chunk b of a side comes after chunk a, and so on; it lies STEP chunks further."""
    decay = tl.exp2(-slope * CHUNK)
    chunk = group * 4 + (STEP if STEP == 1 else 2)
    state = decayed_state(ka, va, to_edge, PRECISION)
    _store_state(states, line, chunk, chunks, state, D, E)
    state = state * decay + decayed_state(kb, vb, to_edge, PRECISION)
    _store_state(states, line, chunk + STEP, chunks, state, D, E)
    state = state * decay + decayed_state(kc, vc, to_edge, PRECISION)
    _store_state(states, line, chunk + 2 * STEP, chunks, state, D, E)
    state = state * decay + decayed_state(kd, vd, to_edge, PRECISION)
    _store_state(totals, line, group, groups, state, D, E)


@triton.jit
def decayed_state(keys, values, weight, PRECISION: tl.constexpr):
    """(keys * weight)^T values, (D, E) float32."""
    return tl.dot(tl.trans((keys * weight[:, None]).to(values.dtype)), values, input_precision=PRECISION)


@triton.jit
def _store_state(states, line, row, rows, state, D: tl.constexpr, E: tl.constexpr):
    tl.store(state_at(states, line * rows + row, D, E), state.to(states.dtype.element_ty), mask=row < rows)


@triton.jit
def entering(
    states, totals, far, line, chunk, chunks, groups, scanned, slope,
    AFTER: tl.constexpr, D: tl.constexpr, E: tl.constexpr,
):  # fmt: skip
    """The state of all chunks before this one, decayed to its start (or after it, to its end); `slope` is a chunk's.

    What lies outside the group comes from the scan, or where there are but a few groups from their totals.
    """
    group = chunk // 4
    gap = 3 - chunk % 4 if AFTER else chunk % 4
    near = tl.load(state_at(states, line * chunks + chunk, D, E), mask=gap > 0, other=0.0).to(tl.float32)
    beyond = tl.load(state_at(far, line * groups + group, D, E), mask=scanned > 0, other=0.0).to(tl.float32)
    count = groups - 1 - group if AFTER else group
    for step in range(tl.where(scanned > 0, 0, count)):
        other = group + 1 + step if AFTER else group - 1 - step
        decay = tl.exp2(-slope * 4.0 * step)
        beyond += decay * tl.load(state_at(totals, line * groups + other, D, E))
    return near + tl.exp2(-slope * gap.to(tl.float32)) * beyond
