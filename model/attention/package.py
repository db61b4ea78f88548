"""The original: `lightning_attn` 0.0.5, Triton kernels for CUDA, causal only."""

from __future__ import annotations

import torch


def package(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str = "causal"
) -> torch.Tensor:
    """The door's function by `lightning_attn_func`. Raises ValueError for what the package cannot take, see `refusal`.

    Token counts are constants of its kernels: each new batch size or image size compiles anew.
    """
    reason = refusal(q, v, direction)
    if reason:
        raise ValueError(reason)
    from lightning_attn.ops import lightning_attn_func  # imports Triton, which only CUDA machines need

    with torch.cuda.device(q.device):
        return lightning_attn_func(q, k, v, slopes.float())


def refusal(q: torch.Tensor, v: torch.Tensor, direction: str) -> str | None:
    """Why the package cannot take these tensors (expected and received), or None when it can.

    Its kernels index q's width by a power of two and split widths above 128 into blocks of 64 and a rest; its own check
    of widths is inverted, and 16 or less ends in a bare AssertionError. Consumer GPUs may lack the shared memory for
    widths above 32: then Triton says so.
    """
    width, value_width = q.shape[-1], v.shape[-1]
    if q.device.type != "cuda":
        return f"the package form expects tensors on cuda, got {q.device.type}"
    if q.dtype not in (torch.float16, torch.bfloat16):
        return f"the package form expects float16 or bfloat16, got {q.dtype}"
    if direction != "causal":
        return f"the package form expects direction causal, got {direction}"
    if width not in (32, 64, 128) and (width < 160 or width % 32):
        return f"the package form expects a head width of 32, 64, 128 or a multiple of 32 above, got {width}"
    if value_width <= 16:
        return f"the package form expects a value width above 16, got {value_width}"
    return None
