"""Folder prediction: images are decoded ahead, predicted, and written behind, at once and in bounded numbers."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from model.cores import usable_cores
from model.errors import ModelError
from model.images import Image
from model.messages import Message
from model.prediction import Prediction

__all__ = ["FolderPrediction", "Outcome", "PredictMany", "Threads"]

T = TypeVar("T")
PredictMany = Callable[[Iterable[Image]], Iterator[Prediction | ModelError]]
_AHEAD, _TOGETHER = 32, 16
"""Images that a GPU may find decoded: two of its batches; and how many of them are waited for at once."""
_READ, _WRITE = 4, 3
"""Threads that read and that write, at most: with more of them an H200 got no more images a second."""
_BUNDLE = 4
"""Images that one task of a thread reads, or writes, at most: handing over costs as much as half of an image's Python."""
_HELD = 512 << 20
"""Bytes of pixels, roughly, that may wait to be predicted."""


@dataclass(frozen=True, eq=False)
class Outcome(Generic[T]):
    """What became of one image; `notices` are the image's own. Without `written` and `error` it was left out."""

    task: T
    prediction: Prediction | None = None
    notices: tuple[Message, ...] = ()
    written: bool = False
    error: ModelError | OSError | None = None


@dataclass(frozen=True)
class Threads:
    """How many threads read and decode, and how many encode and write."""

    read: int = 1
    write: int = 1

    @staticmethod
    def beside_gpu() -> Threads:
        """As many as this process has cores for; more than these would only wait for Python's lock."""
        cores = usable_cores()
        return Threads(min(cores, _READ), min(cores, _WRITE))


class FolderPrediction(Generic[T]):
    """Decoding and encoding have threads of their own, since both leave Python to others most of the time."""

    def __init__(
        self,
        read: Callable[[T], Image | None],
        write: Callable[[T, Prediction], bool],
        on_gpu: bool,
        threads: Threads | None = None,
    ) -> None:
        """`read` and `write` are called in other threads, and may raise ModelError or OSError for one image.

        An image for which `read` returns None or `write` False is left out.

        Beside a GPU there are threads for a few cores, and many images are under way. Where the CPU itself
        predicts, one is decoded and one written meanwhile, which costs neither cores nor memory worth speaking of.
        `threads` is how many there are instead.
        """
        self._read, self._write = read, write
        self._ahead, self._together, self._bundle = (_AHEAD, _TOGETHER, _BUNDLE) if on_gpu else (2, 1, 1)
        threads = threads or (Threads.beside_gpu() if on_gpu else Threads())
        self._threads = threads
        self._readers = ThreadPoolExecutor(threads.read, "folder reading")
        self._writers = ThreadPoolExecutor(threads.write, "folder writing")
        self._size = 0

    def outcomes(self, tasks: Sequence[T], predict_many: PredictMany) -> Iterator[Outcome[T]]:
        """In the order of the tasks, each as soon as it is written. Close the iterator to stop early.

        What `predict_many` raises ends it; the images without an outcome are undone.
        """
        line: deque[_Item[T]] = deque()
        with self._readers, self._writers:
            try:
                yield from self._outcomes(tasks, predict_many, line)
            finally:
                for pool in (self._readers, self._writers):
                    pool.shutdown(wait=False, cancel_futures=True)

    def _outcomes(
        self,
        tasks: Sequence[T],
        predict_many: PredictMany,
        line: deque[_Item[T]],
    ) -> Iterator[Outcome[T]]:
        waiting: deque[_Item[T]] = deque()
        predicted: list[_Item[T]] = []
        for result in predict_many(self._images(tasks, line, waiting, predicted)):
            item = waiting.popleft()
            if isinstance(result, ModelError):
                item.error = result
            else:
                item.prediction = result
                predicted.append(item)
                if len(predicted) == self._bundle:
                    self._hand_over(predicted)
            yield from _settled(line, len(waiting) + 2 * self._ahead)
        self._hand_over(predicted)
        yield from _settled(line, 0)

    def _hand_over(self, predicted: list[_Item[T]]) -> None:
        """Have them written."""
        if predicted:
            bundle = predicted.copy()
            predicted.clear()
            work = self._writers.submit(_each, bundle, lambda item: item.write(self._write))
            for item in bundle:
                item.work = work

    def _images(
        self, tasks: Sequence[T], line: deque[_Item[T]], waiting: deque[_Item[T]], predicted: list[_Item[T]]
    ) -> Iterator[Image]:
        """Those that can be read, in order; each is in `waiting` until its prediction has come.

        Whoever asks for more has given all that it could: what is `predicted` then waits for no others.
        """
        reading: deque[_Item[T]] = deque()
        first = 0
        while first < len(tasks) or reading:
            while first < len(tasks) and len(reading) < self._room():
                bundle = [_Item(task) for task in tasks[first : first + self._read_together()]]
                work = self._readers.submit(_each, bundle, lambda item: item.read(self._read))
                for item in bundle:
                    item.work = work
                first += len(bundle)
                reading.extend(bundle)
                line.extend(bundle)
            self._wait(reading)
            yield from self._image(reading.popleft(), waiting)
            self._hand_over(predicted)

    def _read_together(self) -> int:
        """So that each thread has one bundle to read and one to go on with."""
        return max(1, min(self._bundle, self._room() // (2 * self._threads.read)))

    def _wait(self, reading: deque[_Item[T]]) -> None:
        """For several, once the first is not there: to be woken for each costs more than what is done with it."""
        if not reading[0].work.done():
            reading[min(len(reading), self._together) - 1].work.exception()

    def _image(self, item: _Item[T], waiting: deque[_Item[T]]) -> Iterator[Image]:
        item.work.result()
        item.work, image, item.image = None, item.image, None
        if image is None:
            item.left_out = item.error is None
            return
        self._size, item.notices = image.pixels.nbytes, image.notices
        waiting.append(item)
        yield image

    def _room(self) -> int:
        """How many may be read ahead, if they are as large as the last one was."""
        return max(1, min(self._ahead, _HELD // max(1, self._size)))


class _Item(Generic[T]):
    """One image on its way; `work` is the task that reads or writes it."""

    def __init__(self, task: T) -> None:
        self.task = task
        self.work: Future[None] | None = None
        self.image: Image | None = None
        self.prediction: Prediction | None = None
        self.notices: tuple[Message, ...] = ()
        self.error: ModelError | OSError | None = None
        self.written: bool | None = None
        self.left_out = False

    def read(self, read: Callable[[T], Image | None]) -> None:
        try:
            self.image = read(self.task)
        except (ModelError, OSError) as error:
            self.error = error

    def write(self, write: Callable[[T, Prediction], bool]) -> None:
        try:
            self.written = write(self.task, self.prediction)
        except (ModelError, OSError) as error:
            self.error = error

    @property
    def is_done(self) -> bool:
        """Asked of an image that is read."""
        return self.error is not None or self.left_out or self.written is not None

    def outcome(self) -> Outcome[T]:
        """Wait for it."""
        if self.work is not None and not self.is_done:
            self.work.result()
        return Outcome(self.task, self.prediction, self.notices, bool(self.written), self.error)


def _each(items: list[_Item[T]], do: Callable[[_Item[T]], None]) -> None:
    for item in items:
        do(item)


def _settled(line: deque[_Item[T]], most: int) -> Iterator[Outcome[T]]:
    """The oldest, while they are done or more than `most` are not reported yet."""
    while line and (
        line[0].is_done or len(line) > most and line[0].prediction is not None and line[0].work is not None
    ):
        yield line.popleft().outcome()
