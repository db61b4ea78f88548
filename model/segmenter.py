"""Segmenter: a checkpoint ready to predict; numpy arrays in, a Prediction out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from model.adapt import missing_classes, network_for
from model.assembly import Arrays
from model.checkpoint import Checkpoint, CheckpointHeader, load
from model.classes import Class, ClassTable
from model.device import choose_device, device_name, free_memory, is_lost, is_out_of_memory
from model.errors import CheckpointError, DeviceLost, ModelError, OutOfMemory
from model.images import Image
from model.inference import Inference, Started
from model.messages import Message
from model.network import LightningUnet
from model.opencv import cv2
from model.prediction import Prediction
from model.progress import Progress, Report, silent
from model.tiles import predict_tiles
from model.tiling import zoomed_shape

_GPU_BATCH = 16
_IN_FLIGHT = 2
"""Batches whose results are on their way while the next is put together."""
_SPARE = 1.1
"""By how much the free memory of a GPU must exceed what one pass is expected to take."""

Attempt = Callable[[], Arrays]


class Segmenter:
    """Predicts the classes of a table with the network of a checkpoint. For use by one thread at a time.

    Images up to 1.5 times the network's input are zoomed to it and back. Larger ones keep their scale: a GPU takes them
    in one pass when its memory allows, else they are cut into tiles, whose results differ a little from one pass's.
    """

    def __init__(
        self, network: LightningUnet, header: CheckpointHeader, known: tuple[Class, ...], device: torch.device
    ) -> None:
        """`known` are the classes of the network's output channels, in their order. See `load`."""
        self._values = tuple(item.value for item in known)
        self._inference = Inference(network, self._values, device)
        self._input = header.input
        self._device = device
        self._batch = 1 if device.type == "cpu" else _GPU_BATCH
        self._busy = threading.Lock()
        self._told = False
        self.model_name = header.name
        self.device_name = device_name(device)
        self.notices: tuple[Message, ...] = ()

    @staticmethod
    def load(source: Path | Checkpoint, device: str = "auto", classes: ClassTable | None = None) -> Segmenter:
        """A segmenter that answers in the values of `classes`, by default the checkpoint's own table; uids decide.

        A class of the table that the model lacks is never predicted, and `notices` names it; the pixels of one that
        only the model knows get the next most probable class. Raises CheckpointError, ModelError for the device, and
        DeviceLost.
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
        chosen = choose_device(device)
        try:
            segmenter = Segmenter(network, checkpoint, known, chosen)
            segmenter.prepare()
        except RuntimeError as error:
            if not is_lost(error):
                raise
            raise _lost(str(chosen), error) from error
        if missing:
            segmenter.notices += (_missing_notice(checkpoint.name, missing),)
        return segmenter

    @property
    def on_gpu(self) -> bool:
        """Whether the CPU is free for other work meanwhile."""
        return self._device.type != "cpu"

    def prepare(self) -> None:
        """On a GPU: capture what images of the network's own size need, so that the first prediction is fast too."""
        if self._device.type != "cuda":
            return
        size = self._inference.network.config.size
        grey = np.int16 if self._input.kind == "fixed" and self._input.low < 0 else np.uint8
        try:
            self._inference.prepare([((size, size), grey), ((size, size, 3), np.uint8)])
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            self._inference.release()
        except CheckpointError:
            pass  # weights that give no numbers: the first prediction says so
        if self._inference.refusal is not None:
            self.notices += (_refusal_notice(self.device_name, self._inference.refusal),)

    def predict(self, image: Image, report: Report = silent) -> Prediction:
        """Segment an image of any size.

        `report` is called before and after each step and may raise Cancelled. Raises OutOfMemory when not even small
        tiles fit, CheckpointError for weights whose results are no numbers, and DeviceLost.
        """
        shape = image.pixels.shape
        if len(shape) not in (2, 3) or shape[2:] not in ((), (3,)) or 0 in shape:
            raise ValueError(f"expected pixels (H, W) or (H, W, 3), got {shape}")
        with self._busy:
            arrays, notices = self._first_that_fits(image, report)
        return self._prediction(image, arrays, notices)

    def predict_many(self, images: Iterable[Image], report: Report = silent) -> Iterator[Prediction | ModelError]:
        """Predictions in the order of the images; what failed for one image alone stands in its place.

        On a GPU images of one size and type that follow each other are predicted together, and while the GPU computes,
        the next are put together and the results of the last are on their way. `report` as for `predict`, for each
        image that is not one of several. Raises DeviceLost; the images whose predictions have not come are undone.
        """
        started: deque[tuple[list[Image], Started | None]] = deque()
        for group in self._groups(images):
            started.append((group, self._start(group)))
            while started and (started[-1][1] is None or len(started) > _IN_FLIGHT):
                yield from self._finish(*started.popleft(), report)
        while started:
            yield from self._finish(*started.popleft(), report)

    def release(self) -> None:
        """Give a GPU's memory to other programs once no prediction runs; the segmenter stays usable."""
        with self._busy:
            self._release()

    def _release(self) -> None:
        try:
            self._inference.release()
        except RuntimeError as error:
            if not is_lost(error):
                raise

    def _groups(self, images: Iterable[Image]) -> Iterator[list[Image]]:
        """Images in a row that can be predicted together; on a CPU each by itself."""
        group: list[Image] = []
        for image in images:
            alone = self._batch == 1 or self._zoomed(image) is None
            if group and (alone or len(group) == self._batch or _kind(image) != _kind(group[0])):
                yield group
                group = []
            group.append(image)
            if alone:
                yield group
                group = []
        if group:
            yield group

    def _start(self, group: list[Image]) -> Started | None:
        """None when they are better predicted one by one."""
        if len(group) == 1:
            return None
        try:
            with self._busy:
                limits = [self._limits(image) for image in group]
                pixels = [image.pixels for image in group]
                return self._inference.start(pixels, limits, self._zoomed(group[0]), self._batch)
        except RuntimeError as error:
            self._raise_unless_out_of_memory(error)
            return None

    def _finish(self, group: list[Image], started: Started | None, report: Report) -> Iterator[Prediction | ModelError]:
        done = None
        try:
            done = started and started.arrays()
        except ModelError as error:
            yield from (error for _ in group)
            return
        except RuntimeError as error:
            self._raise_unless_out_of_memory(error)
        if done is not None:
            yield from (self._prediction(image, arrays, ()) for image, arrays in zip(group, done, strict=True))
            return
        for image in group:
            try:
                yield self.predict(image, report)
            except DeviceLost:
                raise
            except ModelError as error:
                yield error

    def _first_that_fits(self, image: Image, report: Report) -> tuple[Arrays, tuple[Message, ...]]:
        """The arrays of the first attempt whose memory suffices, and what there is to tell about it."""
        for number, attempt in enumerate(self._attempts(image, report)):
            try:
                return attempt(), self._told_once(image) if number and self._zoomed(image) is None else ()
            except (RuntimeError, MemoryError, cv2.error) as error:
                self._raise_unless_out_of_memory(error)
            self._release()
        raise OutOfMemory(
            "There is not enough memory on {device} to segment {name}; close other programs, or cut it into smaller images."
            if self._device.type == "cpu"
            else "There is not enough memory on {device} to segment {name}; close other programs, or choose the CPU.",
            device=self.device_name,
            name=image.name,
        )

    def _attempts(self, image: Image, report: Report) -> Iterator[Attempt]:
        """Ways to predict an image, each needing less memory than the one before."""
        size, gpu = self._inference.network.config.size, self._device.type != "cpu"
        limits, shape = self._limits(image), self._zoomed(image)
        if shape is not None:
            whole = lambda: self._predict_whole(image, limits, shape, Message("Segmenting"), report)
            yield whole
            if gpu:
                yield whole  # with the memory that other images' graphs have held
            return
        message = self._statement(image)
        if message is not None:
            yield lambda: self._predict_whole(image, limits, image.pixels.shape[:2], message, report)
        for tile, batch in ((size, self._batch), (size, 1), (size // 2, 1))[0 if gpu else 1 :]:
            yield lambda tile=tile, batch=batch: predict_tiles(
                self._inference, self._values, image.pixels, limits, tile, batch, report
            )

    def _statement(self, image: Image) -> Message | None:
        """What one pass over a large image will take of the GPU's memory, or None when that is not there."""
        height, width = image.pixels.shape[:2]
        needed, free = self._inference.memory_needed(height * width), free_memory(self._device)
        if free is None or needed * _SPARE > free:
            return None
        values = {"width": width, "height": height, "size": f"{needed / 2**30:.1f}"}
        return Message("Segmenting {width} x {height} pixels in one pass, with {size} GB of GPU memory", values)

    def _predict_whole(
        self, image: Image, limits: tuple[float, float], shape: tuple[int, int], message: Message, report: Report
    ) -> Arrays:
        report(Progress(0.0, message))
        arrays = self._inference.start([image.pixels], [limits], shape).arrays()[0]
        report(Progress(1.0, message))
        return arrays

    def _prediction(self, image: Image, arrays: Arrays, notices: tuple[Message, ...]) -> Prediction:
        notices += _input_notices(self._input.applies_to(image.pixels, image.unit), image)
        return Prediction(arrays.label_map, arrays.confidence, arrays.scores, self._values, self.model_name, notices)

    def _limits(self, image: Image) -> tuple[float, float]:
        return self._input.limits(image.pixels, image.unit)

    def _zoomed(self, image: Image) -> tuple[int, int] | None:
        return zoomed_shape(*image.pixels.shape[:2], self._inference.network.config.size)

    def _told_once(self, image: Image) -> tuple[Message, ...]:
        """That memory ran out on the way is worth a word, but not with every image."""
        if self._told:
            return ()
        self._told = True
        values = {"name": image.name, "device": self.device_name}
        return (
            Message("{name} did not fit into the memory of {device} at first; it was cut into smaller tiles.", values),
        )

    def _raise_unless_out_of_memory(self, error: Exception) -> None:
        if is_lost(error):
            raise _lost(self.device_name, error) from error
        if not is_out_of_memory(error):
            raise error


def _kind(image: Image) -> tuple:
    return image.pixels.shape, image.pixels.dtype


def _lost(device: str, error: Exception) -> DeviceLost:
    return DeviceLost(
        "{device} has stopped working ({reason}); the program goes on on the CPU until it is started again.",
        device=device,
        reason=str(error).strip().splitlines()[0].rstrip("."),
    )


def _refusal_notice(device: str, reason: str) -> Message:
    return Message(
        "{device} predicts step by step, which is slower: CUDA graphs cannot be used ({reason}).",
        {"device": device, "reason": reason},
    )


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
