"""Disturbance: how a student's view differs from its teacher's, computed on the device from numbers drawn beforehand."""

from __future__ import annotations

import torch

_LIGHT = 4
CHANCES = _LIGHT + 256
"""Random numbers per view: contrast, brightness, gamma, whether to mix; and one per channel, whether it is taken over."""
CONTRAST, BRIGHTNESS, GAMMA = 0.4, 0.2, 0.6
"""How far they go either way: the first a factor, the second in units of 0..1, the third an exponent's logarithm."""
MIXED = 0.5
"""Share of the views that take pixels from the next, and the share of its channels that they take."""


def disturb(
    pixels: torch.Tensor, channels: torch.Tensor, told: torch.Tensor, chances: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Views (B, P, H, W) in 0..1 and their maps (B, H, W) uint8 of a person's and the teacher's channels, disturbed.

    Each in another light; and some get the pixels of some classes from the view before them, with what is known of
    these (Olsson et al. 2021, ClassMix), so that things appear where the network does not expect them.
    """
    return _mix(_light(pixels, chances[:, :_LIGHT]), channels, told, chances)


def _light(pixels: torch.Tensor, chances: torch.Tensor) -> torch.Tensor:
    contrast, brightness, gamma, _ = (2 * chances[:, :, None, None, None] - 1).unbind(1)
    middle = pixels.mean(dim=(1, 2, 3), keepdim=True)
    changed = (pixels - middle) * (1 + CONTRAST * contrast) + middle + BRIGHTNESS * brightness
    return changed.clamp(1e-3, 1).pow(torch.exp(GAMMA * gamma))


def _mix(
    pixels: torch.Tensor, channels: torch.Tensor, told: torch.Tensor, chances: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    others = pixels.roll(1, 0), channels.roll(1, 0), told.roll(1, 0)
    known = torch.minimum(others[1], others[2])  # 255 in all but one of them
    wanted = (chances[:, _LIGHT:] < MIXED) & (chances[:, _LIGHT - 1, None] < MIXED)
    wanted[:, -1] = False
    take = wanted.gather(1, known.flatten(1).long()).view_as(known)
    mixed = torch.where(take[:, None], others[0], pixels)
    return mixed, torch.where(take, others[1], channels), torch.where(take, others[2], told)
