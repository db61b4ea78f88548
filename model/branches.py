"""Branches: pieces of work that do not need each other, on a GPU in streams of their own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable

import torch


class Branches:
    """Kernels too small to fill a GPU share it, instead of following one another; in a CUDA graph, too."""

    def __init__(self, device: torch.device, count: int) -> None:
        """At most `count` pieces run at a time; elsewhere than on a GPU they run one after the other."""
        self._device = device
        self._streams = [torch.cuda.Stream(device) for _ in range(count)] if device.type == "cuda" else []

    def run(self, works: Iterable[Callable[[], object]]) -> None:
        """All of them, after what the current stream was given before and before what it will be given.

        What they share with the caller must outlive the call.
        """
        if not self._streams:
            for work in works:
                work()
            return
        trunk = torch.cuda.current_stream(self._device)
        for stream in self._streams:
            stream.wait_stream(trunk)
        try:
            for stream, work in zip(itertools.cycle(self._streams), works, strict=False):
                with torch.cuda.stream(stream):
                    work()
        finally:  # a recording whose streams have not come together again cannot even be given up
            for stream in self._streams:
                trunk.wait_stream(stream)
