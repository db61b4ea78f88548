"""Inference: a network on a device, from pixels as they were measured to what a Prediction holds."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from model.assembly import Arrays, Summary, pack, summarise, unpack
from model.captured import Graphs
from model.device import computes_in_bfloat16
from model.layers import form_for, plain
from model.network import LightningUnet
from model.planes import Zoom, as_planes, limits_tensor, unit_planes
from model.staging import Download, Staging

Limits = tuple[float, float]
"""The values of an image that become 0 and 1."""

_BYTES = {True: 19.2, False: 200}
"""GPU memory of one pass in bfloat16, per token and channel of width, with the fused layers and without."""
_MORE_BYTES = 16
"""The same per pixel whatever the network: the pixels themselves in float32 and the results."""


class Inference:
    """On a GPU of CUDA everything between the upload of pixels and the download of results runs there, on one stream.
    For another device (`mps`) the CPU prepares what the network gets, and finishes what it gives.

    Images that are treated together have one shape and one type. For use by one thread at a time.
    """

    def __init__(self, network: LightningUnet, values: tuple[int, ...], device: torch.device) -> None:
        self.network = network.to(device).eval()
        self._home = device
        self.device = device if device.type == "cuda" else torch.device("cpu")
        self._half = computes_in_bfloat16(device)
        if self._half:
            self.network.ready_for(torch.bfloat16)
        self._reads_bytes = device.type == "cuda"
        with torch.no_grad():
            self._fused = form_for(self.network.mean) is not plain
        self._classes = len(values)
        self._values = None  # where the channels' own numbers are the values, there is nothing to look up
        if values != tuple(range(len(values))):
            self._values = torch.tensor(values, dtype=torch.uint8, device=self.device)
        self.staging = Staging(self.device)
        self._graphs = Graphs(self.device, self.staging.compute)
        self._ranges = functools.lru_cache(16)(functools.partial(_ranges, self.staging))
        self._zoom = functools.lru_cache(16)(functools.partial(Zoom, device=self.device))
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    @property
    def refusal(self) -> str | None:
        """Why CUDA graphs cannot be used here."""
        return self._graphs.refusal

    def prepare(self, images: Sequence[np.ndarray], limits: Sequence[Limits]) -> None:
        """Have what images like these need ready, so that the first is not slower than the others."""
        for image, limit in zip(images, limits, strict=True):
            self.start([image], [limit], image.shape[:2]).arrays()

    def start(
        self, images: Sequence[np.ndarray], limits: Sequence[Limits], shape: tuple[int, int], batch: int = 1
    ) -> Started:
        """Begin to predict images (H, W) or (H, W, 3), zoomed to `shape`. On a GPU this does not wait, but for
        the first images of a shape and type.

        They are filled up to `batch`, so that few graphs serve any number.
        """
        found, alone = images[0].shape[:2], batch == 1
        with self.on_device():
            inputs, name = self._upload(images, limits, batch), f"predict at {shape}"
            zoom = self._zoom(found, shape)
            work = functools.partial(self._whole, zoom)
            if self._reads_bytes and found == shape and _are_bytes(images, limits):
                inputs, name, work = inputs[:1], "bytes", self._bytes
            exact = found == shape and max(shape) <= self.network.config.size
            with self.staging.reading():
                packed = self._graphs.run(name, work, *inputs, at_once=exact, keep=zoom)
            download = self.staging.download(packed if alone else packed.clone(), alone)
        return Started(download, len(images), found, self._classes)

    def probabilities(
        self, tiles: Sequence[np.ndarray], limits: Limits, batch: int, turned: bool = False
    ) -> torch.Tensor:
        """Tiles (H, W) or (H, W, 3) -> (B, C, H, W) float32 on the device, with H and W swapped if `turned`."""
        with self.on_device():
            inputs = self._upload(tiles, [limits] * len(tiles), batch)
            with self.staging.reading():
                found = self._graphs.run(f"probabilities {turned}", functools.partial(self._raw, turned), *inputs)
            return found[: len(tiles)]

    @contextlib.contextmanager
    def on_device(self) -> Iterator[None]:
        """What is computed with probabilities is so inside this."""
        with torch.inference_mode(), self.staging.computing():
            yield

    def memory_needed(self, pixels: int) -> int:
        """Bytes of GPU memory that one pass over so many pixels takes, the weights left out."""
        config = self.network.config
        of_tokens = _BYTES[self._fused] * (1 if self._half else 2) * config.width / config.patch**2
        return round(pixels * (of_tokens + _MORE_BYTES))

    def release(self) -> None:
        """Give a GPU's memory to others, as far as it is not the weights themselves."""
        if self.device.type == "cuda":
            self._graphs.clear()
            torch.cuda.empty_cache()

    def _upload(
        self, images: Sequence[np.ndarray], limits: Sequence[Limits], batch: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        missing = batch - len(images)
        pixels = [_plain(image) for image in (*images, *images[:1] * missing)]
        return self.staging.upload(pixels, batch == 1), self._ranges((*limits, *limits[:1] * missing))

    def _whole(self, zoom: Zoom, pixels: torch.Tensor, ranges: torch.Tensor) -> torch.Tensor:
        planes = zoom(unit_planes(pixels, ranges))
        if zoom.found == zoom.shape:
            return pack(self._classify(planes), self._values)
        return pack(summarise(zoom.back(self._softmax(planes))), self._values)

    def _bytes(self, pixels: torch.Tensor) -> torch.Tensor:
        """8-bit images as they are: the network takes 255 for 1 itself."""
        return pack(self._classify(as_planes(pixels)), self._values)

    def _classify(self, planes: torch.Tensor) -> Summary:
        with self._precision():
            found = self.network.classify(planes.to(self._home))
        return tuple(part.to(self.device) for part in found)

    def _raw(self, turned: bool, pixels: torch.Tensor, ranges: torch.Tensor) -> torch.Tensor:
        planes = unit_planes(pixels, ranges)
        scores = self._softmax(planes)
        return scores.mT if turned else scores

    def _softmax(self, planes: torch.Tensor) -> torch.Tensor:
        with self._precision():
            logits = self.network(planes.to(self._home)).float()
        if self._home.type == "cpu":
            logits = logits.contiguous()  # the softmax of planes is ten times as fast as that of channels side by side
        return logits.softmax(dim=1).to(self.device)

    def _precision(self) -> contextlib.AbstractContextManager:
        """Weights are bfloat16 already where autocast would make them so at every call."""
        if self._half:
            return torch.autocast("cuda", torch.bfloat16, cache_enabled=False)
        return contextlib.nullcontext()


class Started:
    """Predictions on their way."""

    def __init__(self, download: Download, count: int, shape: tuple[int, int], classes: int) -> None:
        self._download, self._count, self._shape, self._classes = download, count, shape, classes

    def arrays(self) -> list[Arrays]:
        """Wait for them. Raises CheckpointError for weights whose results are no numbers."""
        packed = self._download.result()[: self._count]
        return [arrays.checked() for arrays in unpack(packed, self._shape, self._classes)]


def _ranges(staging: Staging, limits: tuple[Limits, ...]) -> torch.Tensor:
    """On the device. Images whose limits are percentiles bring new ones each time, which must not wait for others."""
    return staging.upload(list(limits_tensor(limits)))


def _are_bytes(images: Sequence[np.ndarray], limits: Sequence[Limits]) -> bool:
    """8-bit pixels that use their whole range. Deeper ones with the same limits are not what the network takes for 0..1."""
    return images[0].dtype == np.uint8 and all(limit == (0, 255) for limit in limits)


def _plain(image: np.ndarray) -> np.ndarray:
    """In a type that every device has: what is none of an Image's own becomes float32, as `to_unit` makes it."""
    return image if image.dtype in (np.uint8, np.int16, np.uint16, np.float32) else image.astype(np.float32)
