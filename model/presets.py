"""The networks that ship with the program, by name. Their names can be had without torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from model.network import NetworkConfig


def seed(classes: int = 14) -> NetworkConfig:
    """The original description to the letter: causal, tokens row by row, no skip connections. 24.3 M parameters.

    Where the description is silent: layer norm before attention and MLP, SiLU on q and k, a norm per head on the
    output, an MLP of ratio 4 with GELU, and the last expansion's 4C laid out as 4 x 4 pixels of C/4 channels.
    """
    return _config(classes, direction="causal", scans=("rows",), skips=False, convolution=False)


def lightning_unet(classes: int = 14) -> NetworkConfig:
    """The default: tokens of 2x2 pixels in five stages, with skip connections, both directions over rows and columns in
    turn, and a depthwise convolution in each block. 11.1 M parameters.
    """
    five = {"heads": (1, 2, 4, 8, 16), "encoder_blocks": (2,) * 5, "decoder_blocks": (1,) * 4}
    return _config(classes, patch=2, width=32, **five)


def fine(classes: int = 14) -> NetworkConfig:
    """For small things in large images, which are zoomed to 1024: four stages, three times as wide, of as many tokens of
    4x4 pixels as a prediction of the default has of 2x2. Views stay 512 pixels. 24.7 M parameters.
    """
    return _config(classes, size=1024)


def tiny(classes: int = 14) -> NetworkConfig:
    """Four stages of tokens of 4x4 pixels, for CPUs and for the demonstration. 2.8 M parameters.

    It learns from whole images, which teach a CPU more in its few steps than parts of them do.
    """
    return _config(classes, width=32, heads=(1, 2, 4, 8))


def _config(classes: int, **fields: object) -> NetworkConfig:
    from model.network import NetworkConfig

    return NetworkConfig(classes, **fields)


PRESETS = {"seed": seed, "lightning-unet": lightning_unet, "fine": fine, "tiny": tiny}
