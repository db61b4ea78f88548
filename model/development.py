"""Development: from measured views to the network's input, each in a light of its own, from numbers drawn beforehand.

It runs on the device, within the recorded step; the threads that cut views have enough to do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import torch
from torch.nn import functional

PARTS = (2, 9, 7, 1, 2)
"""Numbers of a Look: its limits, colour, tone, level and grain."""
LOOK = sum(PARTS)
GRAINS = 1 << 20
"""Normal random numbers from which all chance is taken: more than a view of 512 x 512 colours has."""
BLOCKS = 8
"""What is hidden of a view are whole ones of so many times so many blocks."""
_LEAST_BLUR = 0.01
"""Pixels; the neighbours' share is then nothing."""


@dataclass(frozen=True)
class Look:
    """How a view is changed, in this order; by default it is only brought to 0..1 between its `limits`.

    `colour` is a matrix (3, 3) by rows; `contrast` a factor about the view's mean, `brightness` is added, `gamma` an
    exponent; `light` grows by these shares to the right and downwards, from the middle to the edge; `blur` is a standard
    deviation in pixels, `noise` one of grey; `hidden` is the chance of each block to be covered by the view's mean. `grain`
    says where in the table of chance to start, and an odd step.
    """

    limits: tuple[float, float] = (0.0, 1.0)
    colour: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    contrast: float = 1.0
    brightness: float = 0.0
    gamma: float = 1.0
    light: tuple[float, float] = (0.0, 0.0)
    blur: float = 0.0
    noise: float = 0.0
    hidden: float = 0.0
    grain: tuple[int, int] = (0, 1)

    def numbers(self) -> np.ndarray:
        """(LOOK,) float32."""
        low, high = self.limits
        tone = (self.contrast, self.brightness, self.gamma, *self.light, self.blur, self.noise)
        chance = (_level(self.hidden), *self.grain)
        return np.array([low, 1 / (high - low), *self.colour, *tone, *chance], np.float32)


class Development:
    """Calling it only launches work, the same on every device up to rounding."""

    def __init__(self, device: torch.device) -> None:
        grains = np.random.default_rng(0).standard_normal(GRAINS, np.float32)
        self._grains = torch.from_numpy(grains).to(device)

    @torch.no_grad()
    def __call__(self, views: torch.Tensor, looks: torch.Tensor) -> torch.Tensor:
        """views (B, H, W, 1|3) int16, looks (B, LOOK) as `Look.numbers` -> (B, 1|3, H, W) float32 in 0..1."""
        x = self.plain(views, looks)
        _, colour, tone, level, grain = looks.split(PARTS, dim=1)
        contrast, brightness, gamma, right, down, blur, noise = tone[..., None, None, None].unbind(1)
        x = _coloured(x, colour.unflatten(1, (3, 3)), contrast, brightness).clamp_(0, 1).pow_(gamma)
        x *= 1 + right * _ramp(x, 3) + down * _ramp(x, 2)
        x = _blurred(x, 2 * blur.clamp(min=_LEAST_BLUR) ** 2)
        start, step = grain.long()[..., None].unbind(1)
        x = x.addcmul_(self._chance(x.shape, start, step), noise).clamp_(0, 1)
        hidden = self._hidden(x, start + GRAINS // 2, step, level[..., None, None])
        return torch.where(hidden, x.mean(dim=(2, 3), keepdim=True), x)

    @torch.no_grad()
    def plain(self, views: torch.Tensor, looks: torch.Tensor) -> torch.Tensor:
        """The same, but only brought to 0..1, as the network sees images when it predicts."""
        low, scale = looks[:, : PARTS[0], None, None, None].unbind(1)
        x = views.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        return ((x - low) * scale).clamp_(0, 1)

    def _chance(self, shape: Sequence[int], start: torch.Tensor, step: torch.Tensor) -> torch.Tensor:
        """Of this `shape`: an odd step through a table of two's power meets each of its numbers before any again."""
        count = torch.arange(math.prod(shape[1:]), device=start.device)
        return self._grains[(start + step * count) & (GRAINS - 1)].view(shape)

    def _hidden(self, x: torch.Tensor, start: torch.Tensor, step: torch.Tensor, level: torch.Tensor) -> torch.Tensor:
        """(B, 1, H, W) bool: the blocks whose number is below the `level`."""
        height, width = x.shape[2:]
        below = self._chance((len(x), 1, BLOCKS, BLOCKS), start, step) < level
        tall, broad = -(-height // BLOCKS), -(-width // BLOCKS)
        return below.repeat_interleave(tall, 2).repeat_interleave(broad, 3)[:, :, :height, :width]


def _level(share: float) -> float:
    """Below which this share of normal numbers is."""
    return NormalDist().inv_cdf(share) if 0 < share < 1 else math.copysign(math.inf, share - 0.5)


def _coloured(x: torch.Tensor, colour: torch.Tensor, contrast: torch.Tensor, brightness: torch.Tensor) -> torch.Tensor:
    """The three as one product: about the mean of what the colours have become."""
    planes = x.shape[1]
    colour = colour[:, :planes, :planes]
    mean = (colour @ x.mean(dim=(2, 3))[:, :, None]).mean(dim=1, keepdim=True)
    contrast, brightness = contrast[..., 0], brightness[..., 0]
    offset = mean * (1 - contrast) + brightness
    return torch.baddbmm(offset, colour * contrast, x.flatten(2)).view_as(x)


def _ramp(x: torch.Tensor, dim: int) -> torch.Tensor:
    """-1 to 1 along a side of the views."""
    shape = [1, 1, 1, 1]
    shape[dim] = x.shape[dim]
    return torch.linspace(-1, 1, x.shape[dim], device=x.device).view(shape)


def _blurred(x: torch.Tensor, spread: torch.Tensor) -> torch.Tensor:
    """Five taps of a Gaussian along each side; `spread` (B, 1, 1, 1) is twice its variance."""
    near, far = torch.exp(-1 / spread), torch.exp(-4 / spread)
    whole = 1 + 2 * near + 2 * far
    for dim, edges in ((3, (2, 2, 0, 0)), (2, (0, 0, 2, 2))):
        padded, size = functional.pad(x, edges, mode="replicate"), x.shape[dim]
        taps = [padded.narrow(dim, start, size) for start in range(5)]
        x = (taps[2] + near * (taps[1] + taps[3]) + far * (taps[0] + taps[4])) / whole
    return x
