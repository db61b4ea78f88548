"""Transfers: arrays to a device and a number back, beside the device's own work."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterator

import numpy as np
import torch

LATE = 2
"""Steps that a GPU may be behind: enough for it to have work while ranks wait for one another, or for a view."""


class Transfers:
    """On a GPU copies run in a stream of their own, and nobody waits for the step that was launched last."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        on_gpu = device.type == "cuda"
        self._copies = torch.cuda.Stream(device) if on_gpu else None
        self._work = torch.cuda.Stream(device) if on_gpu else None
        self._lent: list[torch.Tensor] = []
        self._late: deque[tuple[torch.Tensor, torch.cuda.Event, list[torch.Tensor]]] = deque()

    @contextlib.contextmanager
    def beside(self) -> Iterator[None]:
        """On a GPU, work within runs in a stream of its own, as the recording of a CUDA graph needs it: after what the
        caller's stream was given before, and before what it will be given.
        """
        if self._work is None:
            yield
            return
        caller = torch.cuda.current_stream(self._device)
        self._work.wait_stream(caller)
        try:
            with torch.cuda.stream(self._work):
                yield
        finally:
            caller.wait_stream(self._work)

    def upload(self, array: np.ndarray | None) -> torch.Tensor | None:
        """The array on the device; within `beside`. It must not be written before the number of its step is there."""
        if array is None:
            return None
        here = torch.from_numpy(array)
        if self._copies is None:
            return here.to(self._device)
        here = here if here.is_pinned() else here.pin_memory()
        with torch.cuda.stream(self._copies):
            there = here.to(self._device, non_blocking=True)
        self._lent.append(here)
        self._work.wait_stream(self._copies)
        there.record_stream(self._work)
        return there

    def fetch(self, number: torch.Tensor) -> float:
        """The number (), or on a GPU one of LATE calls before: waiting for this one would leave the GPU without work."""
        if self._work is None:
            return float(number)
        here = torch.empty((), dtype=number.dtype, pin_memory=True)
        here.copy_(number, non_blocking=True)
        there = torch.cuda.Event(blocking=True)
        there.record(self._work)
        self._late.append((here, there, self._lent))
        self._lent = []
        value, event, _ = self._late[0]
        event.synchronize()
        if len(self._late) > LATE:
            self._late.popleft()
        return float(value)

    def forget(self) -> None:
        """The last number will not be asked for."""
        if self._work is not None:
            self._work.synchronize()
        self._late.clear()
        self._lent = []


def pinned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """Memory that a GPU can read by itself."""
    kinds = {"float32": torch.float32, "int16": torch.int16, "uint8": torch.uint8}
    return torch.empty(shape, dtype=kinds[np.dtype(dtype).name], pin_memory=True).numpy()
