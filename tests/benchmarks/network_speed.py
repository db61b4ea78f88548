"""How fast the networks are beside a U-Net of widths 64 to 1024: python -m tests.benchmarks.network_speed [--device D]

One 512x512 image, forward only, interleaved so that a change of the machine's mood meets all alike; medians of a set,
and of three sets. Each network is measured as PyTorch comes. A third of the U-Net's time may be page faults, since glibc
returns its large arrays to the system at once; `--keep-memory` measures all in a process in which it does not.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch

from model.device import choose_device, device_name
from model.network import LightningUnet
from model.presets import PRESETS
from tests.benchmarks.unet import UNet

FLOORS = {"lightning-unet": 7.0, "tiny": 12.0}
"""On two CPU cores in float32: so many times faster than the U-Net."""
_KEEP = {"MALLOC_TRIM_THRESHOLD_": "4000000000", "MALLOC_MMAP_THRESHOLD_": "4000000000", "MALLOC_ARENA_MAX": "1"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=10, help="images of each network in a set")
    parser.add_argument("--sets", type=int, default=3)
    parser.add_argument("--keep-memory", action="store_true", help="have glibc keep freed memory")
    arguments = parser.parse_args()
    if arguments.keep_memory and os.environ.get("MALLOC_ARENA_MAX") != "1":  # glibc reads them when a process starts
        command = [sys.executable, "-m", "tests.benchmarks.network_speed", *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | _KEEP, check=False).returncode
    torch.set_num_threads(arguments.threads)
    device = choose_device(arguments.device)
    candidates = networks()
    sets = [measure(candidates, device, arguments.runs) for _ in range(arguments.sets)]
    medians = {name: statistics.median(seconds[name] for seconds in sets) for name in candidates}
    ratios = {name: statistics.median(_fastest_unet(seconds) / seconds[name] for seconds in sets) for name in medians}
    title = f"{device_name(device)}, torch {torch.__version__}, medians of {arguments.sets} sets of {arguments.runs}"
    print(f"{title}; against the faster U-Net of each:")
    for name, median in medians.items():
        floor = f"  (must reach {FLOORS[name]:g})" if name in FLOORS and device.type == "cpu" else ""
        print(f"{name:24} {median * 1000:8.1f} ms {ratios[name]:6.1f} x{floor}")
    missed = [name for name, floor in FLOORS.items() if device.type == "cpu" and ratios[name] < floor]
    return 1 if missed else 0


def _fastest_unet(seconds: dict[str, float]) -> float:
    return min(value for name, value in seconds.items() if name.startswith("U-Net"))


def networks() -> dict[str, torch.nn.Module]:
    """The U-Net in both memory layouts, since which one is faster depends on the processor."""
    torch.manual_seed(0)
    unets = {"U-Net": UNet(), "U-Net, channels last": UNet().to(memory_format=torch.channels_last)}
    return unets | {name: LightningUnet(preset()) for name, preset in PRESETS.items()}


def measure(candidates: dict[str, torch.nn.Module], device: torch.device, runs: int) -> dict[str, float]:
    """Seconds per image, the median of `runs` rounds in each of which every network runs once."""
    image = torch.rand(1, 3, 512, 512, device=device)
    calls = {name: _call(network.to(device).eval(), image, name) for name, network in candidates.items()}
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(runs + 2):
        for name, call in calls.items():
            started = time.perf_counter()
            call()
            if number >= 2:  # the first rounds choose kernels and fill caches
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(times) for name, times in seconds.items()}


def _call(network: torch.nn.Module, image: torch.Tensor, name: str) -> Callable[[], None]:
    if "channels last" in name:
        image = image.contiguous(memory_format=torch.channels_last)

    def call() -> None:
        with torch.inference_mode():
            network(image)
        if image.device.type == "cuda":
            torch.cuda.synchronize()

    return call


if __name__ == "__main__":
    sys.exit(main())
