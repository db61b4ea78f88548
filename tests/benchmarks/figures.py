"""Figures of a check: what was compared, how far it is off, and how far it may be."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Figure:
    what: str
    value: float
    bound: float

    @property
    def passed(self) -> bool:
        return self.value <= self.bound  # False for what is no number


def relative(result: torch.Tensor, reference: torch.Tensor) -> float:
    """The norm of the difference over the reference's; where that is 0 the difference has to be 0 too."""
    difference = (result.double() - reference.double()).norm()
    return float(difference / reference.double().norm().clamp(min=1e-30))


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
