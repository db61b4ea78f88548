"""The training loss: cross-entropy plus soft Dice, over the pixels a person has labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from model.kernel_support import failure, refusal
from model.labels import UNTOUCHED
from model.precision import Precision


def segmentation_loss(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """Mean cross-entropy + (1 - mean soft Dice), computed in float32.

    `logits` (B, C, H, W); `target` (B, H, W) of whole numbers holds channels, or 255 for untouched pixels, which count
    in neither part; `weights` (C,) says how much a pixel of each channel counts in the cross-entropy, by default all
    the same. Dice (Milletari et al. 2016, V-Net) pools the batch and leaves out classes that its truth lacks: there it
    would only repeat what cross-entropy says, with a gradient as large as a whole organ's. Nothing labelled gives 0.
    """
    if logits.is_cuda and logits.shape[1] <= UNTOUCHED and loss_refusal(logits.device) is None:
        from model.layers.kernels.loss import SegmentationLoss  # imports Triton, which only CUDA machines need

        return SegmentationLoss.apply(logits, target, weights)
    return plain_loss(logits, target.long(), weights)


def plain_loss(logits: torch.Tensor, target: torch.Tensor, weights: torch.Tensor | None = None) -> torch.Tensor:
    """`segmentation_loss` as it is defined, on any device; `target` is int64."""
    log_probability = torch.log_softmax(logits.float(), dim=1)
    known = target != UNTOUCHED
    channel = torch.where(known, target, 0)
    weight = known.float() if weights is None else weights[channel] * known
    entropy = -(log_probability.gather(1, channel[:, None])[:, 0] * weight).sum() / weight.sum().clamp(min=1e-6)
    return entropy + _dice_loss(log_probability.exp(), channel, known)


def class_weights(pixels: Sequence[int], emphasis: float) -> np.ndarray:
    """Weights (C,) float32 that grow with the rarity of a channel, given its `pixels`; their mean over pixels is 1.

    An `emphasis` of 0 weighs all the same, 1 by one over the root of a channel's share. Early in a training that finds
    small organs some thousand steps sooner (on the sample, 300 steps from scratch gave a mean Dice of 0.70 against
    0.37); late in one it costs a point or two, because the network then sees too much of them.
    """
    counts = np.asarray(pixels, np.float64)
    total = max(counts.sum(), 1)
    weights = np.maximum(counts / total, 1e-4) ** (-0.5 * emphasis)
    return (weights * total / max((weights * counts).sum(), 1)).astype(np.float32)


def loss_refusal(device: torch.device) -> str | None:
    """Why the loss cannot be computed by kernels on this GPU; None when it can."""

    def work() -> None:
        from model.layers.kernels.loss import SegmentationLoss

        logits = torch.zeros(1, 2, 4, 4, dtype=Precision(device).dtype, device=device, requires_grad=True)
        with torch.enable_grad():
            loss = SegmentationLoss.apply(logits, torch.zeros(1, 4, 4, dtype=torch.uint8, device=device), None)
        torch.autograd.grad(loss, logits)

    index = device.index if device.index is not None else torch.cuda.current_device()
    return refusal(device) or failure(work, "The loss's kernels", index)


def _dice_loss(probability: torch.Tensor, channel: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    classes = torch.arange(probability.shape[1], device=channel.device)
    truth = (channel[:, None] == classes[:, None, None]) & known[:, None]
    count = truth.sum(dim=(0, 2, 3))
    hit = (probability * truth).sum(dim=(0, 2, 3))
    predicted = (probability * known[:, None]).sum(dim=(0, 2, 3))
    present = count > 0
    score = (2 * hit + 1) / (predicted + count + 1)
    return ((1 - score) * present).sum() / present.sum().clamp(min=1)
