"""Predicting a folder: which of its images, how results reach their files and the window, and what may come between."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from lsgui.context import Context
from lsgui.failures import Failure, failure_of
from lsgui.jobs import SegmenterKeeper
from model.classes import ClassTable
from model.errors import DeviceLost, ImageError
from model.foreign import stamp_of
from model.images import Image, read_image
from model.index import FileStamp
from model.messages import Message
from model.prediction import Prediction
from model.progress import Cancelled, Progress, Report
from model.workspace import Status, Workspace

REVIEWED = (Status.CORRECTED, Status.LABELLED)
"""What a person has worked on: predicting the folder leaves it alone."""
_SECONDS_BETWEEN_RESULTS = 0.05


@dataclass(frozen=True)
class PredictionWork:
    """Everything a prediction needs, none of it shared with the window."""

    workspace: Workspace
    weights: Path
    classes: ClassTable
    max_pixels: int

    @property
    def outdated(self) -> bool:
        """Whether the classes have changed since: the values of a result would be read as other ones."""
        return self.workspace.classes.numbering != self.classes.numbering


@dataclass(frozen=True, eq=False)
class Predicted:
    """One of the folder's results."""

    work: PredictionWork
    name: str
    prediction: Prediction
    device: str


class FolderPredicting:
    """Several images are on their way at once; each result is in its file before the window hears of it."""

    def __init__(
        self,
        context: Context,
        keeper: SegmenterKeeper,
        arrived: Callable[[list[Predicted]], None],
        failed: Callable[[PredictionWork, list[Failure]], None],
    ) -> None:
        """`arrived` and `failed` are called in the window's thread; `failed` in the end, cancelled or not, where single images
        could not be predicted, with why.
        """
        self._context, self._keeper, self._arrived, self._failed = context, keeper, arrived, failed

    def predict(self, work: PredictionWork, names: list[str], report: Report) -> None:
        """In the prediction lane: again from where it was left when the classes change or the GPU fails."""
        failures: list[Failure] = []
        left, told = deque(names), _Told(self._context, self._arrived)
        again: set[str] = set()
        try:
            while left:
                work = replace(work, classes=work.workspace.classes)
                try:
                    self._predict_some(work, left, again, failures, told, _part_of(report, names, left))
                except DeviceLost as error:
                    self._tell(failure_of(error))
        finally:
            told.send()
            if failures:
                self._context.jobs.post(lambda: self._failed(work, failures))

    def _predict_some(
        self,
        work: PredictionWork,
        left: deque[str],
        again: set[str],
        failures: list[Failure],
        told: _Told,
        report: Report,
    ) -> None:
        """Image by image, several on their way; those that are done go from `left`. One whose file has changed since it was
        read goes to its end, and to `again`: only once.

        Who cancels hears of those that were being written meanwhile, too.
        """
        written: dict[str, Prediction] = {}
        stamps: dict[str, FileStamp | None] = {}
        changed: set[str] = set()
        used = ""

        def read(name: str) -> Image | None:
            if _is_reviewed(work.workspace, name):
                return None
            path = work.workspace.folder / name
            stamps[name] = stamp_of(path)
            return read_image(path, work.max_pixels)

        def write(name: str, prediction: Prediction) -> bool:
            if work.outdated or _is_reviewed(work.workspace, name):
                return False
            if stamp_of(work.workspace.folder / name) != stamps[name]:
                if name in again:
                    raise ImageError("{name} has changed while it was predicted; predict it again.", name=name)
                again.add(name)
                changed.add(name)
                return False
            work.workspace.write_prediction(name, prediction)
            written[name] = prediction
            return True

        report(Progress(0.0))
        results = self._keeper.predict_folder(work.weights, work.classes, tuple(left), read, write, report)
        try:
            with closing(results):
                for outcome, used in results:
                    if outcome.error is None and not outcome.written and work.outdated:
                        return
                    left.popleft()
                    if outcome.error is not None:
                        failures.append(failure_of(outcome.error))
                    elif outcome.task in changed:
                        left.append(outcome.task)
                    elif outcome.written:
                        told.add(Predicted(work, outcome.task, written.pop(outcome.task), used))
                    report(Progress(0.0))
        except Cancelled:
            for name, prediction in written.items():
                told.add(Predicted(work, name, prediction, used))
            raise

    def _tell(self, failure: Failure) -> None:
        self._context.jobs.post(lambda: self._context.tell_failure(failure))


class _Told:
    """Results on their way from the prediction lane to the window, not one by one: a GPU makes hundreds a second."""

    def __init__(self, context: Context, tell: Callable[[list[Predicted]], None]) -> None:
        self._post, self._tell = context.jobs.post, tell
        self._results: list[Predicted] = []
        self._sent = 0.0

    def add(self, result: Predicted) -> None:
        self._results.append(result)
        if time.monotonic() - self._sent > _SECONDS_BETWEEN_RESULTS:
            self.send()

    def send(self) -> None:
        if self._results:
            results, self._results, self._sent = self._results, [], time.monotonic()
            self._post(lambda: self._tell(results))


def _is_reviewed(workspace: Workspace, name: str) -> bool:
    """One that is not in the folder any more is not."""
    try:
        return workspace.entry(name).status in REVIEWED
    except KeyError:
        return False


def _part_of(report: Report, names: Sequence[str], left: Sequence[str]) -> Report:
    """A report whose 0..1 is the share of the whole of that image of `names` which is the first of `left`."""

    def step(progress: Progress) -> None:
        count, index = len(names), len(names) - len(left)
        number = min(index + 1, count)
        values = {"name": names[number - 1], "index": number, "count": count}
        fraction = (index + (progress.fraction or 0.0)) / count
        report(Progress(min(fraction, 1.0), Message("{name}, {index} of {count}", values)))

    return step
