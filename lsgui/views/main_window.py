"""The window: puts its parts in their places, and asks before it closes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QCloseEvent, QIcon
from PySide6.QtWidgets import QMainWindow, QSplitter, QVBoxLayout, QWidget

from lsgui.assets import Assets
from lsgui.session import Session
from lsgui.views import bindings
from lsgui.views.action_set import ActionSet
from lsgui.views.appearance import Appearance
from lsgui.views.canvas import Canvas
from lsgui.views.canvas_area import CanvasArea
from lsgui.views.canvas_chips import CanvasChips
from lsgui.views.canvas_input import CanvasInput
from lsgui.views.class_commands import ClassCommands
from lsgui.views.class_panel import ClassPanel
from lsgui.views.display import Display
from lsgui.views.drop import DropTarget
from lsgui.views.file_dialogs import FileDialogs
from lsgui.views.folder_panel import FolderPanel
from lsgui.views.history_panel import HistoryPanel, HistoryPopup
from lsgui.views.layout_memory import LayoutMemory
from lsgui.views.notice_stack import NoticeStack
from lsgui.views.parts import column, row
from lsgui.views.preferences import Preferences
from lsgui.views.recent_menu import RecentMenu
from lsgui.views.recovery_dialog import RecoveryOffer
from lsgui.views.right_side import RightSide
from lsgui.views.status_bar import StatusBar
from lsgui.views.step_classes import StepClasses
from lsgui.views.tool_options import ToolOptions
from lsgui.views.tool_outline import ToolOutline
from lsgui.views.tool_strip import ToolStrip
from lsgui.views.top_bar import TopBar
from lsgui.views.training_panel import LINE_HEIGHT, OPEN_HEIGHT, TrainingPanel
from lsgui.views.window_commands import WindowCommands
from lsgui.views.window_panel import WindowPanel


class MainWindow(QMainWindow):
    """Holds no state of its own: the session, the display and the preferences outlive it."""

    def __init__(
        self,
        session: Session,
        display: Display,
        appearance: Appearance,
        preferences: Preferences,
        assets: Assets,
        log: Path,
    ) -> None:
        super().__init__()
        self._session = session
        self._preferences = preferences
        self._appearance = appearance
        self._handed_over = False
        self.setWindowTitle(self.tr("Lightning Segmenter"))
        self.setWindowIcon(QIcon(str(assets.app_icon)))
        self.actions_ = ActionSet(self, appearance)
        by_id = self.actions_.by_id
        self.outline = ToolOutline(session.tools)
        self.canvas = Canvas(session.document, display, appearance, self.outline, session.jobs)
        self.input = CanvasInput(self.canvas, session.tools, display, self.outline)
        self.chips = CanvasChips(self.canvas, session, display)
        self.folder = FolderPanel(session, appearance)
        self.classes = ClassPanel(session, display, appearance, by_id)
        self._step_classes = StepClasses(session, self)
        self.history = HistoryPanel(session.document, self._step_classes, appearance, by_id["panel-history"])
        self.options = ToolOptions(session, display, appearance, by_id)
        self.window_panel = WindowPanel(session.document, display, appearance)
        self.training = TrainingPanel(session, appearance, preferences, by_id)
        self.status = StatusBar(session, display, appearance)
        self.strip = ToolStrip(by_id, appearance)
        self.top = TopBar(by_id, display, appearance)
        files = FileDialogs(self, session, assets)
        files.bind(self.actions_)
        self.area = CanvasArea(self.canvas, session, appearance, preferences, by_id)
        self.right = RightSide(self.classes, self.history, self.options, self.window_panel)
        panels = {
            "images": self.folder,
            "classes": self.right,
            "training": self.training,
            "history": self.history,
        }
        self.commands = WindowCommands(self, panels, appearance, preferences, log)
        self._splitters = self._place()
        self.notices = NoticeStack(appearance, self.area)
        self._bind(display, appearance)
        self.actions_.fill(self.menuBar(), {"open-file": RecentMenu(session, appearance, preferences, self)})
        self.layout_memory = LayoutMemory(self, self._splitters, preferences)
        self.layout_memory.restore()
        self._fit_training(self._splitters["down"])
        DropTarget(self, session)

    def hand_over(self) -> None:
        """Close for another window over the same session."""
        self._handed_over = True
        self.close()
        self.deleteLater()

    def changeEvent(self, event: QEvent) -> None:
        """The system has ways of its own to full screen and back, and a window may come back in it."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_.by_id["full-screen"].setChecked(self.isFullScreen())

    def closeEvent(self, event: QCloseEvent) -> None:
        self.layout_memory.remember()
        if self._handed_over or self._session.close():
            event.accept()
        else:
            event.ignore()

    def _bind(self, display: Display, appearance: Appearance) -> None:
        session, actions = self._session, self.actions_
        bindings.bind_edit(actions, session)
        bindings.bind_view(actions, self.canvas, display)
        bindings.bind_tools(actions, session)
        bindings.bind_label(actions, session)
        bindings.bind_model(actions, session)
        bindings.bind_learning(actions, self._preferences)
        bindings.bind_availability(actions, session)
        ClassCommands(self, session, appearance).bind(actions)
        self.commands.bind(actions)
        actions.bind("search", self.folder.focus_search)
        self.folder.search_left.connect(self._leave_search)
        actions.bind("history", self._show_history)
        self.status.history_wanted.connect(self._show_history)
        self.input.pointed.connect(self.status.show_point)
        session.classes_changed.connect(self._show_classes)
        session.notice.connect(self.notices.add)
        session.notice_withdrawn.connect(self.notices.withdraw)
        session.folder_left.connect(self.notices.clear)
        RecoveryOffer(session, self)
        session.document.loaded.connect(self._name_window)
        self._show_classes()
        self._name_window()

    def _leave_search(self) -> None:
        (self.canvas if self.canvas.isVisible() else self.folder.list).setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_history(self) -> None:
        """Above the status bar, where its size stands."""
        place = self.status.undo if self.status.undo.isVisible() else self.status
        corner = self.status.mapToGlobal(QPoint(place.geometry().right() + 1, 0))
        HistoryPopup(self._session.document, self._step_classes, self._appearance, self).show_above(corner)

    def _show_classes(self) -> None:
        self.canvas.set_classes(self._session.classes)
        self.outline.set_classes(self._session.classes)

    def _name_window(self) -> None:
        name = self._session.document.name
        program = self.tr("Lightning Segmenter")
        self.setWindowTitle(f"{name} · {program}" if name else program)

    def _place(self) -> dict[str, QSplitter]:
        """Across: folder, middle, classes. The middle holds the canvas above fine-tuning, beside the tools."""
        down = _splitter(Qt.Orientation.Vertical, (self.area, self.training), (900, LINE_HEIGHT), 0)
        middle = QWidget()
        beside = row(middle, spacing=0)
        beside.addWidget(self.strip)
        beside.addWidget(down, 1)
        across = _splitter(Qt.Orientation.Horizontal, (self.folder, middle, self.right), (256, 1108, 316), 1)
        self.folder.setMinimumWidth(220)
        self.training.opened.connect(lambda wide: self._fit_training(down))
        whole = QWidget()
        layout: QVBoxLayout = column(whole, spacing=0)
        layout.addWidget(self.top)
        layout.addWidget(across, 1)
        layout.addWidget(self.status)
        self.setCentralWidget(whole)
        return {"across": across, "down": down}

    def _fit_training(self, down: QSplitter) -> None:
        """Fine-tuning takes one line, or the room it had last, or what the pictures give it."""
        remembered = self._preferences.settings.splitters.get("down", [])
        wanted = remembered[1] if len(remembered) == 2 and remembered[1] >= OPEN_HEIGHT else TRAINING_HEIGHT
        whole = sum(down.sizes())
        wanted = max(OPEN_HEIGHT, min(wanted, whole // MOST_OF_THE_MIDDLE))
        height = wanted if self.training.wide else LINE_HEIGHT
        down.setSizes([max(1, whole - height), height])


TRAINING_HEIGHT = 215
MOST_OF_THE_MIDDLE = 3
"""Fine-tuning opens with no more than this part of the height: on a small screen the image needs the room."""


def _splitter(direction: Qt.Orientation, parts: tuple[QWidget, ...], sizes: tuple[int, ...], growing: int) -> QSplitter:
    made = QSplitter(direction)
    made.setHandleWidth(1)
    made.setChildrenCollapsible(False)
    for part in parts:
        made.addWidget(part)
    made.setStretchFactor(growing, 1)
    made.setSizes(list(sizes))
    return made
