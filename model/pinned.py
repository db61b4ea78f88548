"""Pinned memory, which a GPU reads and writes by itself. Kept and used again: to pin it costs more than to copy it."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence

import numpy as np
import torch

_KEPT = 256 << 20
"""Bytes of result buffers that wait to be used again."""
_PARTS, _PART = 4, 192 << 10
"""An upload's parts at most, and about how many bytes make one more worth its launch."""


class UploadBuffer:
    """What is put here is copied on to a GPU a part at a time, so that one part travels while the next is put here."""

    def __init__(self) -> None:
        self._memory: torch.Tensor | None = None
        self._read = torch.cuda.Event()

    def send(self, arrays: Sequence[np.ndarray], place: torch.Tensor) -> None:
        """Begin to copy arrays of one shape and type to `place` (B, ...) on the GPU, in the order of the current stream."""
        self._read.synchronize()
        size = place.numel() * place.element_size()
        if self._memory is None or self._memory.numel() < size:
            self._memory = torch.empty(size, dtype=torch.uint8, pin_memory=True)
        here = self._memory[:size].view(place.dtype).view(place.shape)
        try:
            for part, staged, there in _parts(arrays, here, place, min(_PARTS, 1 + size // _PART)):
                for row, array in zip(staged.numpy(), part, strict=True):
                    np.copyto(row, array)
                there.copy_(staged, non_blocking=True)
        finally:
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


def _parts(
    arrays: Sequence[np.ndarray], here: torch.Tensor, there: torch.Tensor, count: int
) -> Iterator[tuple[Sequence[np.ndarray], torch.Tensor, torch.Tensor]]:
    """About `count` pieces of the arrays with their places: some of several, or some rows of a single one."""
    alone = len(arrays) == 1
    length = here.shape[1] if alone else len(arrays)
    step = -(-length // count)
    for start in range(0, length, step):
        part = slice(start, start + step)
        if alone:
            yield [arrays[0][part]], here[:, part], there[:, part]
        else:
            yield arrays[part], here[part], there[part]
