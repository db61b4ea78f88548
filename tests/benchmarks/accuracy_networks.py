"""Networks of the accuracy benchmark by name: the presets, their twins without attention, and the U-Net.

A name is a preset, or `unet`; then perhaps `identity` (in all stages, or in those that are listed, 0 the finest), `decay` (what
all slopes are multiplied by), and fields of its configuration that differ, as JSON without blanks: `lightning-unet`,
`lightning-unet identity`, `tiny identity=[0,1] width=48 scans=["rows"]`, `tiny decay=0.1`, `unet widths=[32,64,128]`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import math
from collections.abc import Container, Mapping

import torch
import torch.nn.functional as F
from torch import nn

from model.layers import form_for, plain
from model.network import Attention, Block, LightningUnet, NetworkConfig
from model.presets import PRESETS
from tests.benchmarks.peers import UNET_WIDTHS
from tests.benchmarks.unet import UNet

UNET, IDENTITY, DECAY = "unet", "identity", "decay"


@dataclasses.dataclass(frozen=True)
class Variant:
    """`config` is the network's own, or for the U-Net one that stands for the size of its input. Stages `without` attention
    are counted from the finest.
    """

    name: str
    config: NetworkConfig
    widths: tuple[int, ...] | None = None
    without: tuple[int, ...] = ()
    decay: float = 1.0

    @staticmethod
    def named(name: str, classes: int) -> Variant:
        """Raises SystemExit for a name that means nothing."""
        base, *words = name.split() or [""]
        given = dict(word.split("=", 1) for word in words if "=" in word)
        rest = [word for word in words if "=" not in word]
        attends = base != UNET or not (rest or given.keys() & {IDENTITY, DECAY})
        if base not in (UNET, *PRESETS) or rest not in ([], [IDENTITY]) or not attends:
            raise SystemExit(f"{name} is no network; expected {UNET}, or {', '.join(PRESETS)}, perhaps with {IDENTITY}")
        try:
            return Variant._of(name, base, classes, bool(rest), given)
        except (ValueError, TypeError) as error:
            raise SystemExit(f"{name} is no network: {error}") from error

    @staticmethod
    def _of(name: str, base: str, classes: int, everywhere: bool, given: Mapping[str, str]) -> Variant:
        """Raises ValueError or TypeError for values that mean nothing."""
        fields = {key: _tuples(json.loads(value)) for key, value in given.items()}
        if "classes" in fields:
            raise ValueError("the data say how many classes there are")
        widths = fields.pop("widths", UNET_WIDTHS) if base == UNET else None
        without, decay = fields.pop(IDENTITY, ()), fields.pop(DECAY, 1.0)
        # The U-Net's views are as large as the default's: with parts hidden it has learned most from such ones.
        base_config = NetworkConfig(classes, patch=2) if base == UNET else PRESETS[base](classes)
        config = dataclasses.replace(base_config, **fields)
        stages = tuple(range(len(config.heads)))
        if not set(without) <= set(stages) or not 0 <= decay < math.inf:
            raise ValueError(f"expected stages of {stages} and a decay from 0 on, got {without} and {decay}")
        if widths is not None and (not widths or min(widths) < 1):
            raise ValueError(f"expected widths from 1 on, got {widths}")
        return Variant(name, config, widths, stages if everywhere else without, decay)

    def complete(self, network: LightningUnet) -> nn.Module:
        """The network to train and to judge, made of the product's own with its first weights."""
        if self.widths is not None:
            return ComparedUNet(self.config, self.widths)
        for module in network.modules():
            if isinstance(module, Attention):
                module.slopes *= self.decay
        return without_attention(network, self.without)


def without_attention(network: LightningUnet, stages: Container[int]) -> LightningUnet:
    """The same network and parameters, but in these stages attention's operator gives v; what stands around it stays."""
    by_stage = [*enumerate(network.encoder), *zip(itertools.count(len(network.decoder) - 1, -1), network.decoder)]
    for module in (module for stage, blocks in by_stage if stage in stages for module in blocks.modules()):
        if isinstance(module, Block):
            module.forward = functools.partial(_block_of_values, module)
        elif isinstance(module, Attention):
            module.forward = functools.partial(_projected_values, module)
    return network


def _block_of_values(block: Block, x: torch.Tensor) -> torch.Tensor:
    form, attention = form_for(x), block.attention
    x, qkv = form.enter(x, block.local, block.attention_norm, attention.qkv)
    values = _only_values(attention.heads, qkv)
    return form.leave(x, values, attention.project, block.mlp_norm, block.mlp[0], block.mlp[2])


def _projected_values(attention: Attention, x: torch.Tensor) -> torch.Tensor:
    form = form_for(x)
    return form.linear(_only_values(attention.heads, form.linear(x, attention.qkv)), attention.project)


def _only_values(heads: int, qkv: torch.Tensor) -> torch.Tensor:
    """(B, h, w, 3C) -> (B, h, w, C): a token's own v, each head brought to unit RMS as after attention.

    PyTorch's own norm is slow for rows this short, and the twin must not lose for want of steps.
    """
    v = qkv.chunk(3, dim=-1)[2].unflatten(-1, (heads, -1))
    scale = torch.rsqrt(v.square().mean(-1, keepdim=True, dtype=torch.float32) + 1e-6)
    return (v * scale.to(v.dtype)).flatten(-2)


class ComparedUNet(nn.Module):
    """The U-Net as the product's trainer and segmenter want a network: it takes and gives what a LightningUnet does.

    Channels lie last in memory, which on GPUs with tensor cores is the faster layout. The trainer averages the statistics
    of batch norms like the weights; to take them anew from whole images in the end was no better.
    """

    def __init__(self, config: NetworkConfig, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.config = config
        self.step = 2 ** (len(widths) - 1)
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("std", torch.full((3, 1, 1), 0.25))
        self.network = UNet(config.classes, widths).to(memory_format=torch.channels_last)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (B, 1 or 3, H, W), floating point in 0..1 or uint8 -> logits (B, classes, H, W)."""
        height, width = images.shape[2:]
        images = images / 255 if images.dtype == torch.uint8 else images
        images = (images.expand(-1, 3, -1, -1) - self.mean) / self.std
        images = F.pad(images, (0, -width % self.step, 0, -height % self.step), mode="replicate")
        return self.network(images.contiguous(memory_format=torch.channels_last))[:, :, :height, :width]

    @torch.no_grad()
    def classify(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return plain.classes_of(self(images).permute(0, 2, 3, 1), images.shape[2:])

    def ready_for(self, dtype: torch.dtype) -> ComparedUNet:
        """Autocast converts its weights at every call, which costs time and no accuracy."""
        return self


def _tuples(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
