"""Checks on a GPU that the Segmenter answers as it does on the CPU, captured or not, and with little memory.

Part of `python -m tests.benchmarks.gpu_check`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from unittest import mock

import numpy as np
import torch

from model.adapt import tensors_of
from model.checkpoint import Checkpoint
from model.classes import default_table
from model.images import Image
from model.input_range import InputRange
from model.network import LightningUnet
from model.presets import PRESETS
from model.segmenter import Segmenter
from tests.benchmarks.figures import Figure
from tests.benchmarks.timing import forget

SHAPES = ((512, 512), (512, 512, 3), (700, 600), (1500, 1100))
"""As the network takes them, in colour, zoomed, and larger: in one pass on the GPU, where the CPU cuts tiles."""


def segmenter() -> Iterator[Figure]:
    """The GPU against the CPU, graphs against launches one by one, and half of the memory against all of it."""
    checkpoint = _checkpoint()
    gpu, cpu = (Segmenter.load(checkpoint, device) for device in ("cuda", "cpu"))
    with mock.patch("model.captured.Graphs._is_worth_it", return_value=False):
        eager = Segmenter.load(checkpoint, "cuda")
        launched = [eager.predict(_image(shape)) for shape in SHAPES]
    for shape, other in zip(SHAPES, launched, strict=True):
        answer, what = gpu.predict(_image(shape)), f"segmenter {'x'.join(map(str, shape))}"
        again = gpu.predict(_image(shape))
        expected = cpu.predict(_image(shape)).scores.astype(float)
        yield Figure(f"{what}: GPU against CPU, mean of scores", np.abs(answer.scores - expected).mean() / 255, 1e-2)
        for text, one in (("the same answer twice", again), ("captured and not captured", other)):
            differs = (one.scores != answer.scores).mean() + (one.label_map != answer.label_map).mean()
            yield Figure(f"{what}: {text}, share that differs", float(differs), 0)
    yield from _short_of_memory(gpu)


def _short_of_memory(gpu: Segmenter) -> Iterator[Figure]:
    """A large image with half of the memory that its one pass has taken."""
    image = _image((5000, 4000))
    gpu.release()
    forget(torch.device("cuda"))
    torch.cuda.reset_peak_memory_stats()
    gpu.predict(image)
    peak, total = torch.cuda.max_memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    gpu.release()
    try:
        torch.cuda.set_per_process_memory_fraction(0.5 * peak / total)
        label_map = gpu.predict(image).label_map
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    yield Figure(f"segmenter: half of its {peak >> 20} MiB, pixels left out", label_map.size - image.pixels.size, 0)


def _checkpoint() -> Checkpoint:
    torch.manual_seed(0)
    network = LightningUnet(PRESETS["tiny"]())
    torch.nn.init.normal_(network.head.weight, std=0.3)
    return Checkpoint(
        network=dataclasses.asdict(network.config), classes=default_table(), input=InputRange("fixed", 0, 1),
        tensors=tensors_of(network), name="random",
    )  # fmt: skip


def _image(shape: tuple[int, ...]) -> Image:
    return Image("noise", np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
