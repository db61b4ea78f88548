"""Mixing: some views take pixels from others, so that things appear where the network does not expect them."""

from __future__ import annotations

import torch

from model.labels import BEYOND

CHANCES = 257
"""Random numbers per view: whether it takes anything, and for each channel whether that is taken."""
MIXED = 0.5
"""Share of the views that take something, and of the channels that are taken."""


def mix(
    pixels: torch.Tensor, channels: torch.Tensor, told: torch.Tensor, chances: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Views (B, P, H, W), their maps (B, H, W) uint8 of a person's and of a teacher's channels, and `chances` (B, CHANCES).

    A view gets the pixels of some channels from the view before it, and what is known of these (Olsson et al. 2021,
    ClassMix). A single view has none before it, and stays what it is.
    """
    others = [one.roll(1, 0) for one in (pixels, channels, told)]
    known = torch.minimum(others[1], others[2])  # 255 in all but one of them
    wanted = (chances[:, 1:] < MIXED) & (chances[:, :1] < MIXED)
    wanted[:, BEYOND:] = False
    take = wanted.gather(1, known.flatten(1).long()).view_as(known)
    mixed = torch.where(take[:, None], others[0], pixels)
    return mixed, torch.where(take, others[1], channels), torch.where(take, others[2], told)
