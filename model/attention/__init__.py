"""Lightning attention behind one door: linear attention whose weights decay with distance along the scan.

Qin et al., "Lightning Attention-2", 2024. The forms have one signature, and tests hold each against `naive`.
"""

from __future__ import annotations

import torch

from model.attention.chunk import chunk
from model.attention.naive import naive
from model.attention.package import package
from model.attention.slopes import build_slopes
from model.kernel_support import refusal

__all__ = ["DIRECTIONS", "FORMS", "build_slopes", "choose_form", "lightning_attention"]

DIRECTIONS = ("causal", "anticausal", "bidirectional")


def _kernels(*arguments: object) -> torch.Tensor:
    """The Triton form; it is imported where it is needed, since Triton need not be installed."""
    from model.attention.kernels import kernels

    return kernels(*arguments)


FORMS = {"naive": naive, "chunk": chunk, "kernels": _kernels, "package": package}
_DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def lightning_attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    slopes: torch.Tensor,
    direction: str = "causal",
    form: str = "auto",
    grid: tuple[int, int] | None = None,
) -> torch.Tensor:
    """out = (Q K^T * M) V, where M[i, j] = exp(-slope |i - j|) for the tokens j that i sees, else 0.

    q, k (B, H, N, D), v (B, H, N, E), float16, bfloat16, float32 or float64 with a unit last stride; slopes (H,), not
    negative; returns (B, H, N, E) in q's dtype. `causal` sees j <= i, `anticausal` j >= i, `bidirectional` all, the
    diagonal once. Differentiable in q, k and v. `form` is "auto" or a key of FORMS. Tokens are counted as they lie, or
    with a `grid` (rows, columns) of tokens, which lies row by row, column by column. Raises ValueError.
    """
    _check(q, k, v, slopes, direction, grid)
    if form == "auto":
        form = choose_form(q, v, direction)
    if form not in FORMS:
        raise ValueError(f"expected a form of {', '.join(('auto', *FORMS))}, got {form}")
    if form == "kernels":
        return _kernels(q, k, v, slopes, direction, grid)
    if grid is None:
        return FORMS[form](q, k, v, slopes, direction)
    out = FORMS[form](*(_turn(x, grid) for x in (q, k, v)), slopes, direction)
    return _turn(out, grid[::-1])


def choose_form(q: torch.Tensor, v: torch.Tensor, direction: str = "bidirectional") -> str:
    """`kernels` on a GPU where Triton and they run, for the types and widths they take; else `chunk`."""
    if q.device.type != "cuda" or refusal(q.device):
        return "chunk"
    from model.attention.kernels import refusal as refusal_of_these

    return "chunk" if refusal_of_these(q, v, direction) else "kernels"


def _turn(x: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
    """Tokens that lie row by row, laid out column by column."""
    return x.unflatten(2, grid).transpose(2, 3).flatten(2, 3)


def _check(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    slopes: torch.Tensor,
    direction: str,
    grid: tuple[int, int] | None,
) -> None:
    if direction not in DIRECTIONS:
        raise ValueError(f"expected a direction of {', '.join(DIRECTIONS)}, got {direction}")
    if q.dim() != 4 or k.shape != q.shape or v.dim() != 4 or v.shape[:3] != q.shape[:3] or 0 in (*q.shape, *v.shape):
        shapes = ", ".join(str(tuple(x.shape)) for x in (q, k, v))
        raise ValueError(f"expected q, k (B, H, N, D) and v (B, H, N, E) without empty axes, got {shapes}")
    if grid is not None and (len(grid) != 2 or min(grid) < 1 or grid[0] * grid[1] != q.shape[2]):
        raise ValueError(f"expected a grid (rows, columns) of {q.shape[2]} tokens, got {tuple(grid)}")
    if slopes.shape != q.shape[1:2]:
        raise ValueError(f"expected slopes {tuple(q.shape[1:2])}, one per head, got {tuple(slopes.shape)}")
    if q.dtype not in _DTYPES or k.dtype != q.dtype or v.dtype != q.dtype:
        raise ValueError(f"expected one floating type for q, k and v, got {q.dtype}, {k.dtype}, {v.dtype}")
    if len({q.device, k.device, v.device, slopes.device}) > 1:
        raise ValueError(f"expected one device, got {q.device}, {k.device}, {v.device}, slopes on {slopes.device}")
    if any(x.stride(-1) != 1 and x.shape[-1] > 1 for x in (q, k, v)):
        strides = ", ".join(str(x.stride()) for x in (q, k, v))
        raise ValueError(f"expected a unit last stride in q, k and v, got strides {strides}")
