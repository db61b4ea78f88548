"""Matrix products with gradients that come out in float32 at once, and the MLP, whose inside is computed twice."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch.autograd.function import FunctionCtx, once_differentiable

from model.layers.kernels.activation import gelu, gelu_gradients
from model.layers.kernels.launch import column_sums


class Linear(torch.autograd.Function):
    """The linear layer of x (..., in) in `dtype`."""

    @staticmethod
    def forward(
        ctx: FunctionCtx, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, dtype: torch.dtype
    ) -> torch.Tensor:
        x, weight = x.to(dtype), weight.to(dtype)
        ctx.save_for_backward(x, weight)
        ctx.has_bias = bias is not None
        return F.linear(x, weight, None if bias is None else bias.to(dtype))

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        rows = _rows(grad)
        grad_x = (rows @ weight).view_as(x)
        return grad_x, _weight_gradient(rows, _rows(x)), column_sums(rows) if ctx.has_bias else None, None


class Join(torch.autograd.Function):
    """The linear layer of x and skip side by side, as the sum of two products: side by side they are never stored."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        skip: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        dtype: torch.dtype,
    ) -> torch.Tensor:
        x, skip, weight = x.to(dtype), skip.to(dtype), weight.to(dtype)
        ctx.save_for_backward(x, skip, weight)
        ctx.has_bias = bias is not None
        upper, lower = weight.split([x.shape[-1], skip.shape[-1]], dim=1)
        out = F.linear(x, upper, None if bias is None else bias.to(dtype))
        _rows(out).addmm_(_rows(skip), lower.t())
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, skip, weight = ctx.saved_tensors
        rows, sides = _rows(grad), (x.shape[-1], skip.shape[-1])
        grads = [(rows @ part).view_as(side) for part, side in zip(weight.split(sides, 1), (x, skip), strict=True)]
        weight_grad = torch.cat([_weight_gradient(rows, _rows(side)) for side in (x, skip)], dim=1)
        return *grads, weight_grad, column_sums(rows) if ctx.has_bias else None, None


class Mlp(torch.autograd.Function):
    """x + second(GELU(first(normed))); of what is wide inside only first's result is kept."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: torch.Tensor,
        normed: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
        second: torch.Tensor,
        second_bias: torch.Tensor,
        dtype: torch.dtype,
        keep: bool,
    ) -> torch.Tensor:
        normed, weight, second = normed.to(dtype), weight.to(dtype), second.to(dtype)
        inner = F.linear(_rows(normed), weight, bias.to(dtype))
        ctx.save_for_backward(normed, inner, weight, second)
        active = gelu(inner, None if keep else inner)
        return F.linear(active, second, second_bias.to(dtype)).view_as(x).add_(x)

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        normed, inner, weight, second = ctx.saved_tensors
        rows = _rows(grad)
        inner_grad = rows @ second
        active, inner_sums = gelu_gradients(inner, inner_grad)
        second_grads = _weight_gradient(rows, active), column_sums(rows)
        del active
        grad_normed = (inner_grad @ weight).view_as(normed)
        return grad, grad_normed, _weight_gradient(inner_grad, _rows(normed)), inner_sums, *second_grads, None, None


def _rows(x: torch.Tensor) -> torch.Tensor:
    return x.reshape(-1, x.shape[-1])


def _weight_gradient(grad: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """grad^T x, rounded once where the product can be had in float32."""
    if grad.is_cuda and grad.dtype != torch.float32:
        return torch.mm(grad.t(), x, out_dtype=torch.float32)
    return grad.t() @ x
