"""The decay of each head: how fast it forgets tokens further along the scan."""

from __future__ import annotations

import math

import torch


def build_slopes(heads: int) -> torch.Tensor:
    """Slopes (heads,) float32 as `lightning_attn.utils._build_slope_tensor` gives them, for any number of heads.

    For a power of two they are 2^(-8/heads), 2^(-16/heads) ... (Press et al., ALiBi, 2021); other numbers take those of
    the power below, then every other one of the power above. Three heads: 1/16, 1/256, 1/4.
    """
    power = 2 ** math.floor(math.log2(heads))
    slopes = _of_power_of_two(power) + _of_power_of_two(2 * power)[0::2][: heads - power]
    return torch.tensor(slopes, dtype=torch.float32)


def _of_power_of_two(heads: int) -> list[float]:
    return [2 ** (-8 * (index + 1) / heads) for index in range(heads)]
