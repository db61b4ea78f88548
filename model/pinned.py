"""Pinned memory, which a GPU reads and writes by itself. Kept and used again: to pin it costs more than to copy it."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Sequence

import numpy as np
import torch

_KEPT = 256 << 20
"""Bytes of result buffers that wait to be used again."""


class UploadBuffer:
    """Filled, and then read by the GPU."""

    def __init__(self) -> None:
        self._memory: torch.Tensor | None = None
        self._read = torch.cuda.Event()

    def fill(self, arrays: Sequence[np.ndarray], shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """The arrays as one pinned tensor of `shape`, once the GPU has read what was there before."""
        self._read.synchronize()
        size = arrays[0].nbytes * len(arrays)
        if self._memory is None or self._memory.numel() < size:
            self._memory = torch.empty(size, dtype=torch.uint8, pin_memory=True)
        staged = self._memory[:size].view(dtype).view(shape)
        for place, array in zip(staged.numpy(), arrays, strict=True):
            np.copyto(place, array)
        return staged

    def is_read(self) -> None:
        """Whatever reads it has been put on the current stream."""
        self._read.record()


class ResultBuffers:
    """Filled by the GPU and lent out as arrays; a buffer comes back when nobody has its array or a part of it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._free: OrderedDict[int, torch.Tensor] = OrderedDict()
        # Arrays may go in any thread, and in the middle of anything, so that what hears of it must not wait.
        self._back: deque[torch.Tensor] = deque()

    def take(self, size: int) -> torch.Tensor:
        """uint8 (size,), with any content."""
        with self._guard:
            self._collect()
            fitting = next((key for key, buffer in self._free.items() if buffer.numel() == size), None)
            if fitting is not None:
                return self._free.pop(fitting)
        return torch.empty(size, dtype=torch.uint8, pin_memory=torch.cuda.is_available())

    def lend(self, buffer: torch.Tensor, filled: torch.cuda.Event) -> np.ndarray:
        """The buffer as an array, once `filled` has come."""
        filled.synchronize()
        array = buffer.numpy()
        weakref.finalize(array, self._back.append, buffer).atexit = False
        return array

    def _collect(self) -> None:
        """What has come back is free, or is let go where there is enough."""
        while self._back:
            buffer = self._back.popleft()
            self._free[buffer.data_ptr()] = buffer
        while sum(kept.numel() for kept in self._free.values()) > _KEPT:
            self._free.popitem(last=False)
