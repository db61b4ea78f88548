"""What is measured of ours, and at which sizes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from model.adapt import tensors_of
from model.checkpoint import Checkpoint
from model.classes import default_table
from model.input_range import InputRange
from model.network import LightningUnet, NetworkConfig
from model.presets import PRESETS
from model.segmenter import Segmenter
from tests.benchmarks.peers import UNET_WIDTHS


@dataclass(frozen=True)
class Scale:
    """Sides in pixels; `toy` lets a test run all of it on a CPU within seconds."""

    config: NetworkConfig
    widths: tuple[int, ...] = UNET_WIDTHS
    side: int = 512
    batch: int = 8
    batches: tuple[int, ...] = (8, 16, 32)
    middle: int = 1024
    large: int = 4096
    huge: int = 8192
    runs: int = 20
    files: int = 1000
    until: float = float("inf")
    """The moment, by `time.perf_counter`, after which peers are left out."""

    @staticmethod
    def full() -> Scale:
        return Scale(PRESETS["lightning-unet"](len(default_table().classes)))

    @staticmethod
    def toy() -> Scale:
        shape = {"width": 16, "heads": (1, 2), "encoder_blocks": (1, 1), "decoder_blocks": (1,), "size": 32}
        config = NetworkConfig(len(default_table().classes), **shape)
        return Scale(config, (4, 8), 32, 2, batches=(2,), middle=32, large=64, huge=96, runs=2, files=4)


def segmenter(config: NetworkConfig, device: torch.device) -> Segmenter:
    """The product's, with random weights."""
    return Segmenter.load(checkpoint(config), str(device))


def checkpoint(config: NetworkConfig) -> Checkpoint:
    """Of random weights."""
    torch.manual_seed(0)
    return Checkpoint(
        network=dataclasses.asdict(config), classes=default_table(), input=InputRange("fixed", 0, 255),
        tensors=tensors_of(LightningUnet(config)), name="random",
    )  # fmt: skip


def one_pass(config: NetworkConfig, shape: tuple[int, ...], device: torch.device) -> Callable[[], object]:
    """The device's share of a prediction, as the Segmenter has it: pixels uint8 (B, H, W, 3) -> channels, confidence and
    scores.
    """
    network = LightningUnet(config).to(device).eval()
    pixels = torch.from_numpy(noise(shape)).to(device)
    half = device.type == "cuda"
    if half:
        network.ready_for(torch.bfloat16)

    @torch.inference_mode()
    def call() -> object:
        with torch.autocast(device.type, torch.bfloat16, enabled=half, cache_enabled=False):
            return network.classify(pixels.permute(0, 3, 1, 2))

    return call


def noise(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)
