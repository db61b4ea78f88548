"""What the tools paint with: tool, class, brush size, and which classes are protected."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from model.classes import ClassTable

SMALLEST_RADIUS, LARGEST_RADIUS = 0.5, 500.0
BACKGROUND = 0


class PaintSettings(QObject):
    """Class values are those of the workspace's table. Every setter emits `changed` when something did."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._tool = "brush"
        self._class_value = 1
        self._previous = BACKGROUND
        self._brush_radius = 10.0
        self._fill_contiguous = True
        self._locked: frozenset[int] = frozenset()
        self._protect_others = False
        self._values: tuple[int, ...] = (BACKGROUND, 1)

    @property
    def tool(self) -> str:
        """brush, eraser, polygon, fill, picker; or an id that the canvas knows, such as pan."""
        return self._tool

    @tool.setter
    def tool(self, tool: str) -> None:
        self._set("_tool", tool)

    @property
    def class_value(self) -> int:
        return self._class_value

    @class_value.setter
    def class_value(self, value: int) -> None:
        if value in self._values and value != self._class_value:
            self._previous = self._class_value
            self._set("_class_value", value)

    @property
    def previous(self) -> int:
        return self._previous

    @property
    def values(self) -> tuple[int, ...]:
        return self._values

    def set_classes(self, classes: ClassTable) -> None:
        """Follow a new table: a class that is gone is neither painted with nor locked."""
        self._values = tuple(classes.values)
        fallback = next((value for value in self._values if value != BACKGROUND), BACKGROUND)
        if self._class_value not in self._values:
            self._class_value = fallback
        if self._previous not in self._values:
            self._previous = BACKGROUND
        self._locked &= frozenset(self._values)
        self.changed.emit()

    def swap_with_background(self) -> None:
        """From a class to background, and from background back to the class before."""
        if self._class_value == BACKGROUND:
            self.class_value = self._previous
        else:
            self.class_value = BACKGROUND

    def step_class(self, step: int) -> None:
        """The next (1) or previous (-1) class of the table, round and round."""
        self.class_value = self._values[(self._values.index(self._class_value) + step) % len(self._values)]

    @property
    def brush_radius(self) -> float:
        """In image pixels; 0.5 paints single pixels."""
        return self._brush_radius

    @brush_radius.setter
    def brush_radius(self, radius: float) -> None:
        self._set("_brush_radius", min(max(float(radius), SMALLEST_RADIUS), LARGEST_RADIUS))

    def step_radius(self, step: int) -> None:
        """Larger (1) or smaller (-1): half a pixel at first, a tenth later, so that every size is near."""
        self.brush_radius = round(2 * (self._brush_radius + step * max(0.5, self._brush_radius * 0.1))) / 2

    @property
    def fill_contiguous(self) -> bool:
        """Fill takes the touching pixels of a label; when False, all of that label in the image."""
        return self._fill_contiguous

    @fill_contiguous.setter
    def fill_contiguous(self, contiguous: bool) -> None:
        self._set("_fill_contiguous", contiguous)

    @property
    def locked(self) -> frozenset[int]:
        """The classes locked one by one."""
        return self._locked

    def toggle_locked(self, value: int) -> None:
        self._set("_locked", self._locked ^ {value})

    @property
    def protect_others(self) -> bool:
        return self._protect_others

    @protect_others.setter
    def protect_others(self, protect: bool) -> None:
        self._set("_protect_others", protect)

    @property
    def protected(self) -> frozenset[int]:
        """Values no tool may paint over: the locked ones, and all but the current class while the others are protected.

        Background is only ever locked by hand: protecting it with the others would leave nothing to paint on.
        """
        if not self._protect_others:
            return self._locked
        return self._locked | (frozenset(self._values) - {self._class_value, BACKGROUND})

    def _set(self, field: str, value: object) -> None:
        if getattr(self, field) != value:
            setattr(self, field, value)
            self.changed.emit()
