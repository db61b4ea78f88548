"""The tool in the hand, and the kinds it can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from lsgui.brush import Brush, Eraser
from lsgui.document import Document
from lsgui.painting import PaintSettings
from lsgui.shape_tools import FloodFill, Picker, Polygon
from lsgui.tool import NO_MODIFIER, Idle, Outline, Tool, has

if TYPE_CHECKING:
    from lsgui.jobs import JobRunner
    from model.prediction import Prediction

__all__ = ["Outline", "Tool", "ToolBox"]


class ToolBox(QObject):
    """The tool in the hand: a `Tool` itself, which hands on to the kind that `painting.tool` names."""

    outline_changed = Signal()

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
        self.tools: dict[str, Tool] = {
            "brush": Brush(document, painting),
            "eraser": Eraser(document, painting),
            "polygon": Polygon(document, painting),
            "fill": FloodFill(document, painting),
            "picker": Picker(document, painting),
        }
        self._idle = Idle(document, painting)
        self._held: Tool = self.current
        painting.changed.connect(self._settings_changed)

    @property
    def current(self) -> Tool:
        return self.tools.get(self.painting.tool, self._idle)

    @property
    def active(self) -> bool:
        return self.current.active

    def press(self, x: float, y: float, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier) -> bool:
        picks = has(modifiers, "AltModifier") and not self.active
        taken = (self.tools["picker"] if picks else self.current).press(x, y, button, modifiers)
        self.outline_changed.emit()
        return taken

    def move(self, x: float, y: float, modifiers: Qt.KeyboardModifier = NO_MODIFIER) -> None:
        self.current.move(x, y, modifiers)
        self.outline_changed.emit()

    def release(self, x: float, y: float, button: Qt.MouseButton) -> None:
        self.current.release(x, y, button)
        self.outline_changed.emit()

    def double_click(self, x: float, y: float) -> bool:
        taken = self.current.double_click(x, y)
        self.outline_changed.emit()
        return taken

    def key(self, key: int) -> bool:
        taken = self.current.key(key)
        self.outline_changed.emit()
        return taken

    def cancel(self) -> None:
        self.current.cancel()
        self.outline_changed.emit()

    def outline(self) -> Outline | None:
        return self.current.outline()

    def _settings_changed(self) -> None:
        if self._held is not self.current:
            self._held.cancel()
            self._held = self.current
        self.outline_changed.emit()
