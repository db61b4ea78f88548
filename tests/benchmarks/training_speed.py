"""The row of a training step: `Trainer.step`, from a batch in the computer's memory, on the wall, many in a row.

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
from tests.benchmarks.peers import each, peers
from tests.benchmarks.rows import Cost, Row, attempt, show_peers
from tests.benchmarks.subject import Scale
from tests.benchmarks.timing import forget, memory_of, paced


def step_rows(scale: Scale, device: torch.device) -> Iterator[Row]:
    ours = attempt(lambda: _step(LightningUnet(scale.config), scale, device))
    forget(device)
    others = each(peers(scale.config, scale.widths), lambda make: _step(make(), scale, device))
    yield Row(
        f"training step, {scale.batch} of {scale.side}x{scale.side}",
        "<= 20 ms, <= 3.5 GiB",
        ours.show("ms"),
        show_peers(ours, others, "ms"),
        ours.within(20e-3, 3.5 * 2**30),
    )


def _step(network: nn.Module, scale: Scale, device: torch.device) -> Cost:
    rng = np.random.default_rng(0)
    pixels = rng.random((scale.batch, 3, scale.side, scale.side), np.float32)
    channels = rng.integers(0, scale.config.classes, (scale.batch, scale.side, scale.side), np.uint8)

    with memory_of(device) as peak:
        trainer = Trainer(network, device, 1e-4)
        return Cost(paced(lambda: trainer.step(pixels, channels, 1.0), device, scale.runs, warm=8), peak())
