"""How the benchmarks measure: medians of several sets, by CUDA-graph replay, by the clock on the wall, and peak memory."""

from __future__ import annotations

import contextlib
import gc
import statistics
import time
from collections.abc import Callable, Iterator

import torch

Call = Callable[[], object]


def replayed(call: Call, device: torch.device, sets: int = 5, budget: float = 0.1) -> float:
    """Seconds of GPU time of one `call`, captured once in a CUDA graph and replayed; the median of the sets.

    Nothing but the GPU's own work is in it: no launches from Python. A set takes about `budget` seconds.
    """
    return repeated(capture(call).replay if device.type == "cuda" else call, device, sets, budget)


def repeated(call: Call, device: torch.device, sets: int = 5, budget: float = 0.1) -> float:
    """Seconds of GPU time of one `call` among many in a row, the median of the sets; on a CPU as `clocked`."""
    if device.type != "cuda":
        return clocked(call, device, sets)
    call()
    once = _between(call, 1)
    count = max(3, min(200, int(budget / max(once, 1e-6))))
    return statistics.median(_between(call, count) for _ in range(sets))


def capture(call: Call) -> torch.cuda.CUDAGraph:
    """`call` as a graph. It runs three times before, on a stream of its own, so that kernels are chosen and compiled."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            call()
    torch.cuda.current_stream().wait_stream(stream)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        call()
    return graph


def clocked(call: Call, device: torch.device, runs: int = 20, warm: int = 3) -> float:
    """Seconds on the wall from before a call until the device is done with it, the median of the runs."""
    for _ in range(warm):
        call()
    finish(device)
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        call()
        finish(device)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def paced(call: Call, device: torch.device, runs: int = 20, sets: int = 3, warm: int = 4) -> float:
    """Seconds on the wall of one `call` among `runs` in a row, the median of the sets: what overlaps may overlap."""
    for _ in range(warm):
        call()
    seconds = []
    for _ in range(sets):
        finish(device)
        started = time.perf_counter()
        for _ in range(runs):
            call()
        finish(device)
        seconds.append((time.perf_counter() - started) / runs)
    return statistics.median(seconds)


@contextlib.contextmanager
def memory_of(device: torch.device) -> Iterator[Callable[[], float | None]]:
    """What it gives returns the most bytes that torch held at once for tensors since then, those held before left out.

    None on a CPU. What a graph needs counts where it is captured, so capturing belongs inside.
    """
    forget(device)
    if device.type != "cuda":
        yield lambda: None
        return
    before = torch.cuda.memory_allocated()
    torch.cuda.reset_peak_memory_stats()
    yield lambda: float(torch.cuda.max_memory_allocated() - before)


def finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def forget(device: torch.device) -> None:
    """Give the memory of what was measured last to what comes next."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.synchronize()
        torch.cuda.empty_cache()


def _between(call: Call, count: int) -> float:
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(count):
        call()
    end.record()
    end.synchronize()
    return start.elapsed_time(end) / 1000 / count
