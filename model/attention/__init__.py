"""Lightning attention behind one door: linear attention whose weights decay with distance along the scan.

Qin et al., "Lightning Attention-2", 2024. The forms have one signature, and tests hold each against `naive`.
"""

from __future__ import annotations

from importlib.util import find_spec

import torch

from model.attention.chunk import chunk
from model.attention.naive import naive
from model.attention.package import package, refusal
from model.attention.slopes import build_slopes

__all__ = ["DIRECTIONS", "FORMS", "build_slopes", "choose_form", "lightning_attention"]

DIRECTIONS = ("causal", "anticausal", "bidirectional")
FORMS = {"naive": naive, "chunk": chunk, "package": package}
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def lightning_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    slopes: torch.Tensor,
    direction: str = "causal",
    form: str = "auto",
) -> torch.Tensor:
    """out = (Q K^T * M) V, where M[i, j] = exp(-slope |i - j|) for the tokens j that i sees, else 0.

    q, k (B, H, N, D), v (B, H, N, E), float16, bfloat16, float32 or float64 with a unit last stride; slopes (H,), not
    negative; returns (B, H, N, E) in q's dtype. `causal` sees j <= i, `anticausal` j >= i, `bidirectional` all, the
    diagonal once. Differentiable in q, k and v. `form` is "auto" or a key of FORMS. Raises ValueError.
    """
    _check(q, k, v, slopes, direction)
    if form == "auto":
        form = choose_form(q, v, direction)
    if form not in FORMS:
        raise ValueError(f"expected a form of {', '.join(('auto', *FORMS))}, got {form}")
    return FORMS[form](q, k, v, slopes, direction)


def choose_form(q: torch.Tensor, v: torch.Tensor, direction: str) -> str:
    """`package` for half-precision causal attention of width 32 on CUDA, where it is installed; else `chunk`.

    Wider heads run in the package too, but their backward needs more shared memory than many GPUs have.
    """
    widths = q.shape[-1], v.shape[-1]
    if widths == (32, 32) and refusal(q, v, direction) is None and find_spec("lightning_attn"):
        return "package"
    return "chunk"


def _check(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: str) -> None:
    if direction not in DIRECTIONS:
        raise ValueError(f"expected a direction of {', '.join(DIRECTIONS)}, got {direction}")
    if q.dim() != 4 or k.shape != q.shape or v.dim() != 4 or v.shape[:3] != q.shape[:3] or 0 in (*q.shape, *v.shape):
        shapes = ", ".join(str(tuple(x.shape)) for x in (q, k, v))
        raise ValueError(f"expected q, k (B, H, N, D) and v (B, H, N, E) without empty axes, got {shapes}")
    if slopes.shape != q.shape[1:2]:
        raise ValueError(f"expected slopes {tuple(q.shape[1:2])}, one per head, got {tuple(slopes.shape)}")
    if q.dtype not in _DTYPES or k.dtype != q.dtype or v.dtype != q.dtype:
        raise ValueError(f"expected one floating type for q, k and v, got {q.dtype}, {k.dtype}, {v.dtype}")
    if len({q.device, k.device, v.device, slopes.device}) > 1:
        raise ValueError(f"expected one device, got {q.device}, {k.device}, {v.device}, slopes on {slopes.device}")
    if any(x.stride(-1) != 1 and x.shape[-1] > 1 for x in (q, k, v)):
        strides = ", ".join(str(x.stride()) for x in (q, k, v))
        raise ValueError(f"expected a unit last stride in q, k and v, got strides {strides}")
