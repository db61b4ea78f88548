"""What `gpu_check` asks of attention's kernels besides their numbers at one width."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch

from model.attention import build_slopes, lightning_attention
from tests.benchmarks.figures import Figure, name_of, relative
from tests.benchmarks.timing import replayed

FLAT = 1.15
"""Time per token of a large image over that of a small one."""


def mixed_widths() -> Iterator[Figure]:
    """q and k of another width than v, in columns, against the definition in float64: outputs and all gradients."""
    for dtype, bound in ((torch.float32, 1e-5), (torch.float16, 1e-3), (torch.bfloat16, 5e-3)):
        for widths in ((64, 32), (16, 128), (128, 16)):
            inputs = [torch.randn(2, 3, 600, w, device="cuda").to(dtype) for w in (widths[0], *widths, widths[1])]
            exact = _outputs_and_gradients([x.double() for x in inputs], "naive")
            worst = max(map(relative, _outputs_and_gradients(inputs, "kernels"), exact))
            yield Figure(f"kernels {name_of(dtype)} widths {widths[0]} and {widths[1]}", worst, bound)


def _outputs_and_gradients(inputs: list[torch.Tensor], form: str) -> list[torch.Tensor]:
    qkv = [x.clone().requires_grad_() for x in inputs[:3]]
    out = lightning_attention(*qkv, build_slopes(3).cuda(), "bidirectional", form, grid=(24, 25))
    return [out.detach(), *torch.autograd.grad(out, qkv, inputs[3])]


@torch.no_grad()
def large_images() -> Iterator[Figure]:
    """Images of 8192x8192 pixels: as fast per token as small ones, whatever the slopes; and addresses beyond 32 bits."""
    from model.attention.kernels import attend

    for name, slopes in (("default slopes", build_slopes(3).cuda()), ("no decay", torch.zeros(3, device="cuda"))):
        for by_columns in (False, True):
            costs = []
            for side in (256, 2048):
                qkv = torch.randn(1, side, side, 288, device="cuda", dtype=torch.bfloat16)
                call = partial(attend, qkv, slopes, "bidirectional", by_columns)
                costs.append(replayed(call, qkv.device, sets=3, budget=0.02) / side**2)
            order = "columns" if by_columns else "rows"
            yield Figure(f"time per token, 2048x2048 over 256x256, {name}, {order}", costs[1] / costs[0], FLAT)
    qkv = torch.randn(2, 2048, 2048, 288, device="cuda", dtype=torch.bfloat16)
    both = attend(qkv, build_slopes(3).cuda(), "bidirectional", True)
    alone = attend(qkv[1:].clone(), build_slopes(3).cuda(), "bidirectional", True)
    yield Figure("the second of two images of 4M tokens, alone or not", float((both[1:] != alone).sum()), 0)
