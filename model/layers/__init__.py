"""What the network is made of, behind one door: each layer's computation in the form that suits the device.

Tokens are (B, h, w, C), contiguous: a token is a pixel, and no layer has to move them. Parameters stay in the modules of
the network; the forms only compute with them, and tests hold each against `plain`.
"""

from __future__ import annotations

from types import ModuleType

import torch

from model.kernel_support import failure, refusal
from model.layers import plain, processor

__all__ = ["form_for", "layers_refusal"]


def form_for(x: torch.Tensor) -> ModuleType:
    """The module whose functions compute on `x`; every form has those of `plain`."""
    if torch.compiler.is_compiling():
        return plain  # what is traced is PyTorch's own
    if x.device.type == "cpu" and not torch.is_grad_enabled():
        return processor
    if x.is_cuda and refusal(x.device) is None and layers_refusal(x.device) is None:
        from model.layers import fused  # imports Triton, which only CUDA machines need

        return fused
    return plain


def layers_refusal(device: torch.device) -> str | None:
    """Why kernels cannot compute the layers on this GPU, None when they can; without gradients fewer are needed."""

    def work() -> None:
        from model.layers.trial import try_out

        try_out(device)

    index = device.index if device.index is not None else torch.cuda.current_device()
    return failure(work, "The network's kernels", index, torch.is_grad_enabled())
