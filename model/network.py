"""LightningUnet: a U-shaped network of lightning attention, from images to one score per pixel and class."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from model.attention import DIRECTIONS, build_slopes
from model.layers import form_for
from model.layers.plain import BlockParts, Scan

PATCHES = (2, 4)
"""Sides in pixels that a token may stand for: the kernels know no others."""
SMALLEST = 8
"""Pixels a side of the smallest input that images are zoomed to."""
VIEW = 128
"""Tokens a side of a training view, as far as the images are that large."""


@dataclass(frozen=True)
class NetworkConfig:
    """All that gives the network its shape; a checkpoint stores these fields.

    A token stands for `patch` x `patch` pixels and has `width` channels, which double with each stage; stage i has
    `heads[i]` heads. Blocks take the `scans` in turn: "rows" reads tokens row by row, "columns" column by column. `size`
    is the side in pixels that images are zoomed to: it does not bind `forward`, which takes any.
    """

    classes: int
    width: int = 96
    heads: tuple[int, ...] = (3, 6, 12, 24)
    encoder_blocks: tuple[int, ...] = (2, 2, 2, 2)
    decoder_blocks: tuple[int, ...] = (1, 1, 1)
    direction: str = "bidirectional"
    scans: tuple[str, ...] = ("rows", "columns")
    skips: bool = True
    convolution: bool = True
    mlp_ratio: int = 4
    size: int = 512
    patch: int = 4

    def __post_init__(self) -> None:
        sizes = (self.classes, self.width, self.mlp_ratio, self.size, self.patch, *self.heads)
        if not all(type(number) is int for number in (*sizes, *self.encoder_blocks, *self.decoder_blocks)):
            raise ValueError(f"expected whole numbers, got {self}")
        if min(sizes) < 1:
            raise ValueError(f"expected at least one of each, got {self}")
        if self.size < SMALLEST:
            raise ValueError(f"expected images of {SMALLEST} pixels or more, got {self}")
        stages = len(self.heads)
        if len(self.encoder_blocks) != stages or len(self.decoder_blocks) != stages - 1:
            raise ValueError(f"expected {stages} encoder and {stages - 1} decoder stages, got {self}")
        if any(width % heads for width, heads in zip(self.widths, self.heads, strict=True)):
            raise ValueError(f"expected widths that their heads divide, got {self.widths} and {self.heads}")
        if self.patch not in PATCHES or self.width % self.patch:
            raise ValueError(f"expected patches of {PATCHES} that divide the width, got {self.patch} and {self.width}")
        if self.direction not in DIRECTIONS or not set(self.scans) <= {"rows", "columns"} or not self.scans:
            raise ValueError(f"expected a direction and scans of rows and columns, got {self.direction}, {self.scans}")

    @property
    def widths(self) -> tuple[int, ...]:
        return tuple(self.width * 2**stage for stage in range(len(self.heads)))

    @property
    def view(self) -> int:
        """The side of a training view in pixels."""
        return min(self.size, VIEW * self.patch)

    @staticmethod
    def from_fields(values: Mapping[str, object]) -> NetworkConfig:
        """The configuration that a checkpoint's header holds. Raises ValueError for fields of another network."""
        unknown = set(values) - {field.name for field in fields(NetworkConfig)}
        if unknown or "classes" not in values:
            raise ValueError(f"expected the fields of a LightningUnet, got {', '.join(sorted(values))}")
        return NetworkConfig(**{name: tuple(v) if isinstance(v, list) else v for name, v in values.items()})


class LightningUnet(nn.Module):
    """Inside, images are (B, h, w, C) with channels last: a token is a pixel, and no layer has to move them.

    The modules hold the parameters; `model.layers` computes with them, in the form that suits the device.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths, scans = config.widths, itertools.cycle(config.scans)
        self.register_buffer("mean", torch.full((3, 1, 1), 0.5))
        self.register_buffer("std", torch.full((3, 1, 1), 0.25))
        self.embed = PatchEmbedding(widths[0], config.patch)
        self.encoder = nn.ModuleList(
            _stage(config, stage, count, scans) for stage, count in enumerate(config.encoder_blocks)
        )
        self.merge = nn.ModuleList(PatchMerging(width) for width in widths[:-1])
        self.expand = nn.ModuleList(PatchExpanding(width, 2, width // 2) for width in widths[:0:-1])
        self.join = nn.ModuleList(nn.Linear(2 * width, width) for width in widths[-2::-1] if config.skips)
        self.decoder = nn.ModuleList(
            _stage(config, len(widths) - 2 - index, count, scans) for index, count in enumerate(config.decoder_blocks)
        )
        self.enlarge = PatchExpanding(widths[0], config.patch, widths[0] // config.patch)
        self.head = nn.Linear(widths[0] // config.patch, config.classes)
        self.checkpointing = False
        """Whether training computes what is inside the blocks twice instead of keeping it: slower, in less memory."""
        self.apply(_initialise)
        _initialise(self.head, 2 / self.head.in_features**0.5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """images (B, 1 or 3, H, W), of any H and W -> logits (B, classes, H, W).

        Images are floating point in 0..1, or uint8, where 255 stands for 1.
        """
        x, enlarge = self.features(images), self.enlarge
        height, width = images.shape[2:]
        logits = form_for(x).head(x, enlarge.factor, enlarge.expand, enlarge.norm, self.head)
        return logits[:, :height, :width].permute(0, 3, 1, 2)

    @torch.no_grad()
    def classify(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """images as for `forward` -> best channels (B, H, W), how sure they are (B, H, W), and the classes' probabilities
        at a quarter of the resolution (B, classes, ceil(H / 4), ceil(W / 4)): all uint8, see `plain.classes_of`.
        """
        x, enlarge = self.features(images), self.enlarge
        return form_for(x).classify(x, enlarge.factor, enlarge.expand, enlarge.norm, self.head, images.shape[2:])

    def features(self, images: torch.Tensor) -> torch.Tensor:
        """images (B, 1 or 3, H, W) as for `forward` -> what the last block gave, (B, h, w, width).

        h and w are H and W in patches, filled up until each stage can be halved.
        """
        if images.dim() != 4 or images.shape[1] not in (1, 3):
            raise ValueError(f"expected images (B, 1 or 3, H, W), got {tuple(images.shape)}")
        x = self.embed(images, self.mean, self.std, self.config.patch * 2 ** len(self.merge))
        return self.decode(*self.encode(x))

    def ready_for(self, dtype: torch.dtype) -> LightningUnet:
        """Itself, with the weights of its products held in `dtype`: under autocast to it, predictions then convert none.
        For predictions only.
        """
        for module in self.modules():
            if isinstance(module, nn.Linear):
                module.to(dtype)
            elif isinstance(module, nn.Conv2d) and module.groups > 1:
                # The taps outermost: neighbours in memory are then channels, as in the tokens.
                module.weight.data = module.weight.data.permute(2, 3, 1, 0).contiguous().permute(3, 2, 0, 1)
        return self

    def encode(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Tokens (B, h, w, C) -> the deepest stage's (B, h/r, w/r, r C), and what each stage before it gave.

        Each stage after the first halves the grid: r is 8 with four of them, 16 with five.
        """
        skips = []
        for stage, merge in zip(self.encoder, self.merge, strict=False):
            x = self._through(stage, x)
            skips.append(x)
            x = merge(x)
        return self._through(self.encoder[-1], x), skips

    def decode(self, x: torch.Tensor, skips: list[torch.Tensor]) -> torch.Tensor:
        for index, (expand, stage) in enumerate(zip(self.expand, self.decoder, strict=True)):
            x = expand.rejoin(x, skips.pop(), self.join[index]) if self.config.skips else expand(x)
            x = self._through(stage, x)
        return x

    def _through(self, stage: nn.Sequential, x: torch.Tensor) -> torch.Tensor:
        if not (self.checkpointing and torch.is_grad_enabled()):
            return stage(x)
        for block in stage:  # no layer draws random numbers, and to keep their state would disturb a CUDA graph
            x = checkpoint(block, x, use_reentrant=False, preserve_rng_state=False)
        return x


class PatchEmbedding(nn.Module):
    """Images (B, 1 or 3, H, W) -> tokens (B, h, w, width), h and w in patches of H and W filled up to `step` pixels."""

    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, width, patch, stride=patch)
        self.norm = nn.LayerNorm(width)

    def forward(self, images: torch.Tensor, mean: torch.Tensor, std: torch.Tensor, step: int) -> torch.Tensor:
        return form_for(images).embed(images, mean, std, step, self.convolution, self.norm)


class Block(nn.Module):
    """Where asked for a depthwise 3x3 convolution, then attention, then an MLP; each is added to what came in."""

    def __init__(self, width: int, heads: int, config: NetworkConfig, scan: str) -> None:
        super().__init__()
        self.local = nn.Conv2d(width, width, 3, padding=1, groups=width) if config.convolution else None
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads, config.direction, scan)
        self.mlp_norm = nn.LayerNorm(width)
        self.mlp = nn.Sequential(
            nn.Linear(width, config.mlp_ratio * width), nn.GELU(), nn.Linear(config.mlp_ratio * width, width)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        attention = self.attention
        before = self.local, self.attention_norm, attention.qkv
        after = attention.project, self.mlp_norm, self.mlp[0], self.mlp[2]
        return form_for(x).block(x, BlockParts(*before, attention.scan, *after))


class Attention(nn.Module):
    """Lightning attention over all tokens of an image, row by row or column by column.

    `form` is the attention's; it is no part of the network's shape, and only a comparison of forms changes it.
    """

    def __init__(self, width: int, heads: int, direction: str, scan: str) -> None:
        super().__init__()
        self.heads, self.direction, self.form = heads, direction, "auto"
        self.by_columns = scan == "columns"
        self.qkv = nn.Linear(width, 3 * width)
        self.qkv.matrices = 3  # which learn each at its own pace, see model.muon
        self.project = nn.Linear(width, width)
        self.register_buffer("slopes", build_slopes(heads))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        form = form_for(x)
        return form.linear(form.attend(form.linear(x, self.qkv), *self.scan), self.project)

    @property
    def scan(self) -> Scan:
        return Scan(self.slopes, self.direction, self.by_columns, self.form)


class PatchMerging(nn.Module):
    """(B, h, w, C) -> (B, h/2, w/2, 2C): four neighbours become one token."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduce = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        form = form_for(x)
        return form.linear(form.merge(x, self.norm), self.reduce)


class PatchExpanding(nn.Module):
    """(B, h, w, C) -> (B, factor h, factor w, width): a token's channels are laid out as factor x factor tokens."""

    def __init__(self, inside: int, factor: int, width: int) -> None:
        super().__init__()
        self.factor = factor
        self.expand = nn.Linear(inside, factor * factor * width, bias=False)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        form = form_for(x)
        return form.expand(form.linear(x, self.expand), self.factor, self.norm)

    def rejoin(self, x: torch.Tensor, skip: torch.Tensor, layer: nn.Linear) -> torch.Tensor:
        """The linear layer of the expanded tokens and those that `skip` the deeper stages, side by side."""
        form = form_for(x)
        return form.rejoin(form.linear(x, self.expand), self.factor, self.norm, skip, layer)


def _stage(config: NetworkConfig, stage: int, blocks: int, scans: itertools.cycle) -> nn.Sequential:
    return nn.Sequential(
        *(Block(config.widths[stage], config.heads[stage], config, next(scans)) for _ in range(blocks))
    )


def _initialise(module: nn.Module, std: float = 0.02) -> None:
    """The usual spread; from it the last layer's logits would take a hundred steps to grow to a spread of about 2.

    Without memory there is nothing to draw, and drawing all the same would import PyTorch's compiler: 3 seconds.
    """
    if isinstance(module, nn.Linear) and not module.weight.is_meta:
        nn.init.trunc_normal_(module.weight, std=std)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
