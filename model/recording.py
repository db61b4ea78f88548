"""Recording: a function of tensors as a CUDA graph, so that hundreds of launches cost the processor one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from model.device import is_out_of_memory

Inputs = Sequence[torch.Tensor | None]


class Recording:
    """Calling it does what `function` did while it was recorded, on new values: whatever the function decided then, and
    every tensor that it wrote, stays the same.
    """

    def __init__(self, function: Callable[..., torch.Tensor | None], inputs: Inputs, after: Recording | None) -> None:
        """Call it in the stream of the work, once the function has run there a few times. Memory of a recording that
        always runs right `after` another is shared with it. Raises RuntimeError, of which `ran_out` tells the kind.
        """
        self._inputs = [None if one is None else one.clone() for one in inputs]
        self._graph = torch.cuda.CUDAGraph()
        pool = None if after is None else after._graph.pool()
        stream = torch.cuda.current_stream()
        # Threads that cut views may allocate pinned memory meanwhile: only this thread must keep to what can be recorded.
        with torch.cuda.graph(self._graph, pool=pool, stream=stream, capture_error_mode="thread_local"):
            self._output = function(*self._inputs)

    def __call__(self, *inputs: torch.Tensor | None) -> torch.Tensor | None:
        """The output's memory is used again by the next call."""
        for mine, new in zip(self._inputs, inputs, strict=True):
            if mine is not None:
                mine.copy_(new)
        self._graph.replay()
        return self._output

    def fits(self, inputs: Inputs) -> bool:
        return [_shape(one) for one in inputs] == [_shape(one) for one in self._inputs]


def ran_out(error: BaseException | None) -> bool:
    """Whether memory ran out: ending a recording that has failed may raise another error on top."""
    while error is not None:
        if is_out_of_memory(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _shape(one: torch.Tensor | None) -> object:
    return None if one is None else (one.shape, one.dtype)
