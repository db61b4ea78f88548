"""Attention's kernels for autograd and for torch's compiler.

Both are custom operators with their fake and autograd formulas, so that torch.compile and torch.export trace past them;
eagerly an autograd function computes the same, since a custom operator's first call loads seconds of torch's compiler.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.autograd.function import FunctionCtx, once_differentiable

from model.attention import kernel_launch
from model.attention.kernel_launch import Scan


def attention(q: torch.Tensor, *rest: object) -> torch.Tensor:
    """Of q, k, v, slopes, and the direction's code, rows and columns."""
    return (attention_operator if _is_traced(q) else _Attention.apply)(q, *rest)


def attend(qkv: torch.Tensor, *rest: object) -> tuple[torch.Tensor, torch.Tensor]:
    """Of qkv, slopes, the direction's code, by_columns and keep, see `_compute_attended`."""
    return (attend_operator if _is_traced(qkv) else _Attend.apply)(qkv, *rest)


def _is_traced(x: torch.Tensor) -> bool:
    """By torch.compile or torch.export, or a stand-in without memory."""
    return torch.compiler.is_compiling() or type(x) not in (torch.Tensor, torch.nn.Parameter)


def _compute(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor, direction: int, rows: int, columns: int
) -> torch.Tensor:
    out = _empty_like_tokens(q, v)
    kernel_launch.forward(*_aligned(q, k, v), slopes, out, Scan(direction, rows, columns))
    return out


def _compute_gradients(
    gradient: torch.Tensor, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, slopes: torch.Tensor,
    direction: int, rows: int, columns: int,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:  # fmt: skip
    results = tuple(_empty_like_tokens(x, x) for x in (q, k, v))
    scan = Scan(direction, rows, columns)
    kernel_launch.backward(*_aligned(gradient, q, k, v), slopes, *results, scan)
    return results


def _compute_attended(
    qkv: torch.Tensor, slopes: torch.Tensor, direction: int, by_columns: bool, keep: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """The outputs and, to `keep` for a backward, what each was multiplied with in its norm."""
    out, scales = _empty_attended(qkv, slopes, keep)
    q, k, v = _thirds(qkv, len(slopes))
    scan = _image_scan(qkv, direction, by_columns)
    kernel_launch.forward(q, k, v, slopes, _heads_of(out, len(slopes)), scan, scales if keep else None)
    return out, scales


def _compute_attended_gradients(
    gradient: torch.Tensor, qkv: torch.Tensor, slopes: torch.Tensor, out: torch.Tensor, scales: torch.Tensor,
    direction: int, by_columns: bool,
) -> torch.Tensor:  # fmt: skip
    heads, result = len(slopes), torch.empty_like(qkv)
    scan = _image_scan(qkv, direction, by_columns)
    gradient, out = _heads_of(gradient.contiguous(), heads), _heads_of(out, heads)
    kernel_launch.backward(gradient, *_thirds(qkv, heads), slopes, *_thirds(result, heads), scan, out, scales)
    return result


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, *inputs: object) -> torch.Tensor:
        _keep_inputs(ctx, inputs, None)
        return _compute(*inputs)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        return _gradients(ctx, gradient, _compute_gradients)


class _Attend(torch.autograd.Function):
    @staticmethod
    def forward(ctx: FunctionCtx, *inputs: object) -> tuple[torch.Tensor, torch.Tensor]:
        output = _compute_attended(*inputs)
        ctx.mark_non_differentiable(output[1])
        _keep_attended(ctx, inputs, output)
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, gradient: torch.Tensor, _: object) -> tuple[torch.Tensor | None, ...]:
        return _attended_gradients(ctx, gradient, _, _compute_attended_gradients)


attention_operator, attention_backward_operator, attend_operator, attend_backward_operator = (
    torch.library.custom_op(f"lightning_segmenter::{name}", function, mutates_args=())
    for name, function in (
        ("attention", _compute),
        ("attention_backward", _compute_gradients),
        ("attend", _compute_attended),
        ("attend_backward", _compute_attended_gradients),
    )
)


def _keep_inputs(ctx: FunctionCtx, inputs: tuple, output: object) -> None:
    ctx.save_for_backward(*inputs[:4])
    ctx.scan = inputs[4:]


def _gradients(ctx: FunctionCtx, gradient: torch.Tensor, compute: Callable = attention_backward_operator) -> tuple:
    return *compute(gradient, *ctx.saved_tensors, *ctx.scan), None, None, None, None


def _keep_attended(ctx: FunctionCtx, inputs: tuple, output: tuple) -> None:
    ctx.save_for_backward(inputs[0], inputs[1], *output)
    ctx.scan = inputs[2:4]


def _attended_gradients(
    ctx: FunctionCtx, gradient: torch.Tensor, _: object, compute: Callable = attend_backward_operator
) -> tuple:
    return compute(gradient, *ctx.saved_tensors, *ctx.scan), None, None, None, None


attention_operator.register_autograd(_gradients, setup_context=_keep_inputs)
attention_operator.register_fake(lambda q, k, v, *rest: _empty_like_tokens(q, v))
attention_backward_operator.register_fake(
    lambda gradient, q, k, v, *rest: tuple(_empty_like_tokens(x, x) for x in (q, k, v))
)
attend_operator.register_autograd(_attended_gradients, setup_context=_keep_attended)
attend_operator.register_fake(lambda qkv, slopes, direction, by_columns, keep: _empty_attended(qkv, slopes, keep))
attend_backward_operator.register_fake(lambda gradient, qkv, *rest: torch.empty_like(qkv))


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
