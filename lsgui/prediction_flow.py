"""From the model to the label map: which images are predicted, and where the results go."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.failures import Failure, failure_of
from lsgui.jobs import SegmenterKeeper
from lsgui.model_choice import ModelChoice
from model.classes import ClassTable
from model.errors import DeviceLost
from model.images import Image, read_image
from model.messages import Message
from model.prediction import Prediction
from model.progress import Progress, Report
from model.workspace import Status, Workspace

REVIEWED = (Status.CORRECTED, Status.LABELLED)
"""What a person has worked on: predicting the folder leaves it alone."""
_SECONDS_BETWEEN_RESULTS = 0.05


@dataclass(frozen=True)
class _Work:
    """Everything a prediction needs, none of it shared with the window."""

    workspace: Workspace
    weights: Path
    classes: ClassTable
    max_pixels: int

    @property
    def outdated(self) -> bool:
        """Whether the classes have changed since: the values of a result would be read as other ones."""
        return self.workspace.classes.numbering != self.classes.numbering


class PredictionFlow(QObject):
    """One prediction at a time; `prediction` is that of the open image, or None."""

    changed = Signal()

    def __init__(
        self, context: Context, model: ModelChoice, keeper: SegmenterKeeper, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.prediction: Prediction | None = None
        self._context = context
        self._model = model
        self._keeper = keeper
        self._running: set[str] = set()
        context.document.loaded.connect(self._forget)

    def use_folder(self) -> None:
        """Another workspace: what was asked for in the old one comes to nothing."""
        self._running.clear()

    def predict(self) -> None:
        """Predict the open image; the result comes when it is ready, beneath what a person has set."""
        document = self._context.document
        work = self._work()
        if work is None or document.image is None or document.name in self._running:
            return
        name, image = document.name, document.image
        self._running.add(name)

        def done(result: tuple[Prediction, str]) -> None:
            self._running.discard(name)
            self._model.learn_device(work.weights, result[1])
            if work.outdated:
                self._again(work, name)
            else:
                self._arrived(work, name, result[0])

        def failed(failure: Failure) -> None:
            self._running.discard(name)
            self._context.tell_failure(failure)

        self._context.jobs.submit(
            "predict",
            Message("Predicting {name}", {"name": name}),
            lambda report: self._keeper.predict(work.weights, work.classes, image, report),
            done,
            failed,
            lambda: self._running.discard(name),
        )

    def predict_folder(self) -> None:
        """Predict every image that no person has corrected or labelled."""
        work = self._work()
        if work is None:
            return
        names = [entry.name for entry in self._context.folder.entries if entry.status not in REVIEWED]
        if not names:
            self._context.tell("info", Message("Every image here has been corrected or labelled; nothing to predict."))
            return
        self._context.jobs.submit(
            "predict",
            Message("Predicting {count} images", {"count": len(names)}),
            lambda report: self._predict_all(work, names, report),
            self._predicted_all,
        )

    def revert(self) -> None:
        """The stored prediction over everything, as an undoable edit."""
        document, workspace = self._context.document, self._context.workspace
        if document.image is None:
            return
        name = document.name
        if self.prediction is not None:
            document.restore()
            document.revert_to(self.prediction.label_map)
            return

        def done(label_map: object) -> None:
            if document.name != name or self._context.workspace is not workspace:
                return
            if label_map is None:
                self._context.tell("info", Message("This image has no prediction yet; press R to make one."))
                return
            document.restore()
            document.revert_to(label_map)

        self._context.jobs.submit(
            "files",
            Message("Reading the prediction"),
            lambda report: workspace.read_prediction_map(name, document.shape),
            done,
            quiet=True,
        )

    def _work(self) -> _Work | None:
        if self._context.workspace is None:
            return None
        if self._model.info is None:
            self._context.tell("warning", Message("There is no model yet; open weights, or train a new model."))
            return None
        workspace = self._context.workspace
        return _Work(workspace, self._model.info.path, workspace.classes, self._context.max_pixels)

    def _arrived(self, work: _Work, name: str, prediction: Prediction) -> None:
        """A result goes to its file, and on the screen when its image is still the open one."""
        if work.workspace is not self._context.workspace:
            return
        self._context.when_idle(lambda: self._show_if_open(work, name, prediction))
        self._context.jobs.submit(
            "files",
            Message("Saving the prediction of {name}", {"name": name}),
            lambda report: work.workspace.write_prediction(name, prediction),
            lambda entry: self._context.update_entry(name),
            quiet=True,
            cancellable=False,
        )

    def _again(self, work: _Work, name: str) -> None:
        """The image that is still looked at is predicted once more, with the classes as they are now."""
        if work.workspace is self._context.workspace and self._context.document.name == name:
            self.predict()

    def _show_if_open(self, work: _Work, name: str, prediction: Prediction) -> None:
        document = self._context.document
        here = work.workspace is self._context.workspace and document.name == name and not work.outdated
        if here and prediction.label_map.shape == document.shape:
            self._show(prediction)

    def _show(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self._context.document.apply_prediction(prediction.label_map)
        for notice in prediction.notices:
            self._context.tell("info", notice)
        self.changed.emit()

    def _predict_all(self, work: _Work, names: list[str], report: Report) -> list[Failure]:
        """In the prediction lane: again from where it was left when the classes change or the GPU fails."""
        failures: list[Failure] = []
        left, told = deque(names), _Told(self._context, self._several_predicted)
        try:
            while left:
                work = replace(work, classes=work.workspace.classes)
                try:
                    self._predict_some(work, left, failures, told, _part_of(report, names, left))
                except DeviceLost as error:
                    failures.append(failure_of(error))
        finally:
            told.send()
        return failures

    def _predict_some(
        self, work: _Work, left: deque[str], failures: list[Failure], told: _Told, report: Report
    ) -> None:
        """Image by image, several on their way; those that are done go from `left`."""

        def read(name: str) -> Image | None:
            entry = work.workspace.entry(name)
            return None if entry.status in REVIEWED else read_image(entry.path, work.max_pixels)

        def write(name: str, prediction: Prediction) -> bool:
            if work.outdated or work.workspace.entry(name).status in REVIEWED:
                return False
            work.workspace.write_prediction(name, prediction)
            return True

        report(Progress(0.0))
        results = self._keeper.predict_folder(work.weights, work.classes, tuple(left), read, write, report)
        with closing(results):
            for outcome, device in results:
                if outcome.error is None and not outcome.written and work.outdated:
                    return
                left.popleft()
                if outcome.error is not None:
                    failures.append(failure_of(outcome.error))
                elif outcome.written:
                    told.add(_Predicted(work, outcome.task, outcome.prediction, device))
                report(Progress(0.0))

    def _several_predicted(self, results: list[_Predicted]) -> None:
        """Some of the folder's results, already in their files."""
        for done in results:
            if done.work.workspace is self._context.workspace:
                self._context.update_entry(done.name)
                self._model.learn_device(done.work.weights, done.device)
                self._context.when_idle(lambda d=done: self._show_if_open(d.work, d.name, d.prediction))

    def _predicted_all(self, failures: list[Failure]) -> None:
        if failures:
            self._context.tell(
                "warning",
                Message(
                    "Images that could not be predicted: {count}; the first: {reason}",
                    {"count": len(failures), "reason": failures[0].message},
                ),
                "\n".join(str(failure.message) for failure in failures),
            )

    def _forget(self) -> None:
        self.prediction = None
        self.changed.emit()


@dataclass(frozen=True, eq=False)
class _Predicted:
    """One of the folder's results."""

    work: _Work
    name: str
    prediction: Prediction
    device: str


class _Told:
    """Results on their way from the prediction lane to the window: not one by one when a GPU makes hundreds a second."""

    def __init__(self, context: Context, tell: Callable[[list[_Predicted]], None]) -> None:
        self._post, self._tell = context.jobs.post, tell
        self._results: list[_Predicted] = []
        self._sent = 0.0

    def add(self, result: _Predicted) -> None:
        self._results.append(result)
        if time.monotonic() - self._sent > _SECONDS_BETWEEN_RESULTS:
            self.send()

    def send(self) -> None:
        if self._results:
            results, self._results, self._sent = self._results, [], time.monotonic()
            self._post(lambda: self._tell(results))


def _part_of(report: Report, names: Sequence[str], left: Sequence[str]) -> Report:
    """A report whose 0..1 is the share of the whole of that image of `names` which is the first of `left`."""

    def step(progress: Progress) -> None:
        count, index = len(names), len(names) - len(left)
        number = min(index + 1, count)
        values = {"name": names[number - 1], "index": number, "count": count}
        fraction = (index + (progress.fraction or 0.0)) / count
        report(Progress(min(fraction, 1.0), Message("{name}, {index} of {count}", values)))

    return step
