"""The training loss: cross-entropy plus soft Dice, over the pixels a person has labelled."""

from __future__ import annotations

import torch

from model.labels import UNTOUCHED


def segmentation_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Mean cross-entropy + (1 - mean soft Dice), computed in float32.

    `logits` (B, C, H, W); `target` (B, H, W) int64 holds channels, or 255 for untouched pixels, which count in neither
    part. Dice (Milletari et al. 2016, V-Net) pools the batch and leaves out classes that its truth lacks: there it
    would only repeat what cross-entropy says, with a gradient as large as a whole organ's. Nothing labelled gives 0.
    """
    log_probability = torch.log_softmax(logits.float(), dim=1)
    known = target != UNTOUCHED
    channel = torch.where(known, target, 0)
    entropy = -(log_probability.gather(1, channel[:, None])[:, 0] * known).sum() / known.sum().clamp(min=1)
    return entropy + _dice_loss(log_probability.exp(), channel, known)


def _dice_loss(probability: torch.Tensor, channel: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
    classes = torch.arange(probability.shape[1], device=channel.device)
    truth = (channel[:, None] == classes[:, None, None]) & known[:, None]
    count = truth.sum(dim=(0, 2, 3))
    hit = (probability * truth).sum(dim=(0, 2, 3))
    predicted = (probability * known[:, None]).sum(dim=(0, 2, 3))
    present = count > 0
    score = (2 * hit + 1) / (predicted + count + 1)
    return ((1 - score) * present).sum() / present.sum().clamp(min=1)
