"""The rows of the CPU, made of what `network_speed` measures: float32, on as many cores as torch uses."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import torch

from model.network import LightningUnet
from tests.benchmarks import network_speed
from tests.benchmarks.rows import Cost, Row, show_peers
from tests.benchmarks.subject import Scale
from tests.benchmarks.unet import UNet

SETS = 3
TOY = 2
"""Runs of a set below this many tell nothing: they are for the test, whose networks are small."""


def rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """One 512x512 image, all networks in turn; medians of three sets, whose ratios are taken set by set."""
    if device.type != "cpu":
        return
    candidates = network_speed.networks() if scale.runs > TOY else _small(scale)
    sets = [network_speed.measure(candidates, device, min(10, scale.runs)) for _ in range(SETS)]
    costs = {name: Cost(statistics.median(seconds[name] for seconds in sets)) for name in candidates}
    beside = {name: cost for name, cost in costs.items() if name.startswith("U-Net")}
    for name, floor in network_speed.FLOORS.items():
        ratio = statistics.median(min(seconds[unet] for unet in beside) / seconds[name] for seconds in sets)
        work = f"{name}, one 512x512 image, {torch.get_num_threads()} cores, float32"
        shown = f"{costs[name].show('ms')}, {ratio:.1f} times"
        yield Row(work, f">= {floor:g} times the U-Net", shown, show_peers(costs[name], beside, "ms"), ratio >= floor)


def _small(scale: Scale) -> dict[str, torch.nn.Module]:
    unets = {name: UNet(widths=scale.widths) for name in ("U-Net", "U-Net, channels last")}
    return unets | {name: LightningUnet(scale.config) for name in network_speed.FLOORS}
