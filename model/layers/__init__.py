"""What the network is made of, behind one door: each layer's computation in the form that suits the device.

Tokens are (B, h, w, C), contiguous: a token is a pixel, and no layer has to move them. Parameters stay in the modules of
the network; the forms only compute with them, and tests hold each against `plain`.
"""

from __future__ import annotations

from types import ModuleType

import torch

from model.kernel_support import failure, refusal
from model.layers import plain, processor

__all__ = ["form_for"]


def form_for(x: torch.Tensor) -> ModuleType:
    """The module whose functions compute on `x`; every form has those of `plain`."""
    if x.device.type == "cpu" and not torch.is_grad_enabled():
        return processor
    if x.is_cuda and refusal(x.device) is None and _layers_refusal(x.device) is None:
        from model.layers import fused  # imports Triton, which only CUDA machines need

        return fused
    return plain


def _layers_refusal(device: torch.device) -> str | None:
    def work() -> None:
        from model.layers import fused

        fused.try_out(device)

    index = device.index if device.index is not None else torch.cuda.current_device()
    return failure(work, "The network's kernels", index)
