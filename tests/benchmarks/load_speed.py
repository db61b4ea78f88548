"""The row of loading: a Segmenter in a fresh process, ready to predict. From the checkout: python -m tests.benchmarks.load_speed

A first process compiles what is not compiled yet; those after it find the kernels in Triton's cache, and their medians
count. `--profile` shows where the time of one goes.
"""

from __future__ import annotations

import cProfile
import json
import pstats
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.rows import Row, digits, plain

if TYPE_CHECKING:  # a process that is measured imports nothing before its clock runs
    import torch

    from tests.benchmarks.subject import Scale

_RUNS = 3
_LONGEST = 240
"""Seconds that a process may take: the first one compiles."""


def load_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    from model.checkpoint import save
    from tests.benchmarks.subject import checkpoint

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "weights.safetensors"
        save(path, checkpoint(scale.config))
        first, *others = [_process(path, scale.side, device) for _ in range(1 + _RUNS)]
    torch_, modules, load, predict = np.median([list(one.values()) for one in others], axis=0)
    yield Row(
        "Segmenter.load to the first prediction's graphs, kernels compiled before",
        "< 2 s",
        f"{digits(load)} s",
        f"before it: torch and its context {digits(torch_)} s, our modules {digits(modules)} s; the first prediction "
        f"after it {digits(1e3 * predict)} ms; in the first process it took {digits(first['load'])} s",
        load < 2,
    )


def measure(path: Path, side: int, device: str) -> dict[str, float]:
    """Seconds of each part, in a process that has done nothing else."""
    clock = _Clock()
    import torch

    torch.zeros(1, device=device).item()
    clock.lap("torch")
    from model.images import Image
    from model.segmenter import Segmenter

    clock.lap("modules")
    segmenter = Segmenter.load(path, device)
    clock.lap("load")
    segmenter.predict(Image("black", np.zeros((side, side, 3), np.uint8)))
    clock.lap("predict")
    return clock.found


class _Clock:
    """What has passed since the last lap, by name."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}
        self._started = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.found[name], self._started = now - self._started, now


def _process(path: Path, side: int, device: torch.device) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.load_speed", str(path), str(side), str(device)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    return json.loads(done.stdout.splitlines()[-1])


def _profile(path: Path, device: str) -> None:
    from model.segmenter import Segmenter

    before = set(sys.modules)
    with cProfile.Profile() as profile:
        Segmenter.load(path, device)
    pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
    pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    print(len(set(sys.modules) - before), "modules imported:", *sorted(set(sys.modules) - before))


def main() -> None:
    """Without arguments the row, else a process that is measured."""
    if len(sys.argv) == 4:
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])))
        return
    import torch

    from tests.benchmarks.subject import Scale, checkpoint

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    scale = Scale.full()
    if sys.argv[1:] != ["--profile"]:
        for row in load_rows(scale, device):
            print(plain(row), flush=True)
        return
    from model.checkpoint import save

    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "weights.safetensors"
        save(path, checkpoint(scale.config))
        _profile(path, str(device))


if __name__ == "__main__":
    main()
