"""What a session is made of: each part of it, made once, and what one part tells another."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from lsgui.class_changes import ClassChanges
from lsgui.clean_up import CleanUp
from lsgui.context import Context
from lsgui.folder import FolderFilter
from lsgui.folder_opening import FolderOpening
from lsgui.from_neighbours import FromNeighbours
from lsgui.importing import Importing
from lsgui.jobs import SegmenterKeeper
from lsgui.journalling import Journalling
from lsgui.label_saving import LabelSaving
from lsgui.late_maps import LateMaps
from lsgui.map_writing import MapWriting
from lsgui.model_choice import ModelChoice
from lsgui.notices import Ask
from lsgui.opening import Opening
from lsgui.prediction_flow import PredictionFlow
from lsgui.recovery import Recovery
from lsgui.saving import Saving
from lsgui.thumbnails import Thumbnails
from lsgui.tools import ToolBox
from lsgui.training_flow import TrainingFlow
from lsgui.undo_anywhere import UndoAnywhere
from lsgui.unfinished import Unfinished
from lsgui.watching import Watching
from lsgui.whole_edits import WholeEdits


class SessionParts(QObject):
    """Arguments as those of `Session`, whose own they are."""

    def __init__(
        self,
        ask: Ask,
        data_folder: Path,
        demo_weights: Path | None,
        device: str,
        max_pixels: int,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.context = context = Context(ask, data_folder, max_pixels, self)
        self.shown = FolderFilter(context.folder, self)
        self.tools = ToolBox(context.document, context.painting, self, context.jobs, lambda: self.predicting.prediction)
        self.unfinished = Unfinished(context, self.tools)
        self.clean_up = CleanUp(self.tools)
        self.neighbours = FromNeighbours(context, self.tools)
        self.thumbnails = Thumbnails(context.jobs, max_pixels, self)
        context.folder.picture, context.folder.problem = self.thumbnails.picture, self.thumbnails.problem
        self.journalling = Journalling(context, self)
        self.maps = MapWriting(context, self.journalling, self)
        self.saving = Saving(context, self.journalling, self.maps, self)
        self.whole = WholeEdits(context)
        self.labels = LabelSaving(context, self.maps, self.whole, self)
        self.opening = Opening(context, self.journalling, self.saving, self.maps, self.shown, self)
        self.late_maps = LateMaps(context, self.maps, self.opening, self)
        keeper = SegmenterKeeper(device)
        self.model = ModelChoice(context, demo_weights, self)
        self.predicting = PredictionFlow(context, self.model, keeper, self.whole, self)
        self.training = TrainingFlow(context, self.saving, self.model, keeper, self)
        self.folders = FolderOpening(context, self.journalling, self.saving, self.opening, self)
        self.undo_anywhere = UndoAnywhere(context, self.opening, self)
        self.recovery = Recovery(context, self.saving, self.maps, self.opening, self)
        self.watching = Watching(context, self.maps, self.opening, self)
        self.classes = ClassChanges(context, self.saving, self)
        self.importing = Importing(context, self.saving, self.opening, self.labels, self.classes, self)
        self._connect()

    def _connect(self) -> None:
        self.context.entry_changed.connect(self.thumbnails.outdate)
        self.context.entry_changed.connect(self.context.folder.picture_changed)
        self.opening.opened.connect(lambda: self.thumbnails.compare(self.context.document.name, self.opening.stamp))
        self.thumbnails.ready.connect(self.context.folder.picture_changed)
        self.watching.made_anew.connect(self.model.look_again)
        self.classes.removal.open_image_changed.connect(self.opening.reload)
