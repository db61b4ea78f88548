"""Runs of the accuracy benchmark, one at a time on each GPU, in a process that keeps decoded images and kernels for the next."""

from __future__ import annotations

import contextlib
import gc
import io
import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import torch

from model.cores import usable_cores

Work = Callable[[Sequence[str]], int]
"""What a command line does, found by its name in another process; its exit code."""


def spread(work: Work, runs: Iterable[list[str]], device: str, patience: float = float("inf")) -> int:
    """`runs` are command lines for `work`; returns how many failed. Any other device than a GPU counts as one.

    A run is asked for when a device is free for it, and a device that finds none is done. Each GPU's process keeps to its
    own share of the cores. After `patience` seconds no run is begun any more.
    """
    until = time.monotonic() + patience
    gpus = list(range(torch.cuda.device_count())) if device in ("auto", "cuda") else []
    waiting, one_at_a_time = iter(runs), threading.Lock()

    def take() -> list[str] | None:
        with one_at_a_time:
            return next(waiting, None)

    with ThreadPoolExecutor(max(len(gpus), 1)) as pool:
        return sum(pool.map(lambda gpu: _serve(work, take, until, gpu, len(gpus)), gpus or [None]))


def _serve(work: Work, take: Callable[[], list[str] | None], until: float, gpu: int | None, count: int) -> int:
    """Take runs as long as there are any; how many failed. What has failed takes its process with it."""
    process, failed = _process(gpu, count), 0
    try:
        while run := take():
            sound, told = _made(process, work, run) if time.monotonic() < until else (True, "not begun")
            print(f"    {' '.join(run)}: {told}", flush=True)
            if not sound:
                failed += 1
                process.shutdown(cancel_futures=True)
                process = _process(gpu, count)
    finally:
        process.shutdown()
    return failed


def _made(process: ProcessPoolExecutor, work: Work, run: list[str]) -> tuple[bool, str]:
    """Whether the run was made, and what there is to say of it."""
    started = time.monotonic()
    try:
        code = process.submit(_work, work, run).result()
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the other runs are worth having
        return False, f"failed:\n{error}{error.__cause__ or ''}"
    return code == 0, f"done in {time.monotonic() - started:.0f} s" if code == 0 else f"failed with {code}"


def _process(gpu: int | None, count: int) -> ProcessPoolExecutor:
    started_anew = multiprocessing.get_context("spawn")  # CUDA does not survive a fork
    return ProcessPoolExecutor(1, started_anew, _settle, (gpu, count))


def _settle(gpu: int | None, count: int) -> None:
    """In the new process, before anything asks for a GPU."""
    if gpu is None:
        return
    os.environ["CUDA_VISIBLE_DEVICES"] = _visible(gpu)
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, set(cores[gpu * len(cores) // count : (gpu + 1) * len(cores) // count]) or set(cores))
    torch.set_num_threads(usable_cores())


def _visible(gpu: int) -> str:
    """The name of this GPU among those that the command may see."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    return seen.split(",")[gpu] if seen else str(gpu)


def _work(work: Work, run: list[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()):
        code = work(run)
    gc.collect()
    torch.cuda.empty_cache()
    return code
