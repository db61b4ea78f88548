"""The definition: lightning attention as one masked product, quadratic in the number of tokens."""

from __future__ import annotations

import torch


def naive(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str = "causal"
) -> torch.Tensor:
    """(Q K^T * M) V with M[i, j] = exp(-slope |i - j|) where j is in sight of i, else 0. Shapes as at the door.

    What i does not see counts nothing, even where it is no number.
    """
    token = torch.arange(q.shape[2], device=q.device)
    distance = token[:, None] - token[None, :]
    decay = torch.exp(-slopes.to(q.dtype)[:, None, None] * distance.abs())
    weights = q @ k.transpose(-1, -2) * decay
    if direction == "bidirectional":
        return weights @ v
    seen = distance >= 0 if direction == "causal" else distance <= 0
    lost = ~v.isfinite()
    out = weights.masked_fill(~seen, 0) @ v.masked_fill(lost, 0)
    return out.masked_fill(seen.to(v.dtype) @ lost.to(v.dtype) > 0, torch.nan)
