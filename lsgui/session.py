"""Session: every verb of the user, and the state the window shows. Each verb's work is in the part it is about."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from lsgui.class_changes import ClassChanges
from lsgui.clean_up import CleanUp
from lsgui.context import Context
from lsgui.document import Document
from lsgui.folder import FolderFilter, FolderModel
from lsgui.folder_opening import FolderOpening
from lsgui.from_neighbours import FromNeighbours
from lsgui.importing import Importing
from lsgui.jobs import JobRunner, SegmenterKeeper
from lsgui.journalling import Journalling
from lsgui.label_saving import LabelSaving
from lsgui.map_writing import MapWriting
from lsgui.model_choice import ModelChoice, ModelInfo
from lsgui.notices import Ask
from lsgui.opening import Opening
from lsgui.painting import PaintSettings
from lsgui.prediction_flow import PredictionFlow
from lsgui.recovery import Recovery
from lsgui.saving import SavedState, Saving
from lsgui.thumbnails import Thumbnails
from lsgui.tools import ToolBox
from lsgui.training_flow import MODEL_WEIGHT, TrainingFlow
from lsgui.training_state import TrainingState
from lsgui.undo_anywhere import UndoAnywhere
from lsgui.watching import Watching
from lsgui.whole_edits import WholeEdits
from model.classes import ClassTable, default_table
from model.images import MAX_PIXELS
from model.options import FineTuneOptions
from model.prediction import Prediction
from model.runs import Run
from model.workspace import Workspace

SECONDS_TO_CLOSE = 5.0


class Session(QObject):
    """All of it lives in the GUI thread and returns at once; what takes time ends in one of the signals."""

    folder_opened = Signal()
    image_opened = Signal()
    open_failed = Signal(str)
    """The image of this name could not be opened or left alone: `document.name` is still the open one."""
    entry_changed = Signal(str)
    classes_changed = Signal()
    model_changed = Signal()
    notice = Signal(object)
    saved_changed = Signal()
    training_changed = Signal()
    prediction_changed = Signal()
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
        self._context = Context(ask, data_folder, max_pixels, self)
        self.shown = FolderFilter(self.folder, self)
        self.tools = ToolBox(self.document, self.painting, self, self.jobs, lambda: self.prediction)
        self._clean_up = CleanUp(self.tools)
        self._neighbours = FromNeighbours(self._context, self.tools)
        self._thumbnails = Thumbnails(self.jobs, max_pixels, self)
        self.folder.picture, self.folder.problem = self._thumbnails.picture, self._thumbnails.problem
        self._journalling = Journalling(self._context, self)
        self._maps = MapWriting(self._context, self._journalling, self)
        self._saving = Saving(self._context, self._journalling, self._maps, self)
        self._whole = WholeEdits(self._context)
        self._labels = LabelSaving(self._context, self._maps, self._whole, self)
        self._opening = Opening(self._context, self._journalling, self._saving, self._maps, self.shown, self)
        keeper = SegmenterKeeper(device)
        self._model = ModelChoice(self._context, demo_weights, self)
        self._predicting = PredictionFlow(self._context, self._model, keeper, self._whole, self)
        self._training = TrainingFlow(self._context, self._saving, self._model, keeper, self)
        self._folders = FolderOpening(self._context, self._journalling, self._saving, self._opening, self)
        self._undo_anywhere = UndoAnywhere(self._context, self._opening, self)
        self._recovery = Recovery(self._context, self._saving, self._maps, self._opening, self)
        self._watching = Watching(self._context, self._maps, self._opening, self)
        self._classes = ClassChanges(self._context, self._saving, self)
        self._importing = Importing(self._context, self._saving, self._opening, self._classes, self)
        self._connect()

    @property
    def document(self) -> Document:
        return self._context.document

    @property
    def workspace(self) -> Workspace | None:
        return self._context.workspace

    @property
    def classes(self) -> ClassTable:
        """The workspace's table; the default one while no folder is open."""
        return self.workspace.classes if self.workspace is not None else default_table()

    @property
    def folder(self) -> FolderModel:
        return self._context.folder

    @property
    def jobs(self) -> JobRunner:
        return self._context.jobs

    @property
    def painting(self) -> PaintSettings:
        return self._context.painting

    @property
    def training(self) -> TrainingState:
        return self._training.state

    @property
    def model(self) -> ModelInfo | None:
        return self._model.info

    @property
    def saved(self) -> SavedState:
        return self._saving.state

    @property
    def prediction(self) -> Prediction | None:
        return self._predicting.prediction

    def open_folder(self, path: Path, root: Path | None = None) -> None:
        self._once_kept(lambda: self._folders.open_folder(path, root))

    def open_file(self, path: Path) -> None:
        self._once_kept(lambda: self._folders.open_file(path))

    def open_image(self, name: str) -> None:
        self._once_kept(lambda: self._opening.open_image(name))

    def next_image(self) -> None:
        self._once_kept(lambda: self._opening.step(1))

    def previous_image(self) -> None:
        self._once_kept(lambda: self._opening.step(-1))

    def next_unreviewed(self) -> None:
        self._once_kept(self._opening.next_unreviewed)

    def predict(self) -> None:
        self._predicting.predict()

    def predict_folder(self) -> None:
        self._predicting.predict_folder()

    def save(self) -> None:
        """Write the map's file now instead of within seconds."""
        self._maps.write()

    def save_label(self) -> None:
        """Make the open image training data."""
        self._once_kept(lambda: self._labels.save(accepted=False))

    def accept(self) -> None:
        """Save as label, and go to the next image without one, or where the user has asked to go meanwhile."""
        if not self._opening.under_way:
            self._labels.save(accepted=True, then=lambda: self._opening.under_way or self.next_unreviewed())

    def revert_to_prediction(self) -> None:
        self._predicting.revert()

    def clear_map(self) -> None:
        self._whole.clear()

    def fill_rest_with_background(self) -> None:
        """Every untouched pixel becomes background, set by a person."""
        self.tools.cancel()
        self._whole.fill_rest()

    def accept_region(self) -> None:
        """What the model set in the selection, or everywhere, is a person's word; the labels stay."""
        self.tools.cancel()
        self._whole.accept(self.tools.selection.region)

    def undo(self) -> None:
        """Take back the last corner of a shape, else the newest step: also one that is still worked out."""
        if not self.tools.undo():
            self._whole.finish()
            self.document.undo()

    def undo_anywhere(self) -> None:
        """Take back the newest edit, in whichever image it was made."""
        self._once_kept(self._undo_anywhere.undo)

    def clean(self, what: str) -> None:
        """Show the label map tidied, until Enter or Esc: `what` is smooth, fill-holes, remove-islands, keep-largest,
        grow or shrink."""
        self._clean_up.start(what)

    def copy_from(self, step: int) -> None:
        """Take over the label map of the next (1) or previous (-1) image."""
        self._neighbours.copy_from(step)

    def interpolate(self, all_between: bool = False) -> None:
        """Fill the open image, or every one between, from the labelled images before and after it."""
        self._neighbours.interpolate(all_between)

    def recover(self, choices: Mapping[str, str]) -> None:
        """Image name -> restore or discard: what becomes of edits that a crash kept out of the maps."""
        self._recovery.recover(choices)

    def load_weights(self, path: Path) -> None:
        self._model.load_weights(Path(path))

    def new_model(self, preset: str) -> None:
        self._training.new_model(preset)

    def fine_tune(self, options: FineTuneOptions | None = None) -> None:
        self._once_kept(lambda: self._training.start(options))

    def learn_from_unlabelled(self, wanted: bool) -> None:
        """Whether the next trainings look at images and pixels without a label, too."""
        self._training.unlabelled = wanted

    def learn_from_model_labels(self, wanted: bool) -> None:
        """Whether trainings learn from what only the model has set in saved labels, too."""
        self._training.model_labels = MODEL_WEIGHT if wanted else 0.0

    def resume_fine_tune(self) -> None:
        self._training.resume()

    def stop_fine_tune(self) -> None:
        self._training.stop()

    def use_run(self, run: Run) -> None:
        """Predict with this run's weights, and take it as the answer to a pending question."""
        self._training.use(run)

    def keep_model(self) -> None:
        """The other answer: the finished run is not used."""
        self._training.keep()

    def runs(self) -> list[Run]:
        return self._training.runs()

    def set_classes(self, table: ClassTable) -> None:
        self._classes.set_classes(table)

    def import_classes(self, path: Path) -> None:
        self._classes.import_classes(path)

    def import_masks(self, paths: Path | Sequence[Path]) -> None:
        self._importing.import_masks(paths)

    def cancel(self, job_id: int) -> None:
        self.jobs.cancel(job_id)

    def close(self) -> bool:
        """Save, stop everything and let go of the folder, within 5 s; False when the user chose to stay."""
        self.tools.cancel()
        self._whole.finish()
        self.jobs.cancel_all()  # first, or saving would wait behind what is read or imported
        if not self._saving.flush_now():
            return False
        deadline = time.monotonic() + SECONDS_TO_CLOSE
        self._training.shut_down(SECONDS_TO_CLOSE - 1)
        self.jobs.shutdown(deadline - time.monotonic())
        self._journalling.begin(None)
        self.document.close()
        if self.workspace is not None:
            self.workspace.close()
        self._context.workspace = None
        return True

    def _once_kept(self, verb: Callable[[], None]) -> None:
        """What was asked for and is still worked out is awaited or done; a preview that nobody has kept is taken back."""
        self.tools.drop_preview()

        def go() -> None:
            self._whole.finish()
            verb()

        if self.tools.committing:
            self._context.when_idle(go)
        else:
            go()

    def _connect(self) -> None:
        self._context.notice.connect(self.notice)
        self._context.entry_changed.connect(self._thumbnails.outdate)
        self._context.entry_changed.connect(self.folder.picture_changed)
        self._context.entry_changed.connect(self.entry_changed)
        self._thumbnails.ready.connect(self.folder.picture_changed)
        self._saving.changed.connect(self.saved_changed)
        self._folders.opened.connect(self._folder_opened)
        self._opening.opened.connect(self.image_opened)
        self._recovery.found.connect(self.unsaved_found)
        self._opening.failed.connect(self.open_failed)
        self._model.changed.connect(self.model_changed)
        self._predicting.changed.connect(self.prediction_changed)
        self.tools.prediction_wanted.connect(self.predict)
        self._training.changed.connect(self.training_changed)
        self._classes.changed.connect(self._classes_changed)
        self._classes.maps_changed.connect(self._opening.reload)

    def _folder_opened(self) -> None:
        self._thumbnails.show(self.workspace)
        self._undo_anywhere.use_folder()
        self._predicting.use_folder()
        self._model.use_folder()
        self._training.use_folder()
        self.classes_changed.emit()
        self.folder_opened.emit()
        self._recovery.look()

    def _classes_changed(self) -> None:
        self._thumbnails.outdate_all()
        self._model.classes_changed()
        self.classes_changed.emit()
