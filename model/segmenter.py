"""Segmenter: a checkpoint ready to predict; numpy arrays in, a Prediction out."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch

from model.adapt import missing_classes, network_for
from model.assembly import Arrays
from model.calibration import fold
from model.checkpoint import Checkpoint, CheckpointHeader, load
from model.classes import Class, ClassTable
from model.device import choose_device, device_name, raise_unless_out_of_memory
from model.errors import CheckpointError, DeviceLost, ModelError, OutOfMemory
from model.images import Image
from model.inference import Inference, Started
from model.messages import Message
from model.network import LightningUnet
from model.prediction import Prediction
from model.predictor import FAILURES, Predictor
from model.progress import Report, silent

_GPU_BATCH, _FEW = 16, 4
"""Images, or tiles, that a GPU predicts together: as many, unless there are only a few."""
_IN_FLIGHT = 2
"""Batches whose results are on their way while the next is put together."""


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
        self.model_name = header.name
        self.device_name = device_name(device)
        self._predictor = Predictor(self._inference, self._values, device, self._batch, self.device_name)
        self.notices: tuple[Message, ...] = ()

    @staticmethod
    def load(source: Path | Checkpoint, device: str = "auto", classes: ClassTable | None = None) -> Segmenter:
        """A segmenter that answers in the values of `classes`, by default the checkpoint's own table; uids decide.

        A class of the table that the model lacks is never predicted, and `notices` names it; the pixels of one that
        only the model knows get the next most probable class. Raises CheckpointError, ModelError for the device,
        OutOfMemory, and DeviceLost.
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
        chosen = choose_device(device)
        try:
            network = network_for(checkpoint, [item.uid for item in known])
            fold(network.head, checkpoint.temperature)
            segmenter = Segmenter(network, checkpoint, known, chosen)
            segmenter.prepare()
        except FAILURES as error:
            raise_unless_out_of_memory(error, str(chosen))
            raise OutOfMemory(
                "There is not enough memory on {device} to load {name}; close other programs, then try again.",
                device=str(chosen),
                name=checkpoint.name,
            ) from error
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
        images = [Image("", np.zeros(shape, np.uint8)) for shape in ((size, size), (size, size, 3))]
        if self._input.kind == "fixed" and self._input.low < 0:
            images.append(Image("", np.zeros((size, size), np.int16), unit="HU"))
        try:
            self._inference.prepare([image.pixels for image in images], [self._limits(image) for image in images])
        except RuntimeError as error:
            raise_unless_out_of_memory(error, self.device_name)
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
            arrays, notices = self._predictor.predict(image, self._limits(image), report)
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
            self._predictor.release()

    def _groups(self, images: Iterable[Image]) -> Iterator[list[Image]]:
        """Images in a row that can be predicted together; on a CPU each by itself."""
        group: list[Image] = []
        for image in images:
            alone = self._batch == 1 or self._predictor.zoomed(image) is None
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
                limits, pixels = [self._limits(image) for image in group], [image.pixels for image in group]
                batch = min(self._batch, _FEW) if len(group) <= _FEW else self._batch
                return self._inference.start(pixels, limits, self._predictor.zoomed(group[0]), batch)
        except FAILURES as error:
            raise_unless_out_of_memory(error, self.device_name)
            return None

    def _finish(self, group: list[Image], started: Started | None, report: Report) -> Iterator[Prediction | ModelError]:
        done = None
        try:
            done = started and started.arrays()
        except ModelError as error:
            yield from (error for _ in group)
            return
        except FAILURES as error:
            raise_unless_out_of_memory(error, self.device_name)
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

    def _prediction(self, image: Image, arrays: Arrays, notices: tuple[Message, ...]) -> Prediction:
        in_range = self._input.applies_to(image.pixels, image.unit, image.nodata)
        notices += _input_notices(in_range, image)
        return Prediction(arrays.label_map, arrays.confidence, arrays.scores, self._values, self.model_name, notices)

    def _limits(self, image: Image) -> tuple[float, float]:
        return self._input.limits(image.pixels, image.unit, image.nodata)


def _kind(image: Image) -> tuple:
    return image.pixels.shape, image.pixels.dtype


def _refusal_notice(device: str, reason: str) -> Message:
    return Message(
        "{device} predicts step by step, which is slower: CUDA graphs cannot be used ({reason}).",
        {"device": device, "reason": reason},
    )


def _missing_notice(name: str, missing: tuple[Class, ...]) -> Message:
    return Message(
        "{name} does not know {classes}, and cannot predict them until it is fine-tuned.",
        {"name": name, "classes": [item.name for item in missing]},
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
