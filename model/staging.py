"""Staging: how pixels reach a device and results come back, without anybody waiting before the results are needed."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
        self._buffers = itertools.cycle([UploadBuffer() for _ in range(_BUFFERS)] if self._gpu else [None])

    def computing(self) -> contextlib.AbstractContextManager:
        """What computes with uploaded tensors, or makes what is downloaded, does so inside this."""
        return torch.cuda.stream(self.compute) if self._gpu else contextlib.nullcontext()

    def upload(self, arrays: Sequence[np.ndarray], alone: bool = False) -> torch.Tensor | Upload:
        """Arrays of one shape, uint8, int16, uint16 or float32 -> a tensor (B, ...) on the device.

        What is `alone`, with nothing to overlap with, goes and comes on the stream that computes, which costs less:
        that of small arrays begins once it is known where they belong.
        """
        if not self._gpu:
            return torch.from_numpy(np.stack(arrays))
        shape, dtype = torch.Size((len(arrays), *arrays[0].shape)), _TYPES[arrays[0].dtype.name]
        if alone and arrays[0].nbytes <= _STRIP:
            return Upload(arrays, next(self._buffers), shape, dtype)
        with contextlib.nullcontext() if alone else torch.cuda.stream(self._up):
            tensor = self._in_parts(arrays, shape, dtype)
        if not alone:
            self.compute.wait_stream(self._up)
            tensor.record_stream(self.compute)
        return tensor

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
                next(self._buffers).send(parts, place)
        return tensor


@dataclass(frozen=True, eq=False)
class Upload:
    """Arrays on their way to a GPU: a tensor of this shape and type once it is `put`, on the current stream."""

    arrays: Sequence[np.ndarray]
    buffer: UploadBuffer
    shape: torch.Size
    dtype: torch.dtype

    def put(self, place: torch.Tensor) -> None:
        self.buffer.send(self.arrays, place)


class Download:
    """A copy on its way to the computer's memory."""

    def __init__(self, shape: tuple[int, ...], wait: Callable[[], np.ndarray]) -> None:
        self._shape, self._wait = shape, wait

    def result(self) -> np.ndarray:
        """Wait for it. What is large lies in ordinary memory, what is small in pinned memory that comes back later."""
        return self._wait().reshape(self._shape)
