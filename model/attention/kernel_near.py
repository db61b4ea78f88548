"""The bidirectional forward for up to some hundred chunks, in two launches: the chunks' states, then the outputs.

An output sums the states of the other chunks itself, as far away as their weight still counts. For images of the usual
sizes that is faster than a scan in between, which `kernel_forward` has for longer ones.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from triton.language.extra.cuda import gdc_launch_dependents, gdc_wait

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
_REGISTERS = 168
"""Of a thread: three blocks run on a processor at once, and all of a 512x512 image's at the same time."""
_MOST = 256
"""Chunks: with no decay at all an output reads the states of them all."""
_REACH = {torch.float16: 17.0, torch.bfloat16: 17.0, torch.float32: 29.0}
"""Powers of two that a state may have decayed by; what is less is below the rounding of the sum."""


def suits(width: int, value_width: int, dtype: torch.dtype, tokens: int, direction: int) -> bool:
    """Whether these kernels fit into 99 KB of shared memory, and are the faster ones.

    Both ways, for an image of 16384 tokens an H200 took 12.4 us with them and 16.2 us with a scan, for eight of them 88
    us and 105 us; one way 13.3 and 12.7, 90 and 74 us.
    """
    fits = width == value_width <= (32 if dtype == torch.float32 else 64)
    return fits and direction == 2 and triton.cdiv(tokens, _CHUNK) <= _MOST


def launch(
    tensors: tuple[torch.Tensor, ...], slopes: torch.Tensor, scales: torch.Tensor, strides: tuple[int, ...],
    order: tuple[int, int], keep: bool, dependent: bool, **kind: object,
) -> None:  # fmt: skip
    """`tensors` are q, k, v (B, H, N, D) and the outputs; see `kernel_launch.forward` for the others."""
    q, k, v, out = tensors
    batch, heads, tokens, width = q.shape
    pairs, chunks = batch * heads, triton.cdiv(tokens, _CHUNK)
    number = torch.bfloat16 if q.dtype == torch.bfloat16 else torch.float32
    states = torch.empty(2 * pairs * chunks * width * width, dtype=number, device=q.device)
    shape = {"D": width, "CHUNK": _CHUNK, "PART": _PART, "DEPENDENT": dependent, "num_warps": 4}
    sizes, norm = (heads, pairs, tokens, chunks, *order), kind.pop("NORM")
    early = {"launch_pdl": True} if dependent else {}
    near_states_kernel[(pairs * chunks,)](k, v, slopes, states, *strides[3:9], *sizes, **shape, **kind)
    near_outputs_kernel[(pairs * chunks,)](
        q, k, v, out, scales, slopes, states, *strides, *sizes, int(keep),
        **shape, **kind, NORM=norm, REACH=_REACH[q.dtype], num_stages=2,
        maxnreg=_REGISTERS if width <= 32 else None, **early,
    )  # fmt: skip


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def near_states_kernel(
    k, v, slopes, states, k_b, k_h, k_n, v_b, v_h, v_n, heads, pairs, tokens, chunks, rows, columns,
    D: tl.constexpr, CHUNK: tl.constexpr, PART: tl.constexpr,
    ACTIVATE: tl.constexpr, PRECISION: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """states[side, pair, chunk] (D, D): k^T v decayed to the chunk's end, which what follows sees; then to its start.

    Program: pair and chunk.
    """
    if DEPENDENT:
        gdc_launch_dependents()
    pair, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    slope = slope_of(slopes, pair, heads)
    k, v = head_of(k, pair, heads, k_b, k_h), head_of(v, pair, heads, v_b, v_h)
    to_end, to_start = tl.zeros((D, D), tl.float32), tl.zeros((D, D), tl.float32)
    for begin in tl.static_range(0, CHUNK, PART):
        place = begin + tl.arange(0, PART)
        n = chunk * CHUNK + place
        keys = features(load_tokens(k, n, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
        values = load_tokens(v, n, tokens, v_n, rows, columns, D)
        to_end += decayed_state(keys, values, tl.exp2(-slope * (CHUNK - 1 - place).to(tl.float32)), PRECISION)
        to_start += decayed_state(keys, values, tl.exp2(-slope * place.to(tl.float32)), PRECISION)
    line = pair * chunks + chunk
    tl.store(state_at(states, line, D, D), to_end.to(states.dtype.element_ty))
    tl.store(state_at(states, line + pairs * chunks, D, D), to_start.to(states.dtype.element_ty))


@triton.jit(do_not_specialize=[*SIZES, *STRIDES])
def near_outputs_kernel(
    q, k, v, out, scales, slopes, states, q_b, q_h, q_n, k_b, k_h, k_n, v_b, v_h, v_n, o_b, o_h, o_n,
    heads, pairs, tokens, chunks, rows, columns, keep,
    D: tl.constexpr, CHUNK: tl.constexpr, PART: tl.constexpr, ACTIVATE: tl.constexpr,
    PRECISION: tl.constexpr, NORM: tl.constexpr, REACH: tl.constexpr, DEPENDENT: tl.constexpr,
):  # fmt: skip
    """The outputs of one chunk, from its own tokens PART at a time, then from the others' states.

    Program: pair and chunk.
    """
    pair, chunk = tl.program_id(0) // chunks, tl.program_id(0) % chunks
    slope = slope_of(slopes, pair, heads)
    k, v = head_of(k, pair, heads, k_b, k_h), head_of(v, pair, heads, v_b, v_h)
    i = chunk * CHUNK + tl.arange(0, CHUNK)
    place = tl.arange(0, CHUNK).to(tl.float32)
    queries = load_tokens(head_of(q, pair, heads, q_b, q_h), i, tokens, q_n, rows, columns, D)
    queries = features(queries, 1.0 / D, ACTIVATE)
    total = tl.zeros((CHUNK, D), tl.float32)
    for begin in range(0, CHUNK, PART):
        j = chunk * CHUNK + begin + tl.arange(0, PART)
        keys = features(load_tokens(k, j, tokens, k_n, rows, columns, D), 1.0, ACTIVATE)
        values = load_tokens(v, j, tokens, v_n, rows, columns, D)
        weights = scores(queries, keys, i, j, slope, 2, PRECISION)
        total = add_seen(total, weights, values, i, j, 2, PRECISION)
    if DEPENDENT:
        gdc_wait()
    left, right = _others(states, pair, pairs, chunk, chunks, slope * CHUNK, REACH, D)
    total += times_state(queries, tl.exp2(-slope * (place + 1)), left, PRECISION)
    total += times_state(queries, tl.exp2(-slope * (CHUNK - place)), right, PRECISION)
    finish(out, scales, total, pair, 0, i, tokens, heads, o_b, o_h, o_n, rows, columns, keep, D, NORM)


@triton.jit
def _others(states, pair, pairs, chunk, chunks, slope, REACH: tl.constexpr, D: tl.constexpr):
    """The states of the chunks before this one, decayed to its start, and of those after it, to its end; `slope` is a
    chunk's. Four loads a side are under way together.
    """
    reach = tl.minimum(REACH / slope + 1, 1.0e9).to(tl.int32)
    before, after = tl.minimum(chunk, reach), tl.minimum(chunks - 1 - chunk, reach)
    ends = pair * chunks + chunk
    starts = ends + pairs * chunks
    left, right = tl.zeros((D, D), tl.float32), tl.zeros((D, D), tl.float32)
    for begin in tl.range(0, tl.maximum(before, after), 4, num_stages=1):
        for ahead in tl.static_range(4):
            step = begin + ahead
            decay = tl.exp2(-slope * step)
            state = tl.load(state_at(states, ends - 1 - step, D, D), mask=step < before, other=0.0)
            left += decay * state.to(tl.float32)
            state = tl.load(state_at(states, starts + 1 + step, D, D), mask=step < after, other=0.0)
            right += decay * state.to(tl.float32)
    return left, right
