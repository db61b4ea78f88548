"""Session: every verb of the user, and the state the window shows. Each verb's work is in the part it is about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.document import Document
from lsgui.folder import FolderModel
from lsgui.jobs import JobRunner
from lsgui.model_choice import ModelInfo
from lsgui.notices import Ask
from lsgui.painting import PaintSettings
from lsgui.saving import SavedState
from lsgui.session_parts import SessionParts
from lsgui.training_flow import MODEL_WEIGHT
from lsgui.training_state import TrainingState
from model.classes import ClassTable, default_table
from model.images import MAX_PIXELS
from model.options import FineTuneOptions
from model.prediction import Prediction
from model.runs import Run
from model.workspace import Workspace

SECONDS_TO_CLOSE = 5.0


class Session(QObject):
    """All of it lives in the GUI thread and returns at once; what takes time ends in one of the signals."""

    folder_left = Signal()
    """Another one is about to be shown."""
    folder_opened = Signal()
    folder_refreshed = Signal()
    image_opened = Signal()
    open_failed = Signal(str)
    """The image of this name could not be opened or left alone: `document.name` is still the open one."""
    entry_changed = Signal(str)
    classes_changed = Signal()
    model_changed = Signal()
    notice = Signal(object)
    notice_withdrawn = Signal(object)
    """The message of one that is not so any more."""
    saved_changed = Signal()
    training_changed = Signal()
    prediction_changed = Signal()
    predicting_changed = Signal()
    unsaved_found = Signal(object)
    """A list of Unsaved: images of the folder just opened that a crash left unsaved."""

    def __init__(
        self,
        ask: Ask,
        data_folder: Path,
        demo_weights: Path | None = None,
        device: str = "auto",
        max_pixels: int = MAX_PIXELS,
        parent: QObject | None = None,
    ) -> None:
        """`ask` answers questions; `data_folder` takes the workspaces of folders that cannot be written;
        `demo_weights` predict until a workspace has a model of its own."""
        super().__init__(parent)
        self._parts = SessionParts(ask, data_folder, demo_weights, device, max_pixels, self)
        self.shown, self.tools = self._parts.shown, self._parts.tools
        self._connect()

    @property
    def document(self) -> Document:
        return self._parts.context.document

    @property
    def workspace(self) -> Workspace | None:
        return self._parts.context.workspace

    @property
    def classes(self) -> ClassTable:
        """The workspace's table; the default one while no folder is open."""
        return self.workspace.classes if self.workspace is not None else default_table()

    @property
    def folder(self) -> FolderModel:
        return self._parts.context.folder

    @property
    def jobs(self) -> JobRunner:
        return self._parts.context.jobs

    @property
    def painting(self) -> PaintSettings:
        return self._parts.context.painting

    @property
    def training(self) -> TrainingState:
        return self._parts.training.state

    @property
    def model(self) -> ModelInfo | None:
        return self._parts.model.info

    @property
    def shipped_weights(self) -> Path | None:
        """Those that the program came with."""
        return self._parts.model.shipped

    @property
    def saved(self) -> SavedState:
        return self._parts.saving.state

    @property
    def prediction(self) -> Prediction | None:
        return self._parts.predicting.prediction

    @property
    def predicting(self) -> bool:
        """Whether a prediction is on its way: of the open image, or of the one that comes."""
        return self._parts.predicting.running or self._parts.opening.is_awaited

    def open_folder(self, path: Path, root: Path | None = None) -> None:
        self._once_kept(lambda: self._parts.folders.open_folder(path, root))

    def reload_folder(self) -> None:
        """Find the images that have come or gone since."""
        if self.workspace is not None:
            self.open_folder(self.workspace.folder, self.workspace.root)

    def open_file(self, path: Path) -> None:
        self._once_kept(lambda: self._parts.folders.open_file(path))

    def open_image(self, name: str) -> None:
        self._once_kept(lambda: self._parts.opening.open_image(name))

    def next_image(self) -> None:
        self._once_kept(lambda: self._parts.opening.step(1))

    def previous_image(self) -> None:
        self._once_kept(lambda: self._parts.opening.step(-1))

    def next_unreviewed(self) -> None:
        self._once_kept(self._parts.opening.next_unreviewed)

    def predict(self) -> None:
        """Of the image that the user is at, or has just gone to."""
        self._parts.opening.when_there(self._parts.predicting.predict)

    def cancel_prediction(self) -> None:
        """That of the image that the user is at, or has just gone to; a folder's goes on."""
        if self._parts.opening.is_awaited:
            self._parts.opening.await_nothing()
        else:
            self._parts.predicting.cancel()

    def predict_folder(self) -> None:
        self._parts.predicting.predict_folder()

    def save(self) -> None:
        """Write the map's file now instead of within seconds."""
        self._parts.maps.write()

    def save_label(self) -> None:
        """Make the open image training data, as it is seen: with what a verb shows that waits for Enter."""
        self.tools.keep_preview()
        self.tools.settle()
        self._once_kept(lambda: self._parts.labels.save(accepted=False))

    def withdraw_label(self) -> None:
        """The open image is training data no longer."""
        self.tools.settle()
        self._once_kept(self._parts.labels.withdraw)

    def accept(self) -> None:
        """Save as label, and go to the next image without one, or where the user has asked to go meanwhile."""
        if not self._parts.opening.under_way:
            self._parts.labels.save(accepted=True, then=lambda: self._parts.opening.under_way or self.next_unreviewed())

    def revert_to_prediction(self) -> None:
        self._parts.predicting.revert()

    def clear_map(self) -> None:
        self._parts.whole.clear()

    def fill_rest_with_background(self) -> None:
        """Every untouched pixel becomes background, set by a person."""
        self.tools.cancel()
        self._parts.whole.fill_rest()

    def accept_region(self) -> None:
        """What the model set in the selection, or everywhere, is a person's word; the labels stay."""
        self.tools.cancel()
        self._parts.whole.accept(self.tools.selection.region)

    def undo(self) -> None:
        """Take back the last corner of a shape, else the newest step: also one that is still worked out."""
        if not self.tools.undo():
            self._parts.whole.finish()
            self.document.undo()

    def undo_anywhere(self) -> None:
        """Take back the newest edit, in whichever image it was made."""
        self._once_kept(self._parts.undo_anywhere.undo)

    def clean(self, what: str) -> None:
        """Show the label map tidied, until Enter or Esc: `what` is smooth, fill-holes, remove-islands, keep-largest,
        grow or shrink."""
        self._parts.clean_up.start(what)

    def copy_from(self, step: int) -> None:
        """Take over the label map of the next (1) or previous (-1) image."""
        self._parts.neighbours.copy_from(step)

    def interpolate(self, all_between: bool = False) -> None:
        """Fill the open image, or every one between, from the labelled images before and after it."""
        self._parts.neighbours.interpolate(all_between)

    def recover(self, choices: Mapping[str, str]) -> None:
        """Image name -> restore or discard: what becomes of edits that a crash kept out of the maps; none of them with {}."""
        self._parts.recovery.recover(choices)

    def load_weights(self, path: Path) -> None:
        self._parts.model.load_weights(Path(path))

    def new_model(self, preset: str) -> None:
        self._parts.training.new_model(preset)

    def fine_tune(self, options: FineTuneOptions | None = None) -> None:
        self._once_kept(lambda: self._parts.training.start(options))

    def learn_from_unlabelled(self, wanted: bool) -> None:
        """Whether the next trainings look at images and pixels without a label, too."""
        self._parts.training.unlabelled = wanted

    def learn_from_model_labels(self, wanted: bool) -> None:
        """Whether trainings learn from what only the model has set in saved labels, too."""
        self._parts.training.model_labels = MODEL_WEIGHT if wanted else 0.0

    def resume_fine_tune(self) -> None:
        self._parts.training.resume()

    def finish_fine_tune(self) -> None:
        self._parts.training.finish()

    def stop_fine_tune(self) -> None:
        self._parts.training.stop()

    def use_run(self, run: Run) -> None:
        """Predict with this run's weights, and take it as the answer to a pending question."""
        if run.weights is not None:
            self._parts.training.use(run.weights)

    def use_shipped_model(self) -> None:
        """Likewise with the weights that the program came with."""
        if self.shipped_weights is not None:
            self._parts.training.use(self.shipped_weights)

    def keep_model(self) -> None:
        """The other answer: the finished run is not used."""
        self._parts.training.keep()

    def runs(self) -> list[Run]:
        return self._parts.training.runs()

    def set_classes(self, table: ClassTable) -> None:
        self._parts.classes.set_classes(table)

    def remove_class(self, uid: str) -> None:
        """Take a class out of the table, unless labels or corrections hold it."""
        self._parts.classes.remove(uid)

    def import_classes(self, path: Path) -> None:
        self._parts.classes.import_classes(path)

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        self._parts.importing.import_masks(paths)

    def cancel(self, job_id: int) -> None:
        self.jobs.cancel(job_id)

    def close(self) -> bool:
        """Finish what was asked for, save, stop everything and let go of the folder, within 5 s or when the user says so.

        False when the user chose to stay.
        """
        if not self._parts.training.may_end() or not self._parts.unfinished.done():
            return False
        self._parts.whole.finish()
        self.jobs.cancel_all()  # first, or saving would wait behind what is read or imported
        if not self._parts.saving.flush_now():
            return False
        deadline = time.monotonic() + SECONDS_TO_CLOSE
        self._parts.training.shut_down(SECONDS_TO_CLOSE - 1)
        self.jobs.shutdown(deadline - time.monotonic())
        self._parts.journalling.begin(None)
        self.document.close()
        if self.workspace is not None:
            self.workspace.close()
        self._parts.context.workspace = None
        return True

    def _once_kept(self, verb: Callable[[], None]) -> None:
        """What was asked for and is still worked out is awaited or done; a preview that nobody has kept is taken back."""
        self.tools.drop_preview()

        def go() -> None:
            self._parts.whole.finish()
            verb()

        if self.tools.committing:
            self._parts.context.when_idle(go)
        else:
            go()

    def _connect(self) -> None:
        parts = self._parts
        parts.context.notice.connect(self.notice)
        parts.context.withdrawn.connect(self.notice_withdrawn)
        parts.context.entry_changed.connect(self.entry_changed)
        parts.saving.changed.connect(self.saved_changed)
        parts.folders.opened.connect(self._folder_opened)
        parts.folders.refreshed.connect(self._folder_refreshed)
        parts.opening.opened.connect(self.image_opened)
        parts.opening.failed.connect(self.open_failed)
        parts.recovery.found.connect(self.unsaved_found)
        parts.model.changed.connect(self.model_changed)
        parts.predicting.changed.connect(self.prediction_changed)
        parts.predicting.running_changed.connect(self.predicting_changed)
        parts.opening.awaited_changed.connect(self.predicting_changed)
        parts.training.changed.connect(self.training_changed)
        parts.classes.changed.connect(self._classes_changed)
        self.tools.prediction_wanted.connect(self.predict)
        for leaving in (parts.opening.leaving, parts.folders.leaving):
            leaving.connect(self.tools.settle)

    def _folder_opened(self) -> None:
        self.folder_left.emit()
        self._parts.thumbnails.show(self.workspace)
        self._parts.undo_anywhere.use_folder()
        self._parts.predicting.use_folder()
        self._parts.model.use_folder()
        self._parts.training.use_folder()
        self.classes_changed.emit()
        self.folder_opened.emit()
        self._parts.recovery.look()

    def _folder_refreshed(self) -> None:
        """Files may have changed; everything else goes on."""
        self._parts.thumbnails.show(self.workspace)
        self._parts.model.look_again()
        self._parts.classes.look_again()
        self.folder_refreshed.emit()
        self._parts.recovery.look()

    def _classes_changed(self) -> None:
        self._parts.thumbnails.outdate_all()
        self._parts.model.classes_changed()
        self._parts.predicting.classes_changed()
        self.classes_changed.emit()
