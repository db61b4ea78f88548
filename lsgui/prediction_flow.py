"""From the active weights to the label map: which model predicts, for which images, and where its results go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.context import Context
from lsgui.jobs import Failure, SegmenterKeeper, failure_of
from model.checkpoint import CheckpointHeader, read_header
from model.classes import ClassTable
from model.errors import ModelError
from model.images import read_image
from model.messages import Message
from model.prediction import Prediction
from model.progress import Cancelled, Progress, Report
from model.runs import active_weights, set_active
from model.workspace import Status, Workspace

REVIEWED = (Status.CORRECTED, Status.LABELLED)
"""What a person has worked on: predicting the folder leaves it alone."""


@dataclass(frozen=True)
class ModelInfo:
    """The model that predicts. `device` is empty until it is loaded; `missing` names classes of the table it lacks."""

    name: str
    path: Path
    classes: ClassTable
    device: str = ""
    mean_dice: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Work:
    """Everything a prediction needs, none of it shared with the window."""

    workspace: Workspace
    weights: Path
    classes: ClassTable
    max_pixels: int


class PredictionFlow(QObject):
    """One prediction at a time; `prediction` is that of the open image, or None."""

    prediction_changed = Signal()
    model_changed = Signal()

    def __init__(self, context: Context, demo_weights: Path | None, device: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.prediction: Prediction | None = None
        self.model: ModelInfo | None = None
        self.keeper = SegmenterKeeper(device)
        self._context = context
        self._demo_weights = demo_weights
        self._running: set[str] = set()
        context.document.loaded.connect(self._forget)

    def use_folder(self) -> None:
        """Another workspace: take its active model, else the one the program came with."""
        self._running.clear()
        self.model = None
        active = active_weights(self._context.workspace.root)
        if not (active and self.use(active)) and self._demo_weights is not None:
            self.use(self._demo_weights)

    def use(self, weights: Path) -> bool:
        """Predict with these weights from now on; False and a notice when they cannot be used."""
        try:
            header = read_header(weights)
        except ModelError as error:
            self._context.tell_failure(failure_of(error))
            return False
        self._set_model(_info(weights, header, self._context.workspace.classes))
        return True

    def load_weights(self, path: Path) -> None:
        """Open a weights file, and remember it as this workspace's model."""
        if self._context.workspace is None:
            self._context.tell("info", Message("Open a folder of images first; the weights are remembered with it."))
            return
        if not self.use(path):
            return
        try:
            set_active(self._context.workspace.root, path)
        except OSError as error:
            self._context.tell_failure(failure_of(error))
        if self.model.missing:
            self._context.tell(
                "warning",
                Message(
                    "{name} does not know {classes}: it never predicts them until it has been fine-tuned on labels.",
                    {"name": self.model.name, "classes": ", ".join(self.model.missing)},
                ),
            )

    def classes_changed(self) -> None:
        """The table is another one: the model may know more or less of it."""
        if self.model is not None:
            self.use(self.model.path)

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
            self._learn_device(work, result[1])
            self._arrived(work, name, result[0])

        def failed(failure: Failure) -> None:
            self._running.discard(name)
            self._context.tell_failure(failure)

        self._context.jobs.submit(
            "predict",
            Message("Predicting {name}", {"name": name}),
            lambda report: self.keeper.predict(work.weights, work.classes, image, report),
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
        if self.model is None:
            self._context.tell("warning", Message("There is no model yet; open weights, or train a new model."))
            return None
        workspace = self._context.workspace
        return _Work(workspace, self.model.path, workspace.classes, self._context.max_pixels)

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

    def _show_if_open(self, work: _Work, name: str, prediction: Prediction) -> None:
        document = self._context.document
        here = work.workspace is self._context.workspace and document.name == name
        if here and prediction.label_map.shape == document.shape:
            self._show(prediction)

    def _show(self, prediction: Prediction) -> None:
        self.prediction = prediction
        self._context.document.apply_prediction(prediction.label_map)
        for notice in prediction.notices:
            self._context.tell("info", notice)
        self.prediction_changed.emit()

    def _predict_all(self, work: _Work, names: list[str], report: Report) -> list[Failure]:
        """In the prediction lane: image by image, each written before the next is begun."""
        failures = []
        for done, name in enumerate(names):
            entry = work.workspace.entry(name)
            if entry.status in REVIEWED:
                continue
            step = _part_of(report, done, len(names), name)
            step(Progress(0.0))
            try:
                image = read_image(entry.path, work.max_pixels)
                prediction, device = self.keeper.predict(work.weights, work.classes, image, step)
            except Cancelled:
                raise
            except ModelError as error:
                failures.append(failure_of(error))
                continue
            work.workspace.write_prediction(name, prediction)
            self._context.jobs.post(lambda n=name, p=prediction, d=device: self._one_predicted(work, n, p, d))
        return failures

    def _one_predicted(self, work: _Work, name: str, prediction: Prediction, device: str) -> None:
        """One of the folder's results, already in its file."""
        if work.workspace is self._context.workspace:
            self._context.update_entry(name)
            self._learn_device(work, device)
            self._context.when_idle(lambda: self._show_if_open(work, name, prediction))

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

    def _learn_device(self, work: _Work, device: str) -> None:
        if self.model is not None and self.model.path == work.weights and self.model.device != device:
            self._set_model(replace(self.model, device=device))

    def _set_model(self, info: ModelInfo) -> None:
        if self.model is not None and self.model.path == info.path and not info.device:
            info = replace(info, device=self.model.device)
        self.model = info
        self.model_changed.emit()

    def _forget(self) -> None:
        self.prediction = None
        self.prediction_changed.emit()


def _info(weights: Path, header: CheckpointHeader, classes: ClassTable) -> ModelInfo:
    missing = tuple(item.name for item in classes.classes if header.classes.by_uid(item.uid) is None)
    dice = header.metrics.get("mean_dice")
    return ModelInfo(
        header.name or weights.stem, weights, header.classes, "", float(dice) if dice is not None else None, missing
    )


def _part_of(report: Report, index: int, count: int, name: str) -> Report:
    """A report whose 0..1 is one image's share of the whole."""

    def step(progress: Progress) -> None:
        fraction = (index + (progress.fraction or 0.0)) / count
        report(
            Progress(
                fraction, Message("{name}, {index} of {count}", {"name": name, "index": index + 1, "count": count})
            )
        )

    return step
