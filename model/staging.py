"""Staging: how pixels reach a device and results come back, without anybody waiting before the results are needed."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import numpy as np
import torch

_STRIP = 16 << 20
"""Bytes that go through one pinned buffer; PyTorch keeps those it has had for the next image."""
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

    def computing(self) -> contextlib.AbstractContextManager:
        """What computes with uploaded tensors, or makes what is downloaded, does so inside this."""
        return torch.cuda.stream(self.compute) if self._gpu else contextlib.nullcontext()

    def upload(self, arrays: Sequence[np.ndarray], alone: bool = False) -> torch.Tensor:
        """Arrays of one shape, uint8, int16, uint16 or float32 -> a tensor (B, ...) on the device.

        What is `alone`, with nothing to overlap with, goes and comes on the stream that computes, which costs less.
        """
        if not self._gpu:
            return torch.from_numpy(np.stack(arrays))
        if alone and arrays[0].nbytes <= _STRIP:
            return self._pinned(arrays[0][None]).to(self._device, non_blocking=True)
        with torch.cuda.stream(self._up):
            shape = len(arrays), *arrays[0].shape
            tensor = torch.empty(shape, dtype=_TYPES[arrays[0].dtype.name], device=self._device)
            rows = max(1, _STRIP // max(1, arrays[0][:1].nbytes))
            for place, array in zip(tensor, arrays, strict=True):
                for start in range(0, len(array), rows):
                    part = self._pinned(array[start : start + rows])
                    place[start : start + rows].copy_(part, non_blocking=True)
        self.compute.wait_stream(self._up)
        tensor.record_stream(self.compute)
        return tensor

    def download(self, tensor: torch.Tensor, alone: bool = False) -> Download:
        """Begin to copy a uint8 tensor that was just made and that nobody changes any more.

        What is not `alone` lets other threads have the core while it is waited for.
        """
        if not self._gpu or tensor.numel() > 2 * _STRIP:
            return Download(tensor, self.computing(), None)
        if not alone:
            self._down.wait_stream(self.compute)
            tensor.record_stream(self._down)
        host = torch.empty(tensor.shape, dtype=tensor.dtype, pin_memory=True)
        done = torch.cuda.Event(blocking=not alone)
        with contextlib.nullcontext() if alone else torch.cuda.stream(self._down):
            host.copy_(tensor, non_blocking=True)
            done.record()
        return Download(host, contextlib.nullcontext(), done)

    def _pinned(self, array: np.ndarray) -> torch.Tensor:
        """A copy from which the GPU can read by itself."""
        staged = torch.empty(array.shape, dtype=_TYPES[array.dtype.name], pin_memory=True)
        np.copyto(staged.numpy(), array)
        return staged


class Download:
    """A copy on its way to the computer's memory."""

    def __init__(
        self, tensor: torch.Tensor, computing: contextlib.AbstractContextManager, done: torch.cuda.Event | None
    ) -> None:
        self._tensor, self._computing, self._done = tensor, computing, done

    def result(self) -> np.ndarray:
        """Wait for it. What is large lies in ordinary memory, what is small in pinned memory that it keeps."""
        if self._done is not None:
            self._done.synchronize()
        with self._computing:
            return self._tensor.cpu().numpy()
