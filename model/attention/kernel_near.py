"""The forward for up to some hundred chunks, in two launches: the chunks' states, then the outputs.

An output sums the states of the other chunks itself, as far away as their weight still counts. For images of the usual
sizes that is faster than a scan in between, which `kernel_forward` has for longer ones.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from model.attention.kernel_forward import SIZES, STRIDES, finish
from model.attention.kernel_tiles import (
    add_seen,
    decayed_state,
    features,
    head_of,
    load_tokens,
    scores,
    slope_of,
    state_at,
    times_state,
)

_CHUNK, _PART = 128, 64
_MOST = 256
"""Chunks: with no decay at all an output reads the states of them all."""
_MOST_ACTIVATED = 8
_REACH = {torch.float16: 17.0, torch.bfloat16: 17.0, torch.float32: 29.0}
"""Powers of two that a state may have decayed by; what is less is below the rounding of the sum."""


def suits(width: int, value_width: int, dtype: torch.dtype, tokens: int, activate: bool) -> bool:
    """Whether these kernels fit into 99 KB of shared memory, and are the faster ones.

    With SiLU, which they compute twice for k, they are so for few chunks only: for 8 images of 1024 tokens an H200 took
    33 us with them and 46 us with a scan, for 8 of 16384 tokens 146 us and 117 us.
    """
    most = _MOST_ACTIVATED if activate else _MOST
    fits = max(width, value_width) <= (32 if dtype == torch.float32 else 64)
    return fits and triton.cdiv(tokens, _CHUNK) <= min(most, _MOST)


def launch(
    tensors: tuple[torch.Tensor, ...], slopes: torch.Tensor, scales: torch.Tensor, strides: tuple[int, ...],
    order: tuple[int, int], keep: bool, **kind: object,
) -> None:  # fmt: skip
    """`tensors` are q, k, v (B, H, N, D or E) and the outputs; see `kernel_launch.forward` for the others."""
    q, k, v, out = tensors
    (batch, heads, tokens, width), value_width = q.shape, v.shape[-1]
    pairs, chunks = batch * heads, triton.cdiv(tokens, _CHUNK)
    sides = 2 if kind["DIRECTION"] == 2 else 1
    states = torch.empty(sides * pairs * chunks * width * value_width, dtype=torch.float32, device=q.device)
    shape = {"D": width, "E": value_width, "CHUNK": _CHUNK, "PART": _PART, "num_warps": 4}
    sizes, norm = (heads, pairs, tokens, chunks, *order), kind.pop("NORM")
    near_states_kernel[(pairs * chunks,)](k, v, slopes, states, *strides[3:9], *sizes, **shape, **kind)
    near_outputs_kernel[(pairs * chunks,)](
        q, k, v, out, scales, slopes, states, *strides, *sizes, int(keep),
        **shape, **kind, NORM=norm, REACH=_REACH[q.dtype], num_stages=2,
    )  # fmt: skip


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def near_states_kernel(
    k, v, slopes, states, k_b, k_h, k_n, v_b, v_h, v_n, heads, pairs, tokens, chunks, rows, columns,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, PART: tl.constexpr, DIRECTION: tl.constexpr,
    ACTIVATE: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """states[side, pair, chunk] (D, E): k^T v decayed to the chunk's end, which what follows sees; then to its start.

    A one-sided direction has one side. Program: pair and chunk.
    """
    pair, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    slope = slope_of(slopes, pair, heads)
    k, v = head_of(k, pair, heads, k_b, k_h), head_of(v, pair, heads, v_b, v_h)
    to_end, to_start = tl.zeros((D, E), tl.float32), tl.zeros((D, E), tl.float32)
    for begin in tl.static_range(0, CHUNK, PART):
        place = begin + tl.arange(0, PART)
        n = chunk * CHUNK + place
        keys = features(load_tokens(k, n, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
        values = load_tokens(v, n, tokens, v_n, rows, columns, E)
        if DIRECTION != 1:
            to_end += decayed_state(keys, values, tl.exp2(-slope * (CHUNK - 1 - place).to(tl.float32)), PRECISION)
        if DIRECTION != 0:
            to_start += decayed_state(keys, values, tl.exp2(-slope * place.to(tl.float32)), PRECISION)
    if DIRECTION != 1:
        tl.store(state_at(states, pair * chunks + chunk, D, E), to_end)
        pair += pairs
    if DIRECTION != 0:
        tl.store(state_at(states, pair * chunks + chunk, D, E), to_start)


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def near_outputs_kernel(
    q, k, v, out, scales, slopes, states, q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, o_b, o_h, o_n,
    heads, pairs, tokens, chunks, rows, columns, keep,
    D: tl.constexpr, E: tl.constexpr, CHUNK: tl.constexpr, PART: tl.constexpr, DIRECTION: tl.constexpr,
    ACTIVATE: tl.constexpr, PRECISION: tl.constexpr, NORM: tl.constexpr, REACH: tl.constexpr,
):  # fmt: skip
    """The outputs of one chunk, from its own tokens PART at a time. Program: pair and chunk."""
    pair, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    slope = slope_of(slopes, pair, heads)
    k, v = head_of(k, pair, heads, k_b, k_h), head_of(v, pair, heads, v_b, v_h)
    i = chunk * CHUNK + tl.arange(0, CHUNK)
    place = tl.arange(0, CHUNK).to(tl.float32)
    queries = load_tokens(head_of(q, pair, heads, q_b, q_h), i, tokens, q_n, rows, columns, D)
    queries = features(queries, 1.0 / D, ACTIVATE)
    total = tl.zeros((CHUNK, E), tl.float32)
    line = pair
    if DIRECTION != 1:
        state = _others(states, line * chunks + chunk, chunk, -1, slope * CHUNK, REACH, D, E)
        total += times_state(queries, tl.exp2(-slope * (place + 1)), state, PRECISION)
        line += pairs
    if DIRECTION != 0:
        state = _others(states, line * chunks + chunk, chunks - 1 - chunk, 1, slope * CHUNK, REACH, D, E)
        total += times_state(queries, tl.exp2(-slope * (CHUNK - place)), state, PRECISION)
    for begin in range(0, CHUNK, PART):
        j = chunk * CHUNK + begin + tl.arange(0, PART)
        keys = features(load_tokens(k, j, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
        values = load_tokens(v, j, tokens, v_n, rows, columns, E)
        weights = scores(queries, keys, i, j, slope, DIRECTION, PRECISION)
        total = add_seen(total, weights, values, i, j, DIRECTION, PRECISION)
    finish(out, scales, total, pair, 0, i, tokens, heads, o_b, o_h, o_n, rows, columns, keep, E, NORM)


@triton.jit
def _others(
    states, own, count, STEP: tl.constexpr, slope, REACH: tl.constexpr, D: tl.constexpr, E: tl.constexpr
):  # fmt: skip
    """The states of the `count` chunks on one side of `own`, decayed to its edge; `slope` is a chunk's."""
    reach = tl.minimum(REACH / slope + 1, 1.0e9).to(tl.int32)
    total = tl.zeros((D, E), tl.float32)
    for step in range(tl.minimum(count, reach)):
        total += tl.exp2(-slope * step) * tl.load(state_at(states, own + STEP * (step + 1), D, E))
    return total
