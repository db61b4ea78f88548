"""The Triton form, ours: attention in parallel over chunks of tokens, and the network's attention in one piece.

Both are custom operators with their fake and autograd formulas, so that torch.compile and torch.export trace past them.
Batch and token counts are run-time values of the kernels: a new image size compiles nothing.
"""

from __future__ import annotations

import torch
import triton

from model.attention import kernel_launch
from model.attention.kernel_launch import CODES, Scan
from model.kernel_support import failure

WIDTHS = (16, 32, 64, 128)
_INTERPRETED = triton.knobs.runtime.interpret
"""Triton runs its kernels in Python, on any device: for tests."""
DTYPES = (torch.float16, torch.bfloat16, torch.float32)


def kernels(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    slopes: torch.Tensor,
    direction: str = "causal",
    grid: tuple[int, int] | None = None,
) -> torch.Tensor:
    """The door's function on a GPU. Raises ValueError for what it cannot take, see `refusal`."""
    reason = _mismatch(q, v)
    if reason:
        raise ValueError(reason)
    rows, columns = grid or (1, 1)
    return _attention(q, k, v, slopes.float(), CODES[direction], rows, columns)


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
    # The operator's first call imports PyTorch's compiler, which takes seconds: what is neither traced nor
    # differentiated goes without it.
    plain = not keep and type(qkv) is torch.Tensor and not torch.compiler.is_compiling()
    return (_attended if plain else _attend)(qkv, slopes.float(), CODES[direction], by_columns, keep)[0]


def refusal(q: torch.Tensor, v: torch.Tensor) -> str | None:
    """Why the kernels cannot take these tensors (expected and received), or fail on this GPU; None when they can.

    The first tensors of their kind on a GPU are preceded by a trial.
    """
    return _mismatch(q, v) or _trial(q, v.shape[-1], False)


def attend_refusal(qkv: torch.Tensor, heads: int) -> str | None:
    """Why `attend` cannot take qkv, as `refusal`."""
    return _attend_mismatch(qkv, heads) or _trial(qkv, qkv.shape[-1] // (3 * heads), True)


def _mismatch(q: torch.Tensor, v: torch.Tensor) -> str | None:
    if q.device.type != "cuda" and not _INTERPRETED:
        return f"the kernels form expects tensors on cuda, got {q.device.type}"
    if q.dtype not in DTYPES:
        return f"the kernels form expects float16, bfloat16 or float32, got {q.dtype}"
    if q.shape[-1] not in WIDTHS or v.shape[-1] not in WIDTHS:
        return f"the kernels form expects head widths of {WIDTHS}, got {q.shape[-1]} and {v.shape[-1]}"
    return None


def _attend_mismatch(qkv: torch.Tensor, heads: int) -> str | None:
    if qkv.dim() != 4 or qkv.shape[-1] % (3 * heads) or not qkv.is_contiguous() or not qkv.numel():
        return f"attend expects contiguous qkv (B, h, w, 3 heads D) of {heads} heads, got {tuple(qkv.shape)}"
    head = qkv[..., : qkv.shape[-1] // (3 * heads)]
    if head.shape[-1] not in WIDTHS[:3]:
        return f"attend expects head widths of {WIDTHS[:3]}, got {head.shape[-1]}"
    return _mismatch(head, head)


def _trial(x: torch.Tensor, value_width: int, fused: bool) -> str | None:
    if x.device.type != "cuda":
        return None
    width = value_width if fused else x.shape[-1]
    return _tried(x.device.index or 0, x.dtype, width, value_width, fused, torch.is_grad_enabled())


def _tried(index: int, dtype: torch.dtype, width: int, value_width: int, fused: bool, backward: bool) -> str | None:
    """Whether one launch (few tokens) and several (more) work; what they compile is what is used later."""

    def work() -> None:
        for tokens in (16, 300):
            slopes = torch.ones(1, device=f"cuda:{index}")
            if fused:
                qkv = slopes.new_zeros(1, 1, tokens, 3 * width, dtype=dtype).requires_grad_(backward)
                out = attend(qkv, slopes, "bidirectional", False)
            else:
                q, v = (slopes.new_zeros(1, 1, tokens, w, dtype=dtype) for w in (width, value_width))
                out = kernels(q.requires_grad_(backward), q, v, slopes, "bidirectional")
            if backward:
                out.sum().backward()

    name = f"attention kernels of width {width} in {dtype}".replace("torch.", "")
    return failure(work, name, index, value_width, fused, backward)


@torch.library.custom_op("lightning_segmenter::attention", mutates_args=())
def _attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: int, rows: int, columns: int
) -> torch.Tensor:
    out = _empty_like_tokens(q, v)
    kernel_launch.forward(*_aligned(q, k, v), slopes, out, Scan(direction, rows, columns))
    return out


@_attention.register_fake
def _(q, k, v, slopes, direction, rows, columns):
    return _empty_like_tokens(q, v)


@torch.library.custom_op("lightning_segmenter::attention_backward", mutates_args=())
def _attention_backward(
    gradient: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor,
    direction: int, rows: int, columns: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    dq, dk, dv = (_empty_like_tokens(x, x) for x in (q, k, v))
    kernel_launch.backward(*_aligned(gradient, q, k, v), slopes, dq, dk, dv, Scan(direction, rows, columns))
    return dq, dk, dv


@_attention_backward.register_fake
def _(gradient, q, k, v, slopes, direction, rows, columns):
    return tuple(_empty_like_tokens(x, x) for x in (q, k, v))


def _keep_inputs(ctx, inputs, output) -> None:
    ctx.save_for_backward(*inputs[:4])
    ctx.scan = inputs[4:]


def _gradients(ctx, gradient):
    return *_attention_backward(gradient, *ctx.saved_tensors, *ctx.scan), None, None, None, None


_attention.register_autograd(_gradients, setup_context=_keep_inputs)


def _attended(
    qkv: torch.Tensor, slopes: torch.Tensor, direction: int, by_columns: bool, keep: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    out, scales = _empty_attended(qkv, slopes, keep)
    q, k, v = _thirds(qkv, len(slopes))
    scan = _image_scan(qkv, direction, by_columns)
    kernel_launch.forward(q, k, v, slopes, _heads_of(out, len(slopes)), scan, scales if keep else None)
    return out, scales


_attend = torch.library.custom_op("lightning_segmenter::attend", _attended, mutates_args=())


@_attend.register_fake
def _(qkv, slopes, direction, by_columns, keep):
    return _empty_attended(qkv, slopes, keep)


@torch.library.custom_op("lightning_segmenter::attend_backward", mutates_args=())
def _attend_backward(
    gradient: torch.Tensor, qkv: torch.Tensor, slopes: torch.Tensor, out: torch.Tensor, scales: torch.Tensor,
    direction: int, by_columns: bool,
) -> torch.Tensor:  # fmt: skip
    heads, result = len(slopes), torch.empty_like(qkv)
    scan = _image_scan(qkv, direction, by_columns)
    gradient, out = _heads_of(gradient.contiguous(), heads), _heads_of(out, heads)
    kernel_launch.backward(gradient, *_thirds(qkv, heads), slopes, *_thirds(result, heads), scan, out, scales)
    return result


@_attend_backward.register_fake
def _(gradient, qkv, slopes, out, scales, direction, by_columns):
    return torch.empty_like(qkv)


def _keep_attended(ctx, inputs, output) -> None:
    ctx.save_for_backward(inputs[0], inputs[1], *output)
    ctx.scan = inputs[2:4]


def _attended_gradients(ctx, gradient, _):
    return _attend_backward(gradient, *ctx.saved_tensors, *ctx.scan), None, None, None, None


_attend.register_autograd(_attended_gradients, setup_context=_keep_attended)


def _empty_like_tokens(q: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """(B, H, N, E), laid out (B, N, H, E) in memory: what follows reads a token's heads side by side."""
    batch, heads, tokens, _ = q.shape
    return torch.empty((batch, tokens, heads, v.shape[-1]), dtype=v.dtype, device=v.device).transpose(1, 2)


def _empty_attended(qkv: torch.Tensor, slopes: torch.Tensor, keep: bool) -> tuple[torch.Tensor, torch.Tensor]:
    batch, height, width, channels = qkv.shape
    out = torch.empty((batch, height, width, channels // 3), dtype=qkv.dtype, device=qkv.device)
    scales = (batch, len(slopes), height * width) if keep else (0,)
    return out, torch.empty(scales, dtype=torch.float32, device=qkv.device)


def _image_scan(qkv: torch.Tensor, direction: int, by_columns: bool) -> Scan:
    rows, columns = qkv.shape[1:3] if by_columns else (1, 1)
    return Scan(direction, rows, columns, activate=True, norm=True)


def _thirds(qkv: torch.Tensor, heads: int) -> tuple[torch.Tensor, ...]:
    """q, k, v (B, H, N, D): views."""
    tokens = qkv.shape[1] * qkv.shape[2]
    return qkv.view(qkv.shape[0], tokens, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind()


def _heads_of(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, h, w, C) as (B, H, N, D)."""
    return x.view(x.shape[0], x.shape[1] * x.shape[2], heads, -1).transpose(1, 2)


def _aligned(*tensors: torch.Tensor) -> list[torch.Tensor]:
    """The kernels read sixteen bytes at a time; what lies askew in memory, and hardly anything does, is copied."""
    return [x if _is_aligned(x) else x.clone(memory_format=torch.contiguous_format) for x in tensors]


def _is_aligned(x: torch.Tensor) -> bool:
    strides = (stride for stride, size in zip(x.stride()[:3], x.shape[:3], strict=True) if size > 1)
    return x.stride(-1) == 1 and x.data_ptr() % 16 == 0 and all(stride % 16 == 0 for stride in strides)
