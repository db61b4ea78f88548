"""The networks that ours is measured beside, and how each of them predicts and trains.

`U-Net` is the one of widths 64 to 1024, in both memory layouts, of which the faster counts. `seed, package` is the preset
`seed` with `lightning_attn`, and `flash softmax` the default's own body with PyTorch's softmax attention in place of ours;
both compute their layers as PyTorch defines them. Predicting, they hold bfloat16 weights, which spares them the casts of
autocast; training, they go through the product's own Trainer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from unittest import mock

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from model.layers import plain
from model.network import Attention, LightningUnet, NetworkConfig
from model.presets import PRESETS
from tests.benchmarks.rows import Cost, attempt, fastest
from tests.benchmarks.timing import Call, capture
from tests.benchmarks.unet import UNet

UNET_WIDTHS = (64, 128, 256, 512, 1024)

Peers = Mapping[str, Callable[[], nn.Module]]
"""Makers of networks, by name: only one peer's weights are held at a time."""


def peers(config: NetworkConfig, widths: tuple[int, ...] = UNET_WIDTHS, softmax: bool = True) -> Peers:
    """Beside a network of `config`; `widths` are the U-Net's."""
    made: dict[str, Callable[[], nn.Module]] = {
        "U-Net": lambda: UNet(config.classes, widths),
        "U-Net, channels last": lambda: ChannelsLast(UNet(config.classes, widths)),
        "seed, package": lambda: seed_with_package(config),
    }
    if softmax:
        made["flash softmax"] = lambda: InPyTorch(LightningUnet(config), _softmax)
    return made


def each(
    made: Peers, measure: Callable[[Callable[[], nn.Module]], Cost], until: float = float("inf")
) -> dict[str, Cost]:
    """The cost of every peer, the U-Net's in its faster layout, and with the convolutions that cuDNN finds fastest."""
    costs = {}
    with torch.backends.cudnn.flags(enabled=True, benchmark=True):
        for name, make in made.items():
            started = time.perf_counter()
            late = Cost(reason="left out for lack of time")
            costs[name] = late if started > until else attempt(lambda make=make: measure(make))
            print(f"    {name}: measured in {time.perf_counter() - started:.0f} s", flush=True)
    costs["U-Net"] = fastest([costs["U-Net"], costs.pop("U-Net, channels last")])
    return costs


class ChannelsLast(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images.contiguous(memory_format=torch.channels_last))


class InPyTorch(nn.Module):
    """A LightningUnet whose layers run in PyTorch's own operations, with another function for its attention."""

    def __init__(self, network: LightningUnet, attention: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.network, self.attention = network, attention

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        with (
            mock.patch("model.network.form_for", lambda x: plain),
            mock.patch.object(plain, "lightning_attention", self.attention),
        ):
            return self.network(images)


def seed_with_package(config: NetworkConfig) -> nn.Module:
    """The description to the letter, at the widths of `config`."""
    seed = PRESETS["seed"](config.classes)
    shape = {name: getattr(config, name) for name in ("width", "heads", "encoder_blocks", "decoder_blocks")}
    network = LightningUnet(NetworkConfig(**(vars(seed) | shape)))
    for module in network.modules():
        if isinstance(module, Attention):
            module.form = "package"
    return InPyTorch(network, plain.lightning_attention)


def _softmax(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *rest: object) -> torch.Tensor:
    return F.scaled_dot_product_attention(q, k, v)


class PeerPredictor:
    """A peer's whole prediction as a captured graph: pixels uint8 (B, H, W, 3) -> label map uint8 (B, H, W).

    It has no confidence and no scores to give, so it does less than ours. Both transfers use pinned memory.
    """

    def __init__(self, network: nn.Module, shape: tuple[int, ...], device: torch.device) -> None:
        cuda = device.type == "cuda"
        self.network = network.to(device, torch.bfloat16 if cuda else torch.float32).eval()
        self.device = device
        self._given = torch.zeros(shape, dtype=torch.uint8, pin_memory=cuda)
        self._pixels = torch.zeros(shape, dtype=torch.uint8, device=device)
        self._labels = torch.zeros(shape[:3], dtype=torch.uint8, device=device)
        self._answer = torch.zeros(shape[:3], dtype=torch.uint8, pin_memory=cuda)
        self.replay: Call = capture(self.compute).replay if cuda else self.compute

    @torch.inference_mode()
    def compute(self) -> None:
        """The work of the device alone; `replay` is the same from its graph."""
        images = self._pixels.permute(0, 3, 1, 2).to(torch.bfloat16 if self.device.type == "cuda" else torch.float32)
        self._labels.copy_(self.network(images / 255).argmax(1))

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        self._given.copy_(torch.from_numpy(pixels))
        self._pixels.copy_(self._given, non_blocking=True)
        self.replay()
        self._answer.copy_(self._labels, non_blocking=True)
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        return self._answer.numpy().copy()
