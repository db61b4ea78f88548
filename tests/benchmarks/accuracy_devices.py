"""Runs of the accuracy benchmark, each in a process of its own, one at a time on each GPU."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue

import torch

from model.cores import usable_cores
from tests.benchmarks.accuracy_state import ROOT


def spread(runs: Sequence[list[str]], device: str, patience: float = float("inf")) -> int:
    """`runs` are command lines of `accuracy`; returns how many failed. Any other device than a GPU counts as one.

    After `patience` seconds none is begun any more.
    """
    until = time.monotonic() + patience
    count = torch.cuda.device_count() if device in ("auto", "cuda") else 0
    free: SimpleQueue[int] = SimpleQueue()
    for number in range(max(count, 1)):
        free.put(number)

    def work(arguments: list[str]) -> bool:
        number = free.get()
        try:
            if time.monotonic() > until:
                print(f"    {' '.join(arguments)}: not begun", flush=True)
                return True
            return _succeeds(arguments, number if count > 1 else None, usable_cores() // max(count, 1))
        finally:
            free.put(number)

    with ThreadPoolExecutor(max(count, 1)) as pool:
        return list(pool.map(work, runs)).count(False)


def _succeeds(arguments: list[str], number: int | None, threads: int) -> bool:
    environment = {"OMP_NUM_THREADS": str(max(threads, 1))} | os.environ
    if number is not None:
        environment["CUDA_VISIBLE_DEVICES"] = str(number)
    command = [sys.executable, "-m", "tests.benchmarks.accuracy", *arguments]
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    end = f"done in {time.monotonic() - started:.0f} s" if done.returncode == 0 else f"failed:\n{done.stderr[-2000:]}"
    print(f"    {' '.join(arguments)}: {end}", flush=True)
    return done.returncode == 0
