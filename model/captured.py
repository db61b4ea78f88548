"""Graphs: what a GPU does again and again for inputs of one kind, captured once as a CUDA graph and then replayed."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import torch

from model.device import is_lost, is_out_of_memory

_KEPT = 8
_SEEN = 64
_LARGEST = 4 << 20
"""Pixels in a graph: its memory stays taken, and beyond this launches are no longer what costs time."""

Function = Callable[..., torch.Tensor]


class Graphs:
    """Runs functions of tensors on one stream. A replay costs one launch; Python would launch hundreds of kernels.

    All graphs share one pool of memory, so they take what the largest needs; the least recently used ones go. A
    function that cannot be captured runs step by step from then on, and `refusal` says why.
    """

    def __init__(self, device: torch.device, stream: torch.cuda.Stream | None) -> None:
        """Without a stream (on a CPU) nothing is captured."""
        self._device, self._stream = device, stream
        self._kept: OrderedDict[tuple, _Graph] = OrderedDict()
        self._seen: OrderedDict[tuple, None] = OrderedDict()
        self._pool: object = None
        self.refusal: str | None = None

    def run(
        self, name: str, function: Function, *inputs: torch.Tensor, at_once: bool = False, keep: object = None
    ) -> torch.Tensor:
        """function(*inputs), on this stream; `name` tells apart functions of inputs of one shape and type.

        Inputs are on the device or in pinned memory; the first has a shape (B, H, W, ...). The result is valid until
        the next run. The function is captured the second time it is asked for, or the first time with `at_once`;
        `keep` is what else it reads.
        """
        key = (name, *((x.shape, x.dtype) for x in inputs))
        graph = self._kept.get(key)
        if graph is None:
            inputs = tuple(x.to(self._device, non_blocking=True) for x in inputs)
            if self._is_worth_it(key, inputs, at_once):
                graph = self._capture(key, function, inputs, keep)
        if graph is None:
            return function(*inputs)
        self._kept.move_to_end(key)
        return graph.replay(inputs)

    def clear(self) -> None:
        """Give the graphs' memory back."""
        if self._kept:
            torch.cuda.synchronize(self._device)
        self._kept.clear()
        self._pool = None

    def _is_worth_it(self, key: tuple, inputs: tuple[torch.Tensor, ...], at_once: bool) -> bool:
        if self._stream is None or self.refusal is not None or inputs[0].shape[:3].numel() > _LARGEST:
            return False
        again = key in self._seen
        self._seen[key] = None
        if len(self._seen) > _SEEN:
            self._seen.popitem(last=False)
        return again or at_once

    def _capture(self, key: tuple, function: Function, inputs: tuple[torch.Tensor, ...], keep: object) -> _Graph | None:
        """None when there is no memory for it, or when it cannot be captured, which is said once."""
        if len(self._kept) >= _KEPT:
            torch.cuda.synchronize(self._device)
            self._kept.popitem(last=False)
        if not self._kept:
            self._pool = torch.cuda.graph_pool_handle()  # the pool of graphs that are gone cannot be used again
        try:
            self._kept[key] = _capture(function, inputs, keep, self._pool, self._stream)
        except RuntimeError as error:
            if is_lost(error) and "captur" not in str(error):
                raise
            if not any(is_out_of_memory(one) for one in (error, error.__context__) if one is not None):
                self.refusal = str(error).splitlines()[0] if str(error) else type(error).__name__
                logging.getLogger(__name__).warning("CUDA graphs cannot be used: %s", self.refusal)
        return self._kept.get(key)


@dataclass(frozen=True, eq=False)
class _Graph:
    """`inputs` and `output` are where the graph reads and writes; `keep` is what else it reads."""

    graph: torch.cuda.CUDAGraph
    keep: object
    inputs: tuple[torch.Tensor, ...]
    output: torch.Tensor

    def replay(self, inputs: tuple[torch.Tensor, ...]) -> torch.Tensor:
        for place, tensor in zip(self.inputs, inputs, strict=True):
            place.copy_(tensor, non_blocking=True)
        self.graph.replay()
        return self.output


def _capture(
    function: Function, inputs: tuple[torch.Tensor, ...], keep: object, pool: object, stream: torch.cuda.Stream
) -> _Graph:
    """The first run compiles and chooses kernels, which a graph cannot hold. Other threads go on using the GPU."""
    places = tuple(x.clone() for x in inputs)
    function(*places)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
        output = function(*places)
    return _Graph(graph, keep, places, output)
