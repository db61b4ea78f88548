"""Opening, importing and exporting: the file dialogs, and what follows them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from lsgui.assets import Assets
from lsgui.notices import Notice
from lsgui.session import Session
from lsgui.views.action_set import ActionSet
from model.messages import Message

translate = QCoreApplication.translate


class FileDialogs:
    """Each dialog starts in the folder that is open."""

    def __init__(self, window: QWidget, session: Session, assets: Assets) -> None:
        self._window = window
        self._session = session
        self._assets = assets

    def bind(self, actions: ActionSet) -> None:
        actions.bind("open-folder", self.open_folder)
        actions.bind("open-file", self.open_file)
        actions.bind("reload-folder", self._session.reload_folder)
        actions.bind("open-sample", lambda: self._session.open_folder(self._assets.sample))
        actions.by_id["open-sample"].setVisible(self._assets.sample.is_dir())
        actions.bind("import-masks", self.import_masks)
        actions.bind("import-mask-folder", self.import_mask_folder)
        actions.bind("import-classes", self.import_classes)
        actions.bind("export-classes", self.export_classes)
        actions.bind("open-weights", self.open_weights)

    def open_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self._window, translate("files", "Open folder"), self._start())
        if folder:
            self._session.open_folder(Path(folder))

    def open_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, translate("files", "Open file"), self._start())
        if path:
            self._session.open_file(Path(path))

    def import_masks(self) -> None:
        kinds = translate("files", "Masks (*.png *.tif *.tiff *.bmp)")
        paths, _ = QFileDialog.getOpenFileNames(self._window, translate("files", "Import masks"), self._start(), kinds)
        if paths:
            self._session.import_masks([Path(path) for path in paths])

    def import_mask_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self._window, translate("files", "Import a folder of masks"), self._start()
        )
        if folder:
            self._session.import_masks(Path(folder))

    def import_classes(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self._window, translate("files", "Import classes"), self._start(), translate("files", "Classes (*.json)")
        )
        if path:
            self._session.import_classes(Path(path))

    def export_classes(self) -> None:
        start = str(Path(self._start()) / "classes.json")
        path, _ = QFileDialog.getSaveFileName(
            self._window, translate("files", "Export classes"), start, translate("files", "Classes (*.json)")
        )
        if path:
            self.write_classes(Path(path))

    def write_classes(self, path: Path) -> None:
        try:
            self._session.classes.write(path)
        except OSError as error:
            reason = error.strerror or str(error)
            message = Message("{name} could not be written: {reason}.", {"name": path.name, "reason": reason})
            self._session.notice.emit(Notice("error", message))
            return
        self._session.notice.emit(Notice("info", Message("Classes written to {name}.", {"name": path.name})))

    def open_weights(self) -> None:
        kinds = translate("files", "Weights (*.safetensors)")
        path, _ = QFileDialog.getOpenFileName(self._window, translate("files", "Open weights"), self._start(), kinds)
        if path:
            self._session.load_weights(Path(path))

    def _start(self) -> str:
        workspace = self._session.workspace
        return str(workspace.folder if workspace else Path.home())
