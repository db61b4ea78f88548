"""The rows of training. A step is `Trainer.step`, from a batch in the computer's memory, on the wall, many in a row.

Peers go through the product's Trainer too: the same loss, optimiser and averaging of weights. Memory is the most that torch
held for tensors at once: weights, their average, the optimiser's state, gradients, activations.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

from model.network import LightningUnet
from model.trainer import Trainer
from tests.benchmarks.distributed_speed import GOALS, KINDS, rates
from tests.benchmarks.peers import each, peers
from tests.benchmarks.rows import Cost, Row, attempt, digits, show_peers
from tests.benchmarks.subject import Scale
from tests.benchmarks.timing import forget, memory_of, paced


def step_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    ours = attempt(lambda: _step(LightningUnet(scale.config), scale, device))
    forget(device)
    others = each(peers(scale.config, scale.widths), lambda make: _step(make(), scale, device), scale.until)
    yield Row(
        f"training step, {scale.batch} of {scale.side}x{scale.side}",
        "<= 20 ms, <= 3.5 GiB",
        ours.show("ms"),
        show_peers(ours, others, "ms"),
        ours.within(20e-3, 3.5 * 2**30),
    )


def several_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    """Training on two and four GPUs, where there are as many, beside one."""
    counts = [count for count in (1, *GOALS) if device.type == "cuda" and count <= torch.cuda.device_count()]
    found = {count: rates(count) for count in counts} if len(counts) > 1 else {}
    for count, goal in GOALS.items():
        work, promised = f"training on {count} GPUs, images per second", f">= {goal} times one GPU"
        if count not in found:
            yield Row(work, promised, f"needs {count} GPUs")
            continue
        kind = KINDS[0]
        one, several = found[1].get(kind), found[count].get(kind)
        known = bool(one and several)
        shown = f"{digits(several)}, {digits(several / one)} times" if known else "failed"
        beside = "; ".join(f"{name} {digits(rate)}" for name, rate in found[count].items() if name != kind)
        yield Row(work, promised, shown, beside, several / one >= goal if known else False)


def _step(network: nn.Module, scale: Scale, device: torch.device) -> Cost:
    rng = np.random.default_rng(0)
    pixels = rng.random((scale.batch, 3, scale.side, scale.side), np.float32)
    channels = rng.integers(0, scale.config.classes, (scale.batch, scale.side, scale.side), np.uint8)

    with memory_of(device) as peak:
        trainer = Trainer(network, device, 1e-4)
        return Cost(paced(lambda: trainer.step(pixels, channels, 1.0), device, scale.runs // 2, warm=8), peak())
