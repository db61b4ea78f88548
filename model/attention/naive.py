"""The definition: lightning attention as one masked product, quadratic in the number of tokens."""

from __future__ import annotations

import torch


def naive(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str = "causal"
) -> torch.Tensor:
    """(Q K^T * M) V with M[i, j] = exp(-slope |i - j|) where j is in sight of i, else 0. Shapes as at the door."""
    token = torch.arange(q.shape[2], device=q.device)
    distance = token[:, None] - token[None, :]
    decay = torch.exp(-slopes.to(q.dtype)[:, None, None] * distance.abs())
    if direction == "causal":
        decay = decay * (distance >= 0)
    elif direction == "anticausal":
        decay = decay * (distance <= 0)
    return (q @ k.transpose(-1, -2) * decay) @ v
