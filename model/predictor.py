"""Predictor: one image's arrays, in the first way whose memory suffices."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch

from model.assembly import Arrays
from model.device import free_memory, is_lost, raise_unless_out_of_memory
from model.errors import OutOfMemory
from model.images import Image
from model.inference import Inference, Limits
from model.messages import Message
from model.opencv import cv2
from model.progress import Progress, Report
from model.tiles import predict_tiles
from model.tiling import zoomed_shape

_SPARE = 1.1
"""By how much the free memory of a GPU must exceed what one pass is expected to take."""

FAILURES = (RuntimeError, MemoryError, cv2.error)
"""As what torch, numpy and OpenCV raise that memory ran out, among other things."""

Attempt = tuple[Callable[[], Arrays], bool]
"""A way to predict an image, and whether it cuts it into tiles."""


class Predictor:
    """Images up to 1.5 times the network's input are zoomed to it and back. Larger ones keep their scale: a GPU takes
    them in one pass when its memory allows; else they are cut into tiles, whose results differ a little from that. So
    is, at its own scale, one that a GPU cannot take zoomed.
    """

    def __init__(
        self, inference: Inference, values: tuple[int, ...], device: torch.device, batch: int, device_name: str
    ) -> None:
        """`batch` is how many tiles go through the network at once, memory permitting."""
        self._inference, self._values = inference, values
        self._device, self._batch, self._name = device, batch, device_name
        self._told = False

    def zoomed(self, image: Image) -> tuple[int, int] | None:
        """The shape in which the network sees it, None for one that keeps its scale."""
        return zoomed_shape(*image.pixels.shape[:2], self._inference.network.config.size)

    def predict(self, image: Image, limits: Limits, report: Report) -> tuple[Arrays, tuple[Message, ...]]:
        """The arrays, and what there is to tell about how they came. Raises OutOfMemory and DeviceLost."""
        for number, (attempt, cuts) in enumerate(self._attempts(image, limits, report)):
            try:
                return attempt(), self._told_once(image) if number and cuts else ()
            except FAILURES as error:
                raise_unless_out_of_memory(error, self._name)
            self.release()
        raise OutOfMemory(
            "There is not enough memory on {device} to segment {name}; "
            "close other programs, or cut it into smaller images."
            if self._device.type == "cpu"
            else "There is not enough memory on {device} to segment {name}; close other programs, or choose the CPU.",
            device=self._name,
            name=image.name,
        )

    def release(self) -> None:
        """Give a GPU's memory to others; one that is lost has none to give."""
        try:
            self._inference.release()
        except RuntimeError as error:
            if not is_lost(error):
                raise

    def _attempts(self, image: Image, limits: Limits, report: Report) -> Iterator[Attempt]:
        """Each needs less memory than the one before, or finds more: what graphs have held is free the second time."""
        shape, gpu = self.zoomed(image), self._device.type != "cpu"
        message = self._statement(image) if shape is None else Message("Segmenting")
        if message is not None:
            whole = lambda: self._whole(image, limits, shape or image.pixels.shape[:2], message, report)
            yield from [(whole, False)] * (2 if gpu else 1)
        size = self._inference.network.config.size
        tiles = [(size, self._batch), (size, 1), (size // 2, 1)]
        if shape is not None:
            tiles = tiles[2:] if gpu else []
        for tile, batch in dict.fromkeys(tiles):
            cut = lambda tile=tile, batch=batch: predict_tiles(
                self._inference, self._values, image.pixels, limits, tile, batch, report
            )
            yield cut, True

    def _statement(self, image: Image) -> Message | None:
        """What one pass over a large image will take of the GPU's memory, or None when that is not there."""
        height, width = image.pixels.shape[:2]
        needed, free = self._inference.memory_needed(height * width), free_memory(self._device)
        if free is None or needed * _SPARE > free:
            return None
        values = {"width": width, "height": height, "size": f"{needed / 2**30:.1f}"}
        return Message("Segmenting {width} x {height} pixels in one pass, with {size} GB of GPU memory", values)

    def _whole(self, image: Image, limits: Limits, shape: tuple[int, int], message: Message, report: Report) -> Arrays:
        report(Progress(0.0, message))
        arrays = self._inference.start([image.pixels], [limits], shape).arrays()[0]
        report(Progress(1.0, message))
        return arrays

    def _told_once(self, image: Image) -> tuple[Message, ...]:
        """That memory ran out on the way is worth a word, but not with every image."""
        if self._told:
            return ()
        self._told = True
        values = {"name": image.name, "device": self._name}
        return (
            Message("{name} did not fit into the memory of {device} at first; it was cut into smaller tiles.", values),
        )
