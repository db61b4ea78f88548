"""Teacher: the averaged weights say what nobody has labelled, and the student learns what they are sure of.

A mean teacher (Tarvainen and Valpola 2017) that gives hard labels above a confidence (Sohn et al. 2020, FixMatch). It sees
the view as it was measured, its student in another light and mixed with the others that are learned from at once.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from model.labels import BEYOND, UNTOUCHED
from model.losses import segmentation_loss
from model.precision import Precision

SURE = 0.9
"""Probability from which the teacher is believed."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a step needs to be taught: `chances` (B, CHANCES) float32 in 0..1 for how views are mixed, and how much the
    teacher counts, 0 to 1.
    """

    chances: np.ndarray
    trust: float


class Teacher:
    """Calling it says what the pixels are that nobody has labelled; it costs no memory for weights of its own."""

    def __init__(self, network: torch.nn.Module, average: Mapping[str, torch.Tensor], precision: Precision) -> None:
        """`average` holds the weights by their names, on the network's device; they may change from step to step."""
        self._network = copy.deepcopy(network).requires_grad_(False).eval()
        self._network.load_state_dict(dict(average), assign=True)
        self._precision = precision

    @torch.no_grad()
    def __call__(self, pixels: torch.Tensor, channels: torch.Tensor) -> torch.Tensor:
        """pixels (B, 1|3, H, W), channels (B, H, W) uint8 -> (B, H, W) uint8: a channel where `channels` has 255 and the
        teacher is sure, else 255.
        """
        with self._precision.autocast():
            channel, confidence, _ = self._network.classify(pixels)
        told = (channels == UNTOUCHED) & (confidence >= round(255 * SURE))
        return torch.where(told, channel, UNTOUCHED)


def taught_loss(
    logits: torch.Tensor, channels: torch.Tensor, told: torch.Tensor, weights: torch.Tensor | None, trust: torch.Tensor
) -> torch.Tensor:
    """`segmentation_loss` of what a person says, and of what the teacher says, as far as it says something. Neither says
    anything of what lies BEYOND an image.
    """
    untouched = (channels == UNTOUCHED).sum()
    share = (told != UNTOUCHED).sum() / untouched.clamp(min=1)
    if logits.shape[1] <= BEYOND:
        channels = channels.masked_fill(channels == BEYOND, UNTOUCHED)
    return segmentation_loss(logits, channels, weights) + trust * share * segmentation_loss(logits, told)
