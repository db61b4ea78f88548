"""Rank: which of the processes of a training this one is. It can be asked before torch is loaded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rank:
    """Which of the processes this is: `number` of `size`, and `local` among those of its machine.

    `restarts` counts how often torchrun has started the team again after it lost a process.
    """

    number: int = 0
    size: int = 1
    local: int = 0
    local_size: int = 1
    restarts: int = 0

    @staticmethod
    def of(environment: Mapping[str, str] = os.environ) -> Rank:
        """As torchrun says it; the only one outside of torchrun."""
        if "RANK" not in environment or "WORLD_SIZE" not in environment:
            return Rank()
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "TORCHELASTIC_RESTART_COUNT")
        return Rank(*(int(environment.get(name, default)) for name, default in zip(names, "01010", strict=True)))
