"""Staging: how pixels reach a device and results come back, without anybody waiting before the results are needed."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from model.pinned import ResultBuffers, UploadBuffer

_STRIP = 16 << 20
"""Bytes of a pinned buffer: what is larger goes through it in parts."""
_BUFFERS = 4
_TYPES = {name: getattr(torch, name) for name in ("uint8", "int16", "uint16", "float32")}


class Staging:
    """On a GPU: uploads, computation and downloads on a stream each, so that those of several images overlap.

    Pinned memory lets the GPU copy by itself. On a CPU everything is where it belongs already.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._gpu = device.type == "cuda"
        streams = [torch.cuda.Stream(device) for _ in range(3)] if self._gpu else [None] * 3
        self._up, self.compute, self._down = streams
        self._results = ResultBuffers()
        self._filled: UploadBuffer | None = None
        self._buffers = itertools.cycle([UploadBuffer() for _ in range(_BUFFERS)] if self._gpu else [None])

    def computing(self) -> contextlib.AbstractContextManager:
        """What computes with uploaded tensors, or makes what is downloaded, does so inside this."""
        return _on(self.compute) if self._gpu else contextlib.nullcontext()

    def upload(self, arrays: Sequence[np.ndarray], alone: bool = False) -> torch.Tensor:
        """Arrays of one shape, uint8, int16, uint16 or float32 -> a tensor (B, ...) on the device.

        What is `alone`, with nothing to overlap with, goes and comes on the stream that computes, which costs less;
        the tensor then may be pinned memory, to be read on the device inside `reading`.
        """
        if not self._gpu:
            return torch.from_numpy(np.stack(arrays))
        with contextlib.nullcontext() if alone else torch.cuda.stream(self._up):
            shape, dtype = (len(arrays), *arrays[0].shape), _TYPES[arrays[0].dtype.name]
            if alone and arrays[0].nbytes <= _STRIP:
                self._filled = next(self._buffers)
                return self._filled.fill(arrays, shape, dtype)
            else:
                tensor = self._in_parts(arrays, shape, dtype)
        if not alone:
            self.compute.wait_stream(self._up)
            tensor.record_stream(self.compute)
        return tensor

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """What reads what `upload` returned is put on the computing stream inside this; it may fail half way."""
        try:
            yield
        finally:
            filled, self._filled = self._filled, None
            if filled is not None:
                filled.is_read()

    def download(self, tensor: torch.Tensor, alone: bool = False) -> Download:
        """Begin to copy a uint8 tensor that was just made and that nobody changes any more.

        What is not `alone` lets other threads have the core while it is waited for.
        """
        if not self._gpu:
            return Download(tensor.shape, tensor.numpy)
        if tensor.numel() > _STRIP:
            made = torch.cuda.Event()
            made.record(self.compute)
            return Download(tensor.shape, lambda: self._in_strips(tensor.reshape(-1), made))
        if not alone:
            self._down.wait_stream(self.compute)
            tensor.record_stream(self._down)
        host = self._results.take(tensor.numel())
        done = torch.cuda.Event(blocking=not alone)
        with contextlib.nullcontext() if alone else torch.cuda.stream(self._down):
            host.view(tensor.shape).copy_(tensor, non_blocking=True)
            done.record()
        return Download(tensor.shape, lambda: self._results.lend(host, done))

    @torch.inference_mode()
    def _in_strips(self, tensor: torch.Tensor, made: torch.cuda.Event) -> np.ndarray:
        """Into ordinary memory, through pinned strips: while one is copied on, the next is on its way.

        It waits until the tensor was made, and not for what has been put on the computing stream since.
        """
        array, coming = np.empty(tensor.shape, np.uint8), deque()
        self._down.wait_event(made)
        for start in range(0, len(tensor), _STRIP):
            part, done = tensor[start : start + _STRIP], torch.cuda.Event()
            host = self._results.take(len(part))
            with torch.cuda.stream(self._down):
                host.copy_(part, non_blocking=True)
                done.record()
            coming.append((array[start : start + _STRIP], host, done))
            while len(coming) > (1 if start + _STRIP < len(tensor) else 0):
                place, host, done = coming.popleft()
                np.copyto(place, self._results.lend(host, done))
        return array

    def _in_parts(self, arrays: Sequence[np.ndarray], shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        """As many arrays, or as many rows of one, at a time as a buffer holds."""
        tensor = torch.empty(shape, dtype=dtype, device=self._device)
        together, rows = max(1, _STRIP // arrays[0].nbytes), max(1, _STRIP // arrays[0][:1].nbytes)
        for first in range(0, len(arrays), together):
            for top in range(0, shape[1], rows):
                parts = [array[top : top + rows] for array in arrays[first : first + together]]
                place = tensor[first : first + together, top : top + rows]
                buffer = next(self._buffers)
                staged = buffer.fill(parts, place.shape, dtype)
                try:
                    place.copy_(staged, non_blocking=True)
                finally:
                    buffer.is_read()
        return tensor


@contextlib.contextmanager
def _on(stream: torch.cuda.Stream) -> Iterator[None]:
    """`torch.cuda.stream`, whose search for the current device takes a prediction 10 to 20 us."""
    before = torch.cuda.current_stream(stream.device_index)
    torch.cuda.set_stream(stream)
    try:
        yield
    finally:
        torch.cuda.set_stream(before)


class Download:
    """A copy on its way to the computer's memory."""

    def __init__(self, shape: tuple[int, ...], wait: Callable[[], np.ndarray]) -> None:
        self._shape, self._wait = shape, wait

    def result(self) -> np.ndarray:
        """Wait for it. What is large lies in ordinary memory, what is small in pinned memory that comes back later."""
        return self._wait().reshape(self._shape)
