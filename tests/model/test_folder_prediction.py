"""Folder prediction: everything is done, in order and in bounded numbers, and what is bad costs nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing

import numpy as np
import pytest

from model.errors import DeviceLost, ImageError, LabelError, ModelError, OutOfMemory
from model.folder_prediction import FolderPrediction, Threads
from model.images import Image
from model.prediction import Prediction


class Folder:
    """Images that are numbers, and what was done with each."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self.read, self.predicted, self.written = [], [], []
        self.held = self.most = 0

    def load(self, number: int) -> Image | None:
        with self.guard:
            self.read.append(number)
            self.held += 1
            self.most = max(self.most, self.held)
        if number % 10 == 3:
            raise ImageError("{name} is damaged.", name=str(number))
        if number % 10 == 7:
            return None
        return Image(str(number), np.full((4, 4), number % 256, np.uint8))

    def store(self, number: int, prediction: Prediction) -> bool:
        assert prediction.label_map[0, 0] == number % 256
        if number % 10 == 5:
            raise LabelError("{name} cannot be written.", name=str(number))
        time.sleep(0.001 * (number % 3))
        with self.guard:
            self.written.append(number)
            self.held -= 1
        return number % 10 != 9

    def predict_many(self, images: Iterable[Image]) -> Iterator[Prediction | ModelError]:
        """By twos, as a GPU would."""
        pair = []
        for image in images:
            self.predicted.append(int(image.name))
            pair.append(self._prediction(image))
            if len(pair) == 2:
                yield from pair
                pair = []
        yield from pair

    def _prediction(self, image: Image) -> Prediction | ModelError:
        if int(image.name) % 10 == 8:
            return OutOfMemory("{name} does not fit.", name=image.name)
        return Prediction(image.pixels, image.pixels, image.pixels[None], (0,), "model")


@pytest.mark.parametrize("on_gpu", [False, True])
def test_every_image_gets_its_outcome_in_order(on_gpu: bool) -> None:
    folder = Folder()
    outcomes = list(
        FolderPrediction(folder.load, folder.store, on_gpu, Threads(2, 2)).outcomes(range(40), folder.predict_many)
    )
    assert [outcome.task for outcome in outcomes] == list(range(40))
    for outcome in outcomes:
        digit = outcome.task % 10
        assert outcome.written == (digit not in (3, 5, 7, 8, 9))
        assert str(outcome.error or "")[len(str(outcome.task)) :] == {
            3: " is damaged.", 5: " cannot be written.", 8: " does not fit.",
        }.get(digit, "")  # fmt: skip


@pytest.mark.parametrize("on_gpu", [False, True])
def test_as_many_threads_work_as_are_asked_for(on_gpu: bool) -> None:
    together = threading.Barrier(3)  # whoever reads goes on when three do

    def read(number: int) -> Image:
        together.wait(60)
        return Image(str(number), np.zeros((4, 4), np.uint8))

    folder = FolderPrediction(read, lambda number, prediction: True, on_gpu, Threads(3))
    folder._ahead = 3
    assert len(list(folder.outcomes(range(3), Folder().predict_many))) == 3


def test_on_a_cpu_few_images_are_held_at_a_time() -> None:
    folder = Folder()
    numbers = list(range(0, 2000, 10))
    for _ in FolderPrediction(folder.load, folder.store, False).outcomes(numbers, folder.predict_many):
        pass
    assert len(folder.written) == len(numbers) and folder.most < 16


def test_closing_it_stops_soon_and_waits_for_what_is_being_written() -> None:
    folder = Folder()
    outcomes = FolderPrediction(folder.load, folder.store, True, Threads(1, 1)).outcomes(
        range(0, 5000, 10), folder.predict_many
    )
    with closing(outcomes):
        next(outcomes)
    written = len(folder.written)
    time.sleep(0.05)
    assert len(folder.written) == written < 200


def test_a_lost_gpu_ends_it_and_what_has_no_outcome_is_undone() -> None:
    folder = Folder()

    def breaks(images: Iterable[Image]) -> Iterator[Prediction]:
        for count, prediction in enumerate(folder.predict_many(images)):
            if count == 6:
                raise DeviceLost("{device} has stopped working.", device="GPU")
            yield prediction

    seen = []
    with pytest.raises(DeviceLost):
        for outcome in FolderPrediction(folder.load, folder.store, True, Threads(1, 1)).outcomes(
            range(0, 500, 10), breaks
        ):
            seen.append(outcome.task)
    assert seen == list(range(0, 500, 10))[: len(seen)] and len(seen) <= 6
