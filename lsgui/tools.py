"""The tool in the hand, and the kinds it can be."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from lsgui.accept_brush import AcceptBrush
from lsgui.box_tools import Ellipse, Rectangle, Select
from lsgui.brush import Brush, Eraser
from lsgui.document import Document
from lsgui.fill_tools import Fill, Picker, Wand
from lsgui.guided_brush import GuidedBrush
from lsgui.painting import PaintSettings
from lsgui.selection import Selection
from lsgui.shape_tools import Lasso, Polygon
from lsgui.smart_outline_tool import SmartOutline
from lsgui.superpixel_brush import SuperpixelBrush
from lsgui.threshold_tool import Threshold
from lsgui.tool import NO_MODIFIER, Idle, Kit, Outline, Tool, has

if TYPE_CHECKING:
    from lsgui.jobs import JobRunner
    from model.prediction import Prediction

__all__ = ["Outline", "Tool", "ToolBox"]


class ToolBox(QObject):
    """The tool in the hand: a `Tool` itself, which hands on to the kind that `painting.tool` names."""

    outline_changed = Signal()
    prediction_wanted = Signal()
    """A tool cannot work without the prediction of the open image."""
    said = Signal(object)
    """A Message for the status bar: why nothing happened."""

    def __init__(
        self,
        document: Document,
        painting: PaintSettings,
        parent: QObject | None = None,
        jobs: JobRunner | None = None,
        predictions: Callable[[], Prediction | None] = lambda: None,
    ) -> None:
        """`jobs` runs what takes its time, `predictions` gives that of the open image."""
        super().__init__(parent)
        self.painting = painting
        self.selection = Selection(document, self)
        self.scale = 1.0
        """Screen pixels per image pixel: whoever shows the image keeps it up to date."""
        self.kit = kit = Kit(
            document,
            painting,
            self.selection,
            jobs,
            predictions,
            self.prediction_wanted.emit,
            self.said.emit,
            self.outline_changed.emit,
            lambda: self.scale,
        )
        self.tools: dict[str, Tool] = {
            "brush": Brush(kit),
            "eraser": Eraser(kit),
            "guided": GuidedBrush(kit),
            "polygon": Polygon(kit),
            "lasso": Lasso(kit),
            "rectangle": Rectangle(kit),
            "ellipse": Ellipse(kit),
            "fill": Fill(kit),
            "wand": Wand(kit),
            "threshold": Threshold(kit),
            "outline": SmartOutline(kit),
            "superpixel": SuperpixelBrush(kit),
            "accept": AcceptBrush(kit),
            "select": Select(kit),
            "picker": Picker(kit),
        }
        self._idle = Idle(kit)
        self._held: Tool = self._chosen
        self._borrowed: Tool = self._idle
        self._pointed: tuple[float, float, Qt.KeyboardModifier] | None = None
        """Where the pointer was seen last, and what was held then."""
        self._told: Tool = self._chosen
        self.outline_changed.connect(self._tell_of_the_pointer)  # before anybody draws or says what it would do
        painting.changed.connect(self._settings_changed)
        painting.class_lost.connect(self.cancel)
        self.selection.changed.connect(self.outline_changed)

    @property
    def current(self) -> Tool:
        return self._borrowed if self._borrowed.active else self._chosen

    def borrow(self, tool: Tool) -> bool:
        """Another tool is in the hand for as long as it is active: a verb's, whose preview waits for Enter or Esc.

        False, and said why, while one still computes what is to stay.
        """
        working = self._committing()
        if working is not None and working is not tool:
            return not working.refuse()
        for other in {self._borrowed, self._chosen} - {tool}:
            other.settle()
            other.cancel()
        self._borrowed = tool
        return True

    def drop_preview(self) -> None:
        """Before something else happens to the image: what waits for Enter is taken back."""
        if self.current.waiting:
            self.cancel()

    def keep_preview(self) -> None:
        """Before the map is saved as it is seen: what waits for Enter stays."""
        if self.current.waiting:
            self.key(Qt.Key.Key_Return)

    def settle(self) -> None:
        """Before the image is left or saved: a stroke ends where it is, and a shape that could be finished is, unless it
        would only select.
        """
        self.current.let_go()
        if self.painting.shape_does != "select":
            self._chosen.settle()

    @property
    def active(self) -> bool:
        return self.current.active

    @property
    def cancellable(self) -> bool:
        """Esc ends something."""
        return (self._committing() or self.current).cancellable

    @property
    def has_corners(self) -> bool:
        """Backspace removes one."""
        return self.current.has_corners

    @property
    def computing(self) -> bool:
        """A tool is busy with what will stay, or is about to be shown."""
        return any(tool.busy for tool in self._all)

    @property
    def committing(self) -> bool:
        """A tool is busy with what will stay."""
        return self._committing() is not None

    def complete(self, seconds: float) -> bool:
        """Wait for what will stay, in this thread; False when it is not there after so many seconds."""
        deadline = time.monotonic() + seconds
        while (working := self._committing()) is not None and time.monotonic() < deadline:
            working.complete(deadline)
        return working is None

    def press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float = 1.0
    ) -> bool:
        taken = self._press(x, y, button, modifiers, pressure)
        self.outline_changed.emit()
        return taken

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER, pressure: float = 1.0) -> None:
        self._pointed = x, y, modifiers
        self.current.move(x, y, modifiers, pressure)
        self.outline_changed.emit()

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        self.current.release(x, y, button)
        self.outline_changed.emit()

    def double_click(self, x: float, y: float) -> bool:
        taken = self._committing() is None and self.current.double_click(x, y)
        self.outline_changed.emit()
        return taken

    def key(self, key: int) -> bool:
        working = self._committing()
        taken = (working or self.current).key(key)
        self.outline_changed.emit()
        return taken

    def undo(self) -> bool:
        """Take back the last step of a shape that is not finished; False when there is none."""
        taken = self.current.undo()
        self.outline_changed.emit()
        return taken

    def cancel(self) -> None:
        for tool in (self._committing(), self.current):
            if tool is not None:
                tool.cancel()
        self.outline_changed.emit()

    def outline(self) -> Outline | None:
        return self.current.outline()

    def start_sizing(self, x: float, y: float) -> bool:
        """From now on moves set the size of the brush, until `stop_sizing`. False when the tool has no size."""
        sized = not self.active and self._brush is not None
        if sized:
            self._brush.start_sizing(x, y)
            self.outline_changed.emit()
        return sized

    def stop_sizing(self) -> None:
        if self._brush is not None:
            self._brush.stop_sizing()
            self.outline_changed.emit()

    @property
    def _brush(self) -> Brush | None:
        return self.current if isinstance(self.current, Brush) else None

    def _press(
        self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier, pressure: float
    ) -> bool:
        working = self._committing()
        if working is not None and working is not self.current:
            return working.refuse()
        picks = button == Qt.MouseButton.LeftButton and has(modifiers, "AltModifier") and self.current.gives_way
        return (self.tools["picker"] if picks else self.current).press(x, y, button, modifiers, pressure)

    @property
    def _chosen(self) -> Tool:
        return self.tools.get(self.painting.tool, self._idle)

    @property
    def _all(self) -> tuple[Tool, ...]:
        return *self.tools.values(), self._borrowed

    def _committing(self) -> Tool | None:
        """The tool that still computes what is to stay."""
        return next((tool for tool in self._all if tool.committing), None)

    def _tell_of_the_pointer(self) -> None:
        """A tool that comes into the hand has not seen what happened to the pointer and the keys meanwhile."""
        if self.current is not self._told:
            self._told = self.current
            if self._pointed is not None:
                x, y, modifiers = self._pointed
                self._told.move(x, y, modifiers)

    def _settings_changed(self) -> None:
        left, self._held = self._held, self._chosen
        if left is not self._held:
            left.settle()
            for tool in (left, self._borrowed):
                if not tool.committing:
                    tool.cancel()
            self._held.chosen()
        self.outline_changed.emit()
