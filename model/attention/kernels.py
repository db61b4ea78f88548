"""The Triton form, ours: attention in parallel over chunks of tokens, and the network's attention in one piece.

Batch and token counts are run-time values of the kernels: a new image size compiles nothing.
"""

from __future__ import annotations

import torch
import triton

from model.attention import kernel_operators
from model.attention.kernel_launch import CODES
from model.kernel_support import failure

WIDTHS = (16, 32, 64, 128)
_INTERPRETED = triton.knobs.runtime.interpret
"""Triton runs its kernels in Python, on any device: for tests."""
DTYPES = (torch.float16, torch.bfloat16, torch.float32)
_TRIALS = {256: 16, 1024: 300, 2048: 1500, 4096: 3000, 32768: 5000}
"""Up to each number of tokens, as many as the second reach the same kernels."""
_LONGEST = 33000
"""As these do for any number beyond."""


def kernels(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    slopes: torch.Tensor,
    direction: str = "causal",
    grid: tuple[int, int] | None = None,
) -> torch.Tensor:
    """The door's function on a GPU. Raises ValueError for what it cannot take, see `refusal`."""
    reason = _mismatch(q, q.shape[-1], v.shape[-1])
    if reason:
        raise ValueError(reason)
    return kernel_operators.attention(q, k, v, slopes.float(), CODES[direction], *(grid or (1, 1)))


def attend(qkv: torch.Tensor, slopes: torch.Tensor, direction: str, by_columns: bool) -> torch.Tensor:
    """`model.layers.plain.attend` of qkv (B, h, w, 3C), contiguous -> (B, h, w, C), without copies in between: SiLU of q
    and k, attention in either order of tokens, each head at unit RMS. Raises ValueError, see `attend_refusal`.
    """
    reason = _attend_mismatch(qkv, len(slopes))
    if reason is None and (direction not in CODES or slopes.dim() != 1 or slopes.device != qkv.device):
        expected = f"a direction of {', '.join(CODES)} and slopes (heads,) on {qkv.device}"
        reason = f"attend expects {expected}, got {direction}, {tuple(slopes.shape)} on {slopes.device}"
    if reason:
        raise ValueError(reason)
    keep = torch.is_grad_enabled() and qkv.requires_grad
    return kernel_operators.attend(qkv, slopes.float(), CODES[direction], by_columns, keep)[0]


def refusal(q: torch.Tensor, v: torch.Tensor, direction: str = "bidirectional") -> str | None:
    """Why the kernels cannot take these tensors (expected and received), or fail on this GPU; None when they can.

    The first tensors of their kind on a GPU, and of a length that needs other kernels, are preceded by a trial.
    """
    return _mismatch(q, q.shape[-1], v.shape[-1]) or _trial(q, v.shape[-1], False, direction, q.shape[2])


def attend_refusal(qkv: torch.Tensor, heads: int, direction: str = "bidirectional") -> str | None:
    """Why `attend` cannot take qkv, as `refusal`."""
    tokens = qkv.shape[1:3].numel()
    return _attend_mismatch(qkv, heads) or _trial(qkv, qkv.shape[-1] // (3 * heads), True, direction, tokens)


def _mismatch(x: torch.Tensor, *widths: int) -> str | None:
    if x.device.type != "cuda" and not _INTERPRETED:
        return f"the kernels form expects tensors on cuda, got {x.device.type}"
    if x.dtype not in DTYPES:
        return f"the kernels form expects float16, bfloat16 or float32, got {x.dtype}"
    if not set(widths) <= set(WIDTHS):
        return f"the kernels form expects head widths of {WIDTHS}, got {' and '.join(map(str, widths))}"
    return None


def _attend_mismatch(qkv: torch.Tensor, heads: int) -> str | None:
    if qkv.dim() != 4 or qkv.shape[-1] % (3 * heads) or not qkv.is_contiguous() or not qkv.numel():
        return f"attend expects contiguous qkv (B, h, w, 3 heads D) of {heads} heads, got {tuple(qkv.shape)}"
    width = qkv.shape[-1] // (3 * heads)
    if width not in WIDTHS[:3]:
        return f"attend expects head widths of {WIDTHS[:3]}, got {width}"
    return _mismatch(qkv, width)


def _trial(x: torch.Tensor, value_width: int, fused: bool, direction: str, tokens: int) -> str | None:
    if x.device.type != "cuda" or torch.compiler.is_compiling() or direction not in CODES:
        return None
    widths = value_width if fused else x.shape[-1], value_width
    return _tried(x.device.index or 0, x.dtype, widths, fused, torch.is_grad_enabled(), direction, trial_tokens(tokens))


def trial_tokens(tokens: int) -> int:
    """The number of tokens to try the kernels with that so many tokens need."""
    return next((tried for most, tried in _TRIALS.items() if tokens <= most), _LONGEST)


def _tried(
    index: int, dtype: torch.dtype, widths: tuple[int, int], fused: bool, backward: bool, direction: str, tokens: int
) -> str | None:  # fmt: skip
    """Why the kernels of q and v of these `widths` fail; what the trial compiles is what is used later."""

    def work() -> None:
        slopes = torch.ones(1, device=f"cuda:{index}")
        if fused:
            qkv = slopes.new_zeros(1, 1, tokens, 3 * widths[0], dtype=dtype).requires_grad_(backward)
            out = attend(qkv, slopes, direction, False)
        else:
            q, v = (slopes.new_zeros(1, 1, tokens, width, dtype=dtype) for width in widths)
            out = kernels(q.requires_grad_(backward), q, v, slopes, direction)
        if backward:
            out.sum().backward()

    name = f"attention kernels of width {widths[0]} in {dtype}".replace("torch.", "")
    return failure(work, name, index, widths[1], fused, backward, direction, tokens)
