"""Images per second of training on one, two and four GPUs. From the checkout: python -m tests.benchmarks.distributed_speed

Starts torchrun for each number of processes. Every rank trains on batches of its own: ready in memory, and cut from an
image by the product's feed. `--device cpu` tries it out without a GPU.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from model.augment import Augmentation
from model.batches import BatchFeed, ViewPlan
from model.cores import usable_cores
from model.dataset import Example, Kept, find_anchors
from model.device import choose_device
from model.distributed import Order, Team
from model.learner import AHEAD, MOST_THREADS
from model.network import LightningUnet
from model.opencv import cv2
from model.precision import Precision
from model.presets import PRESETS
from model.rank import Rank
from model.trainer import Trainer
from model.transfers import pinned

GOALS = {2: 1.8, 4: 3.4}
KINDS = (
    "recorded, batches in memory",
    "recorded, batches from the feed",
    "recorded, gradients sent in float32",
    "DistributedDataParallel, not recorded",
)


def main() -> int:
    arguments = _arguments()
    if arguments.worker:
        return _work(arguments)
    alone: dict[str, float] = {}
    for ranks in arguments.ranks:
        for kind, rate in rates(ranks, sys.argv[1:], arguments.limit).items():
            alone.setdefault(kind, rate / ranks)
            ratio = rate / alone[kind]
            goal = f"  goal >= {GOALS[ranks]}" if ranks in GOALS else ""
            print(f"{ranks} x {arguments.preset:14} {kind:40} {rate:8.1f} images/s  {ratio:5.2f} x{goal}", flush=True)
    return 0


def rates(ranks: int, options: Sequence[str] = (), limit: float = 100.0) -> dict[str, float]:
    """Images per second of all ranks together, by kind; empty when the processes fail, which is printed.

    `options` are this command's own, `limit` the seconds after which they are given up.
    """
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(ranks)]
    command += ["-m", "tests.benchmarks.distributed_speed", "--worker", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            said, complaints = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            process.terminate()  # torchrun then ends its processes
            said, complaints = process.communicate()
    lines = said.splitlines()
    found = [line for line in lines if line.startswith("{")]
    print("".join(f"    {line}\n" for line in lines if line not in found), end="", flush=True)
    if process.returncode:
        print(f"{ranks} processes failed or took too long: {complaints[-3000:]}", flush=True)
    return json.loads(found[-1]) if found else {}


def _work(arguments: argparse.Namespace) -> int:
    cv2.setNumThreads(1)
    rank = Rank.of()
    team = Team(rank, arguments.device)
    device = choose_device(team.device_name)
    found = {}
    for kind in KINDS:
        torch.manual_seed(0)
        network = LightningUnet(PRESETS[arguments.preset](14))
        trainer = Trainer(network, device, 1e-4, team, notice=lambda message: print(message))
        if kind.endswith("not recorded"):
            trainer._gradients._records = False
        if kind.endswith("float32"):
            team.average = functools.partial(_in_float32, team)
        with _feed(arguments, device, rank) as feed:
            ready = feed.next()
            take = feed.next if kind.endswith("feed") else lambda batch=ready: batch
            seconds = _pace(trainer, take, team, arguments.steps)
        found[kind] = arguments.batch * rank.size / seconds
        averaging = _averaging(trainer, team)
        if team.leads:
            print(f"{kind}: {1e3 * seconds:.2f} ms a step, averaging alone {1e3 * averaging:.2f} ms")
            print(json.dumps(found), flush=True)
        trainer.share_memory(None, False)
        vars(team).pop("average", None)
        del trainer, network
    if team.leads:
        print(json.dumps(found), flush=True)
    team.leave()
    os._exit(0)  # as the product does


def _in_float32(team: Team, tensors: Sequence[torch.Tensor], dtype: torch.dtype = torch.float32) -> None:
    Team.average(team, tensors)


def _pace(trainer: Trainer, take: Callable[[], object], team: Team, steps: int) -> float:
    """Seconds of a step in a row of them, the median of three rows, as the learner takes them."""
    weights, rows = np.ones(14, np.float32), []
    for row in range(4):
        team.worst(False, False)
        _finish(trainer.device)
        started = time.perf_counter()
        for _ in range(10 if row == 0 else steps):
            batch = take()
            team.meet(Order.STEP, 0.5)
            trainer.step(batch.pixels, batch.channels, 1.0, weights, None, batch.looks)
        _finish(trainer.device)
        rows.append((time.perf_counter() - started) / steps)
    return sorted(rows[1:])[1]


def _averaging(trainer: Trainer, team: Team, count: int = 5) -> float:
    """Seconds that the ranks need for the mean of their gradients when they do nothing else."""
    gradients = [torch.ones_like(parameter) for parameter in trainer.network.parameters()]
    seconds = []
    for _ in range(count):
        _finish(trainer.device)
        team.worst(False, False)
        started = time.perf_counter()
        team.average(gradients, Precision(trainer.device).dtype)
        _finish(trainer.device)
        seconds.append(time.perf_counter() - started)
    return sorted(seconds)[count // 2]


def _feed(arguments: argparse.Namespace, device: torch.device, rank: Rank) -> BatchFeed:
    rng = np.random.default_rng(0)
    pixels = rng.integers(-200, 300, (512, 512)).astype(np.int16)
    channels = rng.integers(0, 14, (16, 16)).repeat(32, 0).repeat(32, 1).astype(np.uint8)
    example = Example(pixels, (-160.0, 240.0), channels, find_anchors(channels))
    plan = ViewPlan(arguments.side, 1, Augmentation(), 0)
    threads = min(max(usable_cores() // rank.local_size - 1, 1), MOST_THREADS)
    allocate = pinned if device.type == "cuda" else np.empty
    ranks = {"rank": rank.number, "ranks": rank.size}
    kept = Kept(lambda number: example, 20)
    return BatchFeed(kept, plan, arguments.batch, 0, AHEAD, threads, **ranks, allocate=allocate)


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--preset", default="lightning-unet")
    parser.add_argument("--batch", type=int, default=8, help="views of each rank")
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=float, default=100.0, help="seconds for each number of processes")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
