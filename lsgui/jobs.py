"""Work beside the window: jobs in lanes of one thread each, and the segmenter that the prediction lane keeps loaded."""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal, Slot

from lsgui.failures import Failure, failure_of
from lsgui.lane import Lane
from model.classes import ClassTable
from model.cores import let_waiting_threads_sleep
from model.errors import DeviceLost, ImageError
from model.folder_prediction import FolderPrediction, Outcome
from model.images import Image
from model.messages import Message
from model.prediction import Prediction
from model.progress import Cancelled, Progress, Report

__all__ = ["Failure", "Job", "JobRunner", "JobView", "SegmenterKeeper", "failure_of"]

T = TypeVar("T")
_SECONDS_BETWEEN_REPORTS = 0.05


@dataclass(frozen=True)
class JobView:
    """A job as the window shows it; what it says about itself is in its `progress`."""

    id: int
    title: Message
    progress: Progress
    cancellable: bool


class Job:
    """One piece of work on its way through a lane: it takes values and returns a value."""

    def __init__(
        self, id: int, lane: str, title: Message, work: Callable[[Report], Any], quiet: bool, cancellable: bool
    ) -> None:
        self.id = id
        self.lane = lane
        self.title = title
        self.progress = Progress(None)
        self.quiet = quiet
        self.cancellable = cancellable
        self.result: Any = None
        self.failure: Failure | None = None
        self.cancelled = threading.Event()
        self.finished = threading.Event()
        self._work = work

    def cancel(self) -> None:
        """Ask it to stop: at its next report, or before it starts."""
        if self.cancellable:
            self.cancelled.set()

    def run(self, report: Report) -> None:
        """In the lane's thread. One catch turns any exception into a failure."""
        try:
            report(self.progress)
            self.result = self._work(report)
        except Cancelled:
            self.cancelled.set()
        except BaseException as error:  # noqa: BLE001
            self.failure = failure_of(error)
            self._log(self.failure)
        self._work = None
        self.finished.set()

    def _log(self, failure: Failure) -> None:
        """A file that is no image is no fault of the program; where nobody asked for it, its reason is enough."""
        expected = self.quiet and isinstance(failure.error, ImageError)
        text = f": {failure.message}" if expected else f"\n{failure.details}"
        logging.getLogger(__name__).warning("%s failed%s", self.title, text)


class JobRunner(QObject):
    """Runs each lane's jobs one after the other, and hands their results to the thread that made the runner."""

    changed = Signal()
    failed = Signal(object)
    """A Failure of a job that was submitted without a `failed` of its own."""
    _posted = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._ids = itertools.count(1)
        self._lanes: dict[str, Lane] = {}
        self._jobs: dict[int, Job] = {}
        self._open = True
        self._posted.connect(self._call, Qt.ConnectionType.QueuedConnection)

    @property
    def jobs(self) -> list[JobView]:
        """The jobs worth showing, oldest first."""
        return [
            JobView(job.id, job.title, job.progress, job.cancellable) for job in self._jobs.values() if not job.quiet
        ]

    def submit(
        self,
        lane: str,
        title: Message,
        work: Callable[[Report], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[Failure], None] | None = None,
        cancelled: Callable[[], None] | None = None,
        quiet: bool = False,
        cancellable: bool = True,
    ) -> Job:
        """Queue `work` in a lane. Exactly one of the callbacks is called later, in the runner's thread.

        A quiet job is not listed. After `shutdown` nothing is called any more.
        """
        job = Job(next(self._ids), lane, title, work, quiet, cancellable)
        if not self._open:
            job.cancelled.set()
            job.finished.set()
            return job
        self._jobs[job.id] = job
        settle = (done or _nothing, failed or self.failed.emit, cancelled or _nothing)
        if lane not in self._lanes:
            self._lanes[lane] = Lane(lane)
        self._lanes[lane].put(lambda: self._run(job, settle))
        if not quiet:
            self.changed.emit()
        return job

    def post(self, call: Callable[[], None]) -> None:
        """From any thread: call this in the runner's thread, soon."""
        self._posted.emit(call)

    def background(self, work: Callable[[], None]) -> None:
        """Small housekeeping that nobody waits for."""
        self.submit("housekeeping", Message("Tidying up"), lambda report: work(), quiet=True)

    def cancel(self, job_id: int) -> None:
        if job_id in self._jobs:
            self._jobs[job_id].cancel()

    def cancel_all(self) -> None:
        for job in self._jobs.values():
            job.cancel()

    def busy(self, lane: str) -> bool:
        return any(job.lane == lane for job in self._jobs.values())

    def shutdown(self, seconds: float = 5) -> bool:
        """Cancel what can be cancelled, finish what cannot, and end the threads.

        False when a thread is still busy after `seconds`: it is a daemon, so the process can end nevertheless.
        """
        deadline = time.monotonic() + seconds
        self._open = False
        self.cancel_all()
        for lane in self._lanes.values():
            lane.close()
        return all([lane.join(deadline - time.monotonic()) for lane in self._lanes.values()])  # noqa: C419 - each of them

    def _run(self, job: Job, settle: tuple[Callable, Callable, Callable]) -> None:
        """In the lane's thread."""
        last = 0.0

        def report(progress: Progress) -> None:
            nonlocal last
            if job.cancelled.is_set():
                raise Cancelled
            job.progress = progress
            if not job.quiet and time.monotonic() - last > _SECONDS_BETWEEN_REPORTS:
                last = time.monotonic()
                self.post(self.changed.emit)

        job.run(report)
        if self._open:
            self.post(lambda: self._settle(job, *settle))

    def _settle(self, job: Job, done: Callable, failed: Callable, cancelled: Callable) -> None:
        self._jobs.pop(job.id, None)
        if not job.quiet:
            self.changed.emit()
        if job.failure is not None:
            failed(job.failure)
        elif job.cancelled.is_set():
            cancelled()
        else:
            done(job.result)

    @Slot(object)
    def _call(self, call: Callable[[], None]) -> None:
        if self._open:
            call()


class SegmenterKeeper:
    """The segmenter of the prediction lane, loaded at the first prediction and kept until weights or classes change: what
    these are called or coloured is nothing to it.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = device
        self._key: tuple[object, ...] | None = None
        self._segmenter: Any = None
        self._lock = threading.Lock()

    def predict(self, weights: Path, classes: ClassTable, image: Image, report: Report) -> tuple[Prediction, str]:
        """In the lane's thread: the prediction, and the name of the device it was made on."""
        with self._leaving_a_lost_gpu():
            segmenter = self._loaded(weights, classes, report)
            return segmenter.predict(image, report), segmenter.device_name

    def predict_folder(
        self,
        weights: Path,
        classes: ClassTable,
        names: Sequence[str],
        read: Callable[[str], Image | None],
        write: Callable[[str, Prediction], bool],
        report: Report,
    ) -> Iterator[tuple[Outcome[str], str]]:
        """In the lane's thread: what becomes of each image, in order, and the name of the device.

        `read` and `write` are called in other threads, see `FolderPrediction`. Close the iterator to stop early.
        """
        with self._leaving_a_lost_gpu():
            segmenter = self._loaded(weights, classes, report)
            folder = FolderPrediction(read, write, segmenter.on_gpu)
            outcomes = folder.outcomes(names, lambda images: segmenter.predict_many(images, report))
            with closing(outcomes):
                for outcome in outcomes:
                    yield outcome, segmenter.device_name

    def release(self) -> None:
        """From any thread but the window's: give a GPU's cached memory to others."""
        segmenter = self._segmenter  # the lane may put another one there at any time
        if segmenter is not None:
            segmenter.release()

    @contextmanager
    def _leaving_a_lost_gpu(self) -> Iterator[None]:
        """After a GPU has failed, this process can use none: from the next prediction on the CPU does the work."""
        try:
            yield
        except DeviceLost:
            with self._lock:
                self._device, self._key, self._segmenter = "cpu", None, None
            raise

    def _loaded(self, weights: Path, classes: ClassTable, report: Report) -> Any:
        with self._lock:
            written = weights.stat().st_mtime_ns if weights.exists() else 0
            key = (weights, written, tuple(classes.numbering.items()))
            if key != self._key:
                report(Progress(None, Message("Loading the model")))
                let_waiting_threads_sleep()
                from model.segmenter import Segmenter

                self._key, self._segmenter = None, None
                self._segmenter = Segmenter.load(weights, self._device, classes)
                self._key = key
            return self._segmenter


def _nothing(*ignored: object) -> None:
    """Nobody waits for this outcome."""
