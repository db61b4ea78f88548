"""The U-Net to compare with (Ronneberger et al., 2015): widths 64 to 1024, batch norm, 31 M parameters."""

from __future__ import annotations

import torch
from torch import nn


class UNet(nn.Module):
    """images (B, 3, H, W) -> logits (B, classes, H, W); H and W are multiples of 16."""

    def __init__(self, classes: int = 14, widths: tuple[int, ...] = (64, 128, 256, 512, 1024)) -> None:
        super().__init__()
        self.down = nn.ModuleList(double_convolution(a, b) for a, b in zip((3, *widths), widths, strict=False))
        pairs = list(zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.expand = nn.ModuleList(nn.ConvTranspose2d(a, b, 2, stride=2) for a, b in pairs)
        self.up = nn.ModuleList(double_convolution(a, b) for a, b in pairs)
        self.head = nn.Conv2d(widths[0], classes, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        x, skips = self.down[0](images), []
        for stage in self.down[1:]:
            skips.append(x)
            x = stage(self.pool(x))
        for expand, stage in zip(self.expand, self.up, strict=True):
            x = stage(torch.cat([skips.pop(), expand(x)], dim=1))
        return self.head(x)


def double_convolution(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
        nn.Conv2d(outside, outside, 3, padding=1, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    )
