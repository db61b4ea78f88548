"""Segmenter: a checkpoint ready to predict; numpy arrays in, a Prediction out."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from model.adapt import missing_classes, network_for
from model.assembly import Assembly
from model.checkpoint import Checkpoint, CheckpointHeader, load
from model.classes import Class, ClassTable
from model.device import choose_device, device_name, is_out_of_memory
from model.errors import CheckpointError, OutOfMemory
from model.images import Image
from model.input_range import to_unit
from model.messages import Message
from model.network import LightningUnet
from model.opencv import cv2
from model.prediction import Prediction
from model.progress import Progress, Report, silent
from model.tiling import Grid, zoomed_shape

_GPU_BATCH = 8


class Segmenter:
    """Predicts the classes of a table with the network of a checkpoint. For use by one thread at a time."""

    def __init__(
        self, network: LightningUnet, header: CheckpointHeader, known: tuple[Class, ...], device: torch.device
    ) -> None:
        """`known` are the classes of the network's output channels, in their order. See `load`."""
        self._network = network.to(device).eval()
        self._input = header.input
        self._device = device
        self._values = tuple(item.value for item in known)
        self.model_name = header.name
        self.device_name = device_name(device)
        self.notices: tuple[Message, ...] = ()

    @staticmethod
    def load(source: Path | Checkpoint, device: str = "auto", classes: ClassTable | None = None) -> Segmenter:
        """A segmenter that answers in the values of `classes`, by default the checkpoint's own table; uids decide.

        A class of the table that the model lacks is never predicted, and `notices` names it; the pixels of one that
        only the model knows get the next most probable class. Raises CheckpointError, and ModelError for the device.
        """
        checkpoint = source if isinstance(source, Checkpoint) else load(source)
        table = classes or checkpoint.classes
        missing = missing_classes(checkpoint, table)
        known = tuple(item for item in table.classes if item not in missing)
        if not known:
            raise CheckpointError(
                "{name} knows none of the classes of the table; choose other weights or fine-tune them.",
                name=checkpoint.name,
            )
        network = network_for(checkpoint, [item.uid for item in known])
        segmenter = Segmenter(network, checkpoint, known, choose_device(device))
        if missing:
            segmenter.notices = (_missing_notice(checkpoint.name, missing),)
        return segmenter

    def predict(self, image: Image, report: Report = silent) -> Prediction:
        """Segment an image of any size: zoomed to the network's input and back, or in tiles when it is much larger.

        `report` is called before and after each step and may raise Cancelled. Raises OutOfMemory when not even small
        tiles fit, and CheckpointError for weights whose results are no numbers.
        """
        shape = image.pixels.shape
        if len(shape) not in (2, 3) or shape[2:] not in ((), (3,)) or 0 in shape:
            raise ValueError(f"expected pixels (H, W) or (H, W, 3), got {shape}")
        for tile, batch in self._attempts():
            try:
                with torch.inference_mode():
                    done = self._predict(image, tile, batch, report)
                notices = _input_notices(self._input.applies_to(image.pixels, image.unit), image)
                return Prediction(done.label_map, done.confidence, done.scores, self._values, self.model_name, notices)
            except (RuntimeError, MemoryError, cv2.error) as error:
                if not is_out_of_memory(error):
                    raise
            self.release()
        raise OutOfMemory(
            "There is not enough memory on {device} to segment {name}; close other programs, or cut it into smaller images."
            if self._device.type == "cpu"
            else "There is not enough memory on {device} to segment {name}; close other programs, or choose the CPU.",
            device=self.device_name,
            name=image.name,
        )

    def release(self) -> None:
        """Give a GPU's cached memory to other programs; the segmenter stays usable."""
        if self._device.type == "cuda":
            torch.cuda.empty_cache()

    def _attempts(self) -> tuple[tuple[int, int], ...]:
        """(side of a tile, tiles at once), each needing less memory than the one before."""
        size = self._network.config.size
        if self._device.type == "cpu":
            return (size, 1), (size // 2, 1)
        return (size, _GPU_BATCH), (size, 1), (size // 2, 1)

    def _predict(self, image: Image, tile: int, batch: int, report: Report) -> Assembly:
        limits = self._input.limits(image.pixels, image.unit)
        shape = zoomed_shape(*image.pixels.shape[:2], self._network.config.size)
        if shape is not None:
            return self._predict_zoomed(to_unit(image.pixels, limits), shape, report)
        if image.pixels.shape[0] >= image.pixels.shape[1]:
            return self._predict_tiles(image.pixels, limits, tile, batch, report)
        return self._predict_tiles(image.pixels.swapaxes(0, 1), limits, tile, batch, report, turned=True).turned()

    def _predict_zoomed(self, pixels: np.ndarray, shape: tuple[int, int], report: Report) -> Assembly:
        report(Progress(0.0, Message("Segmenting")))
        original = pixels.shape[:2]
        scores = self._probabilities(_zoom(pixels, shape)[None])
        if shape != original:
            scores = F.interpolate(scores, original, mode="bilinear", antialias=max(original) < max(shape))
        assembly = Assembly(original, self._values)
        assembly.fill(0, scores[0])
        report(Progress(1.0, Message("Segmenting")))
        return assembly

    def _predict_tiles(
        self,
        pixels: np.ndarray,
        limits: tuple[float, float],
        tile: int,
        batch: int,
        report: Report,
        turned: bool = False,
    ) -> Assembly:
        """Tiles at the image's own scale, one row of them after the other, blended where they overlap.

        Only the scores of one row of tiles are held, 235 MB for a width of 8192 and 14 classes. So `pixels` comes with
        the shorter side across, and with `turned` each tile is turned upright for the network.
        """
        grid = Grid.over(pixels.shape[:2], tile)
        rows, columns = grid.tile
        assembly = Assembly(pixels.shape[:2], self._values)
        band = torch.zeros(len(self._values), rows, grid.lefts[-1] + columns)
        for index, top in enumerate(grid.tops):
            for first in range(0, len(grid.lefts), batch):
                report(Progress((index + first / len(grid.lefts)) / len(grid.tops), Message("Segmenting")))
                lefts = grid.lefts[first : first + batch]
                crops = to_unit(np.stack([_crop(pixels, top, left, grid.tile) for left in lefts]), limits)
                scores = (
                    self._probabilities(crops.swapaxes(1, 2)).transpose(2, 3) if turned else self._probabilities(crops)
                )
                for left, score, across in zip(lefts, scores, grid.across[first:], strict=False):
                    band[:, :, left : left + columns] += score * torch.from_numpy(np.outer(grid.down[index], across))
            finished = (grid.tops[index + 1] if index + 1 < len(grid.tops) else len(pixels)) - top
            assembly.fill(top, band[:, :finished, : pixels.shape[1]])
            overlap = band[:, finished:].clone()
            band.zero_()[:, : overlap.shape[1]] = overlap
        report(Progress(1.0, Message("Segmenting")))
        return assembly

    def _probabilities(self, pixels: np.ndarray) -> torch.Tensor:
        """pixels (B, H, W) or (B, H, W, 3) float32 in 0..1 -> (B, C, H, W) float32 on the CPU."""
        images = torch.from_numpy(np.ascontiguousarray(pixels))
        images = images[:, None] if images.dim() == 3 else images.permute(0, 3, 1, 2)
        with self._precision():
            logits = self._network(images.to(self._device))
        return logits.float().softmax(dim=1).cpu()

    def _precision(self) -> contextlib.AbstractContextManager:
        """bfloat16 on GPUs that compute in it; older ones stay with float32, as float16 could overflow."""
        if self._device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.autocast("cuda", torch.bfloat16)
        return contextlib.nullcontext()


def _zoom(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """float32 pixels at another size: averaged when they become fewer, linear when they become more."""
    if pixels.shape[:2] == shape:
        return pixels
    shrinks = max(shape) < max(pixels.shape)
    return cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _crop(pixels: np.ndarray, top: int, left: int, shape: tuple[int, int]) -> np.ndarray:
    """A tile; what reaches beyond the image repeats its last row or column."""
    crop = pixels[top : top + shape[0], left : left + shape[1]]
    beyond = [(0, full - got) for full, got in zip(shape, crop.shape, strict=False)]
    return np.pad(crop, beyond + [(0, 0)] * (crop.ndim - 2), mode="edge")


def _missing_notice(name: str, missing: tuple[Class, ...]) -> Message:
    names = ", ".join(item.name for item in missing)
    return Message(
        "{name} does not know {classes}, and cannot predict them until it is fine-tuned.",
        {"name": name, "classes": names},
    )


def _input_notices(in_range: bool, image: Image) -> tuple[Message, ...]:
    """8-bit images are meant to be taken as they look; deeper ones without Hounsfield units are worth a word."""
    if in_range or image.pixels.dtype == np.uint8:
        return ()
    return (
        Message(
            "{name} has no Hounsfield units, which this model was trained on; its brightness was matched instead.",
            {"name": image.name},
        ),
    )
