"""Checks on a GPU that what is promised to fit into so much memory does: torch may not take a byte more.

Part of `python -m tests.benchmarks.gpu_check`. A limit also holds for what graphs keep and for what lies unused between
tensors, which a count of tensors would leave out.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import torch

from model.device import is_out_of_memory
from model.network import LightningUnet
from model.trainer import Trainer
from tests.benchmarks.figures import Figure
from tests.benchmarks.subject import Scale, one_pass
from tests.benchmarks.timing import forget

GPU = torch.device("cuda")


def memory(device: torch.device = GPU, scale: Scale | None = None) -> Iterator[Figure]:
    scale = scale or Scale.full()
    yield Figure(f"{scale.batch} of {scale.side}x{scale.side} train in 3.5 GiB", _fails(_train, scale, device, 3.5), 0)
    for side, gib in ((scale.large, 6), (scale.huge, 24)):
        yield Figure(f"{side}x{side} in one pass fits in {gib} GiB", _fails(_pass(side), scale, device, gib), 0)


def _train(scale: Scale, device: torch.device) -> None:
    trainer = Trainer(LightningUnet(scale.config), device, 1e-4)
    pixels = np.zeros((scale.batch, 3, scale.side, scale.side), np.float32)
    channels = np.zeros((scale.batch, scale.side, scale.side), np.uint8)
    for _ in range(8):
        trainer.step(pixels, channels, 1.0)


def _pass(side: int) -> Callable[[Scale, torch.device], None]:
    return lambda scale, device: one_pass(scale.config, (1, side, side, 3), device)()


def _fails(work: Callable[[Scale, torch.device], object], scale: Scale, device: torch.device, gib: float) -> float:
    """1 when memory ran out, else 0."""
    try:
        with _limited(device, gib):
            work(scale, device)
        return 0
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        return 1


@contextlib.contextmanager
def _limited(device: torch.device, gib: float) -> Iterator[None]:
    forget(device)
    if device.type != "cuda":
        yield
        return
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, gib * 2**30 / total))
    try:
        yield
        torch.cuda.synchronize()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
        forget(device)
