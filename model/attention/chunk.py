"""The linear form in plain PyTorch: masked products inside chunks of tokens, decaying states between them."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.autograd.function import FunctionCtx

_CHUNK = 64
"""Tokens of a chunk: on CPUs 32 and 64 are about equal, 128 computes more scores than the fewer states save."""
_SCAN = 16
"""States summed by one small matrix; longer rows of states are summed in levels, so that time stays linear."""
_TRANSPOSED = {"causal": "anticausal", "anticausal": "causal", "bidirectional": "bidirectional"}


def chunk(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str = "causal"
) -> torch.Tensor:
    """The door's function on any device, in time linear in N. fp16 and bf16 are computed in float32 inside."""
    return _Chunk.apply(q, k, v, slopes, direction)


class _Chunk(torch.autograd.Function):
    """With out = (Q K^T * M) V each gradient is the same operator again, its mask transposed for those of k and v:
    dQ = op(dO, V, K), dK = op^T(V, dO, Q), dV = op^T(K, Q, dO). So only q, k and v are kept for the backward.
    """

    @staticmethod
    def forward(
        ctx: FunctionCtx, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str
    ) -> torch.Tensor:
        ctx.save_for_backward(q, k, v, slopes)
        ctx.direction = direction
        return _attend(q, k, v, slopes, direction)

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        q, k, v, slopes = ctx.saved_tensors
        transposed = _TRANSPOSED[ctx.direction]
        need_q, need_k, need_v = ctx.needs_input_grad[:3]
        return (
            _attend(gradient, v, k, slopes, ctx.direction) if need_q else None,
            _attend(v, gradient, q, slopes, transposed) if need_k else None,
            _attend(k, q, gradient, slopes, transposed) if need_v else None,
            None,
            None,
        )


def _attend(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str) -> torch.Tensor:
    """One pass of the operator, outside autograd. A k or v that is no number reaches those that see it and, though 0
    times it is none either, nobody else.
    """
    if direction == "bidirectional" or _are_numbers(k, v):
        return _sum_up(q, k, v, slopes, direction)
    reached = _reached(k, v, direction)
    k, v = (x.nan_to_num(0, 0, 0) for x in (k, v))
    return _sum_up(q, k, v, slopes, direction).masked_fill_(reached, torch.nan)


def _are_numbers(k: torch.Tensor, v: torch.Tensor) -> bool:
    """Whether all are, as far as that costs next to nothing: a GPU would have to be waited for."""
    if k.device.type != "cpu" or torch.compiler.is_compiling():
        return False
    return bool(k.sum().isfinite() & v.sum().isfinite())


def _reached(k: torch.Tensor, v: torch.Tensor, direction: str) -> torch.Tensor:
    """Which outputs (B, H, N, E) a k that is no number takes part in, or such a v of their own column."""
    lost = ~(v.isfinite() & k.abs().amax(-1, keepdim=True).isfinite())
    token = torch.arange(v.shape[2], dtype=torch.int32, device=v.device)[:, None]
    if direction == "causal":
        return token >= torch.where(lost, token, len(token)).amin(2, keepdim=True)
    return token <= torch.where(lost, token, -1).amax(2, keepdim=True)


def _sum_up(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str) -> torch.Tensor:
    """The sums over chunks of tokens. No exponent is ever positive, so no length overflows."""
    tokens, dtype = q.shape[2], q.dtype
    length = min(_CHUNK, tokens)
    compute = torch.promote_types(dtype, torch.float32)
    with torch.autocast(q.device.type, enabled=False):
        slopes = slopes.to(compute)[:, None, None]
        q, k, v = (_fold(x.to(compute), length) for x in (q, k, v))
        out = (q @ k.transpose(-1, -2)).mul_(_mask(slopes, length, direction)) @ v
        if tokens > length:
            for reverse in _SIDES[direction]:
                _add_other_chunks(out, q, k, v, slopes, reverse)
    return out.flatten(2, 3)[:, :, :tokens].to(dtype)


_SIDES = {"causal": (False,), "anticausal": (True,), "bidirectional": (False, True)}


def _fold(x: torch.Tensor, length: int) -> torch.Tensor:
    """(B, H, N, D) -> (B, H, chunks, length, D); zeros fill the last chunk, and zeros change no sum."""
    return _fill_up(x, length).contiguous().unflatten(2, (-1, length))


def _fill_up(x: torch.Tensor, length: int) -> torch.Tensor:
    missing = -x.shape[2] % length
    return F.pad(x, (0, 0, 0, missing)) if missing else x  # a padding by nothing would copy


def _mask(slopes: torch.Tensor, length: int, direction: str) -> torch.Tensor:
    """The definition's M inside one chunk, (H, 1, length, length)."""
    token = torch.arange(length, device=slopes.device)
    distance = token[:, None] - token
    decay = torch.exp(-slopes * distance.abs())[:, None]
    if direction == "bidirectional":
        return decay
    return decay.tril() if direction == "causal" else decay.triu()


def _add_other_chunks(
    out: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, reverse: bool
) -> None:
    """Add to `out` what each token gets from the chunks before its own, or with `reverse` from those after it.

    Of the distance between two tokens, k carries the part up to its chunk's edge, q the part from its chunk's edge,
    and the sum over states the whole chunks between.
    """
    length = q.shape[3]
    steps = torch.arange(length, device=q.device)[:, None]
    to_edge = torch.exp(-slopes * (steps if reverse else length - 1 - steps))[:, None]
    from_edge = torch.exp(-slopes * (length - steps if reverse else steps + 1))[:, None]
    states = (k * to_edge).transpose(-1, -2) @ v
    states = _sum_of_others(states.flatten(3), slopes * length, reverse).view_as(states)
    out.flatten(0, 2).baddbmm_((q * from_edge).flatten(0, 2), states.flatten(0, 2))


def _sum_of_others(states: torch.Tensor, slopes: torch.Tensor, reverse: bool) -> torch.Tensor:
    """Row c of the result is the sum of exp(-slope (c - 1 - c')) states[c'] over c' < c (`reverse`: c' > c, mirrored).

    `states` is (B, H, rows, F), `slopes` (H, 1, 1). Sixteen rows are one matrix product; what enters them from other
    sixteens is the same sum over their totals, one level up.
    """
    rows = states.shape[2]
    size = min(_SCAN, rows)
    blocks = _fill_up(states, size).unflatten(2, (-1, size))
    row = torch.arange(size, device=states.device)
    before = row[:, None] - 1 - row
    if reverse:
        before = before.T
    out = (torch.exp(-slopes * before.clamp(min=0)) * (before >= 0))[:, None] @ blocks
    if rows > size:
        from_start = torch.exp(-slopes * (size - 1 - row if reverse else row)[:, None])[:, None]
        totals = (from_start.flip(2).transpose(2, 3) @ blocks).squeeze(3)
        out.addcmul_(from_start, _sum_of_others(totals, slopes * size, reverse).unsqueeze(3))
    return out.flatten(2, 3)[:, :, :rows]
