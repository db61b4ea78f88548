"""From the model to the label map: which images are predicted, and where the results go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.failures import Failure
from lsgui.folder_predicting import REVIEWED, FolderPredicting, Predicted, PredictionWork
from lsgui.jobs import Job, SegmenterKeeper
from lsgui.model_choice import ModelChoice, ModelInfo
from lsgui.translation import sentence
from lsgui.whole_edits import WholeEdits
from model.errors import CheckpointError
from model.images import Image
from model.messages import Message
from model.prediction import Prediction
from model.provenance import KEPT


class PredictionFlow(QObject):
    """One prediction at a time; `prediction` is that of the open image, or None."""

    changed = Signal()
    running_changed = Signal()

    def __init__(
        self,
        context: Context,
        model: ModelChoice,
        keeper: SegmenterKeeper,
        whole: WholeEdits,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.prediction: Prediction | None = None
        self._knows: list[str] = []
        """The uids of its classes."""
        self._context = context
        self._model = model
        self._keeper = keeper
        self._whole = whole
        self._folder = FolderPredicting(context, keeper, self._several_predicted, self._several_failed)
        self._running: dict[str, tuple[Job, Path]] = {}
        """The newest of each image, and its weights."""
        self._refused: tuple[ModelInfo | None, Message] | None = None
        """The model that could not answer, and what was said of it."""
        model.changed.connect(self._withdraw_refusal)
        context.document.loaded.connect(self._forget)
        context.document.undone_kept.connect(self._tell_of_what_was_undone)

    def use_folder(self) -> None:
        """Another workspace: what was asked for in the old one comes to nothing."""
        self._running.clear()
        self.running_changed.emit()

    def classes_changed(self) -> None:
        """A prediction that knows of a class that is gone would bring it back, where it is the next best."""
        classes = self._context.workspace.classes
        if self.prediction is not None and any(classes.by_uid(uid) is None for uid in self._knows):
            self._forget()

    def predict(self) -> None:
        """Predict the open image; the result comes when it is ready, beneath what a person has set."""
        document = self._context.document
        work = self._work()
        if work is None or document.image is None or self._is_asked(document.name, work):
            return
        name, image = document.name, document.image

        def stopped() -> None:
            if self._running.get(name, (None,))[0] is job:  # and not a newer one, or one of another folder
                del self._running[name]
            self.running_changed.emit()

        def done(result: tuple[Prediction, str]) -> None:
            stopped()
            self._model.learn_device(work.weights, result[1])
            if work.outdated or self._is_another(work, name, image):
                self._again(work, name)
            else:
                self._arrived(work, name, result[0])

        def failed(failure: Failure) -> None:
            stopped()
            self._context.tell_failure(failure)
            if isinstance(failure.error, CheckpointError):
                self._refused = self._model.info, failure.message

        job = self._context.jobs.submit(
            "predict",
            Message("Predicting {name}", {"name": name}),
            lambda report: self._keeper.predict(work.weights, work.classes, image, report),
            done,
            failed,
            stopped,
        )
        self._running[name] = job, work.weights
        self.running_changed.emit()

    @property
    def running(self) -> bool:
        """Whether a prediction of the open image is on its way."""
        return self._context.document.name in self._running

    def cancel(self) -> None:
        """That one; a folder's goes on."""
        if self.running:
            self._context.jobs.cancel(self._running[self._context.document.name][0].id)

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
            lambda report: self._folder.predict(work, names, report),
        )

    def revert(self) -> None:
        """The stored prediction over everything, as an undoable edit."""
        document, workspace = self._context.document, self._context.workspace
        if document.image is None:
            return
        name, shape = document.name, document.shape
        if self.prediction is not None:
            self._whole.revert(self.prediction.label_map)
            return

        def done(label_map: object) -> None:
            if document.name != name or self._context.workspace is not workspace:
                return
            if label_map is None:
                self._context.tell("info", Message("This image has no prediction yet; press R to make one."))
                return
            self._whole.revert(label_map)

        self._context.jobs.submit(
            "files",
            Message("Reading the prediction"),
            lambda report: workspace.read_prediction_map(name, shape),
            done,
            quiet=True,
        )

    def _work(self) -> PredictionWork | None:
        if self._context.workspace is None:
            return None
        self._model.look_again()
        if self._model.info is None:
            self._context.tell("warning", Message("There is no model yet; open weights, or train a new model."))
            return None
        workspace = self._context.workspace
        return PredictionWork(workspace, self._model.info.path, workspace.classes, self._context.max_pixels)

    def _is_asked(self, name: str, work: PredictionWork) -> bool:
        """Whether that prediction is on its way. One that is being cancelled is not; one of other weights is now."""
        if name not in self._running or self._running[name][0].cancelled.is_set():
            return False
        job, weights = self._running[name]
        if weights != work.weights:
            job.cancel()
        return weights == work.weights

    def _withdraw_refusal(self) -> None:
        """Once another model predicts, or this one knows more or less of another table."""
        if self._refused is None:
            return
        (of, message), now = self._refused, self._model.info
        if of is None or now is None or (now.path, now.missing) != (of.path, of.missing):
            self._refused = None
            self._context.withdraw(message)

    def _is_another(self, work: PredictionWork, name: str, image: Image) -> bool:
        """Whether the file that is open has been read again since, and shows something else."""
        document = self._context.document
        if work.workspace is not self._context.workspace or document.name != name or document.image is image:
            return False
        return not np.array_equal(document.image.pixels, image.pixels)

    def _arrived(self, work: PredictionWork, name: str, prediction: Prediction) -> None:
        """A result goes to its file, and on the screen when its image is still the open one."""
        if work.workspace is not self._context.workspace:
            return
        self._context.when_idle(lambda: self._show_if_open(work, name, prediction, asked=True))
        shown = self._context.document.name == name
        self._context.jobs.submit(
            "files",
            Message("Saving the prediction of {name}", {"name": name}),
            lambda report: None if work.outdated else work.workspace.write_prediction(name, prediction, shown),
            lambda entry: self._context.update_entry(name),
            quiet=True,
            cancellable=False,
        )

    def _again(self, work: PredictionWork, name: str) -> None:
        """The image that is still looked at is predicted once more, as it is now and with the classes of now."""
        if work.workspace is self._context.workspace and self._context.document.name == name:
            self.predict()

    def _show_if_open(self, work: PredictionWork, name: str, prediction: Prediction, asked: bool) -> None:
        """`asked`: somebody waits for this very image, and is told when nothing changes."""
        document = self._context.document
        here = work.workspace is self._context.workspace and document.name == name and not work.outdated
        if here and prediction.label_map.shape == document.shape:
            self._knows = [work.classes.by_value(value).uid for value in prediction.values]
            self._show(prediction, asked)

    def _show(self, prediction: Prediction, asked: bool) -> None:
        self.prediction = prediction
        before = self._context.document.seq

        def shown() -> None:
            for notice in prediction.notices:
                self._context.tell("info", notice)
            if asked and self._context.document.seq == before:
                counts = self._context.document.provenance_counts()
                by_hand = Message("The prediction changes nothing here; what a person has set stays.")
                same = Message("The prediction is the one that is shown already.")
                self._context.tell("info", by_hand if any(counts.get(who) for who in KEPT) else same)
            self.changed.emit()

        self._whole.predict(prediction.label_map, shown)

    def _several_predicted(self, results: list[Predicted]) -> None:
        """Some of the folder's results, already in their files."""
        for done in results:
            if done.work.workspace is self._context.workspace:
                self._context.update_entry(done.name)
                self._model.learn_device(done.work.weights, done.device)
                self._context.when_idle(lambda d=done: self._show_if_open(d.work, d.name, d.prediction, asked=False))

    def _several_failed(self, work: PredictionWork, failures: list[Failure]) -> None:
        if work.workspace is self._context.workspace:
            self._context.tell(
                "warning",
                Message(
                    "Images that could not be predicted: {count}; the first: {reason}",
                    {"count": len(failures), "reason": failures[0].message},
                ),
                "\n".join(sentence(failure.message) for failure in failures),
            )

    def _tell_of_what_was_undone(self) -> None:
        self._context.tell(
            "info", Message("What could be redone is kept in the history, before the prediction: undo leads to it.")
        )

    def _forget(self) -> None:
        self.prediction = None
        self.changed.emit()
